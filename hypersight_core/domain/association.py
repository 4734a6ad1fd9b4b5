"""Which detection belongs to which track: the likeliest pairs, all tracks together.

Association is by likelihood under a motion model with real time steps, not by overlap: at one or
two frames a second the boxes of a walking person no longer overlap.
"""

import math
from collections.abc import Sequence

import numpy as np

from hypersight_core.domain.assignment import Pair, assign
from hypersight_core.domain.hiding import hidden_shares
from hypersight_core.domain.motion import POINT_VARS, POINTS
from hypersight_core.domain.tracks import Floats, Found, Ints, Now, TrackingSettings, Tracks

OPEN = -1
"""In place of a detection: none."""
SHORTEST_STEP_S, LONGEST_WAIT_S = 0.04, 2.0
"""Between frames: beyond these the limit of a pair changes no more."""
ROUNDING = 1.0 + 1e-6
"""So much farther than necessary is looked for neighbours: no pair may be lost to rounding."""


class Association:
    """Pairs the tracks with the detections of one frame.

    Args:
        now: what they should be like by now.
        last_at: time of the frame before; NaN when that is not known.
    """

    def __init__(self, tracks: Tracks, now: Now, last_at: float, settings: TrackingSettings) -> None:
        self._tracks, self._now, self._settings = tracks, now, settings
        self._last_at = last_at
        self._size_noise = settings.motion.size_measured**2
        self._size_vars = now.size_vars + self._size_noise
        """Of the logarithm of the height of the box that a track may take."""

    def columns(self, found: Found) -> Ints:
        """Return the detection of each track, or `OPEN`: strong ones first, weak ones for who is left."""
        is_strong = found.is_strong.tolist()
        limit = self._limit()
        pairs = self._pairs(found, limit) if is_strong else []
        strong = [pair for pair in pairs if is_strong[pair[1]]]
        column_of = assign(strong, limit)
        self._put_nearer_first(column_of, strong)
        taken = set(column_of.values())
        left = [pair for pair in pairs if pair[0] not in column_of and pair[1] not in taken]
        if left:
            column_of |= assign(left, limit)
        return np.array([column_of.get(row, OPEN) for row in range(len(self._tracks))], dtype=np.int64)

    def _put_nearer_first(self, column_of: dict[int, int], pairs: Sequence[Pair]) -> None:
        """Let who is left without a detection take that of a person it hides: that one cannot be seen.

        This only chooses between the two. As a part of the costs it would keep hidden persons from
        being found at all, or make everybody take whatever is left.
        """
        most = self._settings.hidden_penalty
        left = [pair for pair in pairs if pair[0] not in column_of]
        if not left:
            return
        owned = {column: (row, cost) for row, column, cost in pairs if column_of.get(row) == column}
        rivals = [pair for pair in left if pair[1] in owned and pair[2] < owned[pair[1]][1] + most]
        if not rivals:
            return
        rows = sorted({row for row, _, _ in rivals} | {owned[column][0] for _, column, _ in rivals})
        shares = hidden_shares(np.array(rows), self._tracks, self._now.motion, self._last_at, self._settings)
        dearer = dict(zip(rows, (most * shares).tolist(), strict=True))
        for row, column, cost in sorted(rivals, key=lambda pair: (pair[2] + dearer[pair[0]], pair)):
            owner, price = owned[column]
            if row not in column_of and cost + dearer[row] < price + dearer[owner]:
                del column_of[owner]
                column_of[row], owned[column] = column, (row, cost)

    def _limit(self) -> float:
        settings, step_s = self._settings, self._now.at_s - self._last_at
        if math.isnan(step_s):
            return settings.limit
        return settings.limit + settings.limit_growth * math.log(
            min(max(step_s, SHORTEST_STEP_S), LONGEST_WAIT_S)
        )

    def _pairs(self, found: Found, limit: float) -> Sequence[Pair]:
        """Return the pairs within the cut whose negative log-likelihood is below the limit."""
        settings = self._settings
        rows, columns = self._neighbours(found)
        heights, tall = self._tracks.sizes[1].take(rows), found.sizes[1].take(columns)
        noise = settings.motion.measured**2 * (heights * tall)
        points, point_vars = self._now.motion[: POINT_VARS + 1].take(rows, axis=2)
        spread = point_vars + noise
        gap = found.points.take(columns, axis=1) - points
        share = gap * gap / spread
        size_vars = self._size_vars.take(rows)
        distance = share[0] + share[1] + np.log(tall / heights) ** 2 / size_vars
        vagueness = np.log(spread[0] * spread[1] / (noise * noise) * (size_vars / self._size_noise))
        costs = 0.5 * (distance + vagueness) + self._penalties().take(rows)
        chosen = ((costs < limit) & (distance < settings.cut)).nonzero()[0]
        return list(zip(*[values.take(chosen).tolist() for values in (rows, columns, costs)], strict=True))

    def _neighbours(self, found: Found) -> tuple[Ints, Ints]:
        """Return rows and columns of all pairs that may lie within the cut, judged by their x alone.

        Within the cut nobody is taller than `tallest` times its height before.
        """
        settings, motion, heights = self._settings, self._now.motion, self._tracks.sizes[1]
        tallest = np.exp(np.sqrt(settings.cut * self._size_vars))
        noise = settings.motion.measured**2 * tallest * heights * heights
        reach = np.sqrt(ROUNDING * settings.cut * (motion[POINT_VARS, 0] + noise))
        gap = found.points[0] - motion[POINTS, 0][:, None]
        rows, columns = (np.abs(gap) <= reach[:, None]).nonzero()
        return rows, columns

    def _penalties(self) -> Floats:
        """Return what makes the pairs of a track dearer, `(n,)`; infinite for who was unseen too long."""
        settings, tracks = self._settings, self._tracks
        unseen_s = np.minimum(np.fmax(self._last_at - tracks.seen_at, 0.0), settings.max_age_s)
        tentative = ~tracks.is_confirmed(settings)
        rarity = -settings.rarity_penalty * np.log((tracks.hits + 1) / (tracks.frames + 1))
        penalties: Floats = (
            settings.tentative_penalty * tentative + settings.unseen_penalty * unseen_s + rarity
        )
        penalties[self._now.unseen_s > settings.longest_step_s] = np.inf
        return penalties
