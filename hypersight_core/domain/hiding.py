"""Who may be hidden behind whom: cameras look down, so who stands lower on the picture is nearer."""

import numpy as np

from hypersight_core.domain.motion import POINT_VARS, POINTS, Motion
from hypersight_core.domain.tracks import Floats, Ints, TrackingSettings, Tracks


def hidden_shares(
    rows: Ints, tracks: Tracks, now: Motion, last_at: float, settings: TrackingSettings
) -> Floats:
    """Return how much of the boxes of some persons one nearer person should cover.

    Only who is sure to be there covers others: confirmed, and seen a moment ago. The less is known
    where that person is by now, against the width of its box, the less it counts.

    Args:
        rows: shape `(k,)`: whose boxes.
        now: where all tracks should be.
        last_at: time of the frame before; NaN when that is not known, and nobody is hidden.

    Returns:
        Shape `(k,)`, in [0, 1].
    """
    is_there = (last_at - tracks.seen_at <= settings.hiding_s) & (tracks.hits >= settings.confirm_hits)
    front = is_there.nonzero()[0]
    if not len(front):
        return np.zeros(len(rows))
    half = 0.5 * tracks.sizes[0]
    low = now[POINTS] - np.stack([half, settings.handle * tracks.sizes[1]])
    high = low + tracks.sizes
    is_in_front = high[1, front] > high[1, rows, None]
    is_in_front &= (high[0, front] > low[0, rows, None]) & (low[0, front] < high[0, rows, None])
    places, nearer = is_in_front.nonzero()
    farther, nearer = rows[places], front[nearer]
    overlap = np.minimum(high[:, farther], high[:, nearer]) - np.maximum(low[:, farther], low[:, nearer])
    covered = (overlap.clip(0.0) / tracks.sizes[:, farther]).prod(axis=0)
    certainty = 1.0 / (1.0 + now[POINT_VARS, 0, nearer] / half[nearer] ** 2)
    shares = np.zeros(len(rows))
    np.maximum.at(shares, places, covered * certainty)
    return shares
