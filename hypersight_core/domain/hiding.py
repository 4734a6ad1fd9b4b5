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
    is_there = (last_at - tracks.seen_at <= settings.hiding_s) & tracks.is_confirmed(settings)
    front = is_there.nonzero()[0]
    if not len(front):
        return np.zeros(len(rows))
    low = now[POINTS] - tracks.sizes * np.array([[0.5], [settings.handle]])
    high = low + tracks.sizes
    (left, _), (right, bottom) = low, high
    is_in_front = bottom.take(front) > bottom.take(rows)[:, None]
    is_in_front &= right.take(front) > left.take(rows)[:, None]
    is_in_front &= left.take(front) < right.take(rows)[:, None]
    shares = np.zeros(len(rows))
    places, nearer = is_in_front.nonzero()
    if not len(places):
        return shares
    farther, nearer = rows[places], front[nearer]
    end = np.minimum(high.take(farther, axis=1), high.take(nearer, axis=1))
    start = np.maximum(low.take(farther, axis=1), low.take(nearer, axis=1))
    across, along = np.maximum(end - start, 0.0) / tracks.sizes.take(farther, axis=1)
    half = 0.5 * tracks.sizes[0].take(nearer)
    certainty = 1.0 / (1.0 + now[POINT_VARS, 0].take(nearer) / half**2)
    np.maximum.at(shares, places, across * along * certainty)
    return shares
