"""One gate: when does a person that moves near a border pass it for good?

A gate has two sides; *in* is the inside of a polygon or the right of a line. A person changes sides
when it is deep enough on the other side (hysteresis, so that trembling on the border is nothing) and
long enough (confirmation), or when it went straight through a zone too narrow to stay in.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypersight_core.domain.geometry import ZoneGeometry
from hypersight_core.domain.rows import Rows

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What makes a passage real."""

    hysteresis: float = 0.1
    """In box heights, to either side of the border; less inside a zone that is not wide enough for it."""
    confirm_s: float = 0.25
    """Least time on the other side, unless a zone is gone straight through."""
    visibility: float = 0.25
    """Least visibility of a person whose passage counts: what is seen now and then is nobody."""
    step_s: float = 0.1
    """Longest piece of a straight step between two samples that is looked at as one."""
    max_pieces: int = 32


@dataclass(slots=True)
class Gates(Rows):
    """One row per pair of person and zone; NaN times mean: not under way."""

    depths: Floats
    """Signed distance at the last sample, positive on the in side."""
    is_in: Bools
    """The side the person is taken to be on."""
    crossed_at: Floats
    """When the person went over the border to the other side, not yet for good."""
    crossed: Floats
    """Shape `(p, 2)`: where."""
    back_at: Floats
    """When the person went back over the border since."""
    back: Floats
    """Shape `(p, 2)`: where."""
    is_deep: Bools
    """Whether the person was deep enough on the other side since `crossed_at`."""
    entered_at: Floats
    """When the person came in; NaN for those who never did."""

    @classmethod
    def starting(cls, depths: Floats) -> "Gates":
        """Return the gates of persons first seen at these depths, any shape."""
        nothing = np.full(depths.shape, np.nan)
        nowhere = np.full((*depths.shape, 2), np.nan)
        return cls(
            depths, depths >= 0.0, nothing, nowhere, nothing.copy(), nowhere.copy(),
            np.zeros(depths.shape, dtype=bool), nothing.copy(),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Passage:
    """A change of sides for good."""

    pair: int
    at_s: float
    is_in: bool
    dwell_s: float | None
    """For the way out: time since the way in, None when that was not seen."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Straight steps of p pairs of person and zone from one sample to the next."""

    zones: Ints
    before: Floats
    """Shape `(p, 2)`."""
    after: Floats
    from_at: Floats
    to_at: Floats
    heights: Floats
    """Of the boxes, shape `(p,)`."""
    is_visible: Bools
    """Shape `(p,)`: only then a passage counts; until then it waits."""


class Walk:
    """Carries gates over a step, piece by piece."""

    def __init__(self, geometry: ZoneGeometry, gates: Gates, steps: Steps, settings: GateSettings) -> None:
        self._geometry, self._gates, self._steps, self._settings = geometry, gates, steps, settings
        outer = settings.hysteresis * steps.heights
        self._inner = np.minimum(outer, 0.5 * geometry.half_widths[steps.zones])
        self._outer = outer
        self._passages: list[Passage] = []

    def passages(self) -> list[Passage]:
        """Change the gates; return what passed, in order of time for each pair."""
        shares = self._shares()
        step = self._steps.after - self._steps.before
        points = self._steps.before[:, None] + shares[:, :, None] * step[:, None]
        depths = self._geometry.pair_distances(points, self._steps.zones)
        times = self._steps.from_at[:, None] + shares * (self._steps.to_at - self._steps.from_at)[:, None]
        at_s, point = self._steps.from_at, self._steps.before
        for piece in range(shares.shape[1]):
            self._advance(at_s, point, times[:, piece], points[:, piece], depths[:, piece])
            at_s, point = times[:, piece], points[:, piece]
        return self._passages

    def _shares(self) -> Floats:
        """Return the ends of the pieces: evenly spaced, and where edges are crossed and midway between.

        No piece is longer than the way through what is deep in a zone, or a person that stops at the
        brim of a narrow one would not be seen deep in it.
        """
        steps, settings = self._steps, self._settings
        times = (steps.to_at - steps.from_at) / settings.step_s
        lengths = np.hypot(*(steps.after - steps.before).T) / (2.0 * self._inner)
        counts = np.clip(np.ceil(np.maximum(times, lengths) - 1e-6), 1, settings.max_pieces)
        even: Floats = np.minimum(np.arange(1, int(counts.max()) + 1) / counts[:, None], 1.0)
        first, last = self._geometry.passages(steps.before, steps.after, steps.zones)
        if np.isnan(first).all():
            return even
        extra = np.nan_to_num(np.stack([first, (first + last) / 2, last], axis=1), nan=1.0)
        return np.sort(np.concatenate([even, extra], axis=1), axis=1)

    def _advance(self, from_at: Floats, before: Floats, at_s: Floats, point: Floats, depths: Floats) -> None:
        gates = self._gates
        sign = np.where(gates.is_in, -1.0, 1.0)
        was, now = sign * gates.depths, sign * depths
        is_over = now >= 0.0
        share = np.clip(was / np.where(was == now, 1.0, was - now), 0.0, 1.0)
        border_at = from_at + share * (at_s - from_at)
        border = before + share[:, None] * (point - before)
        is_pending = ~np.isnan(gates.crossed_at)
        begins = is_over & ~is_pending
        gates.crossed_at[begins], gates.crossed[begins] = border_at[begins], border[begins]
        is_pending |= is_over
        goes_back = is_pending & ~is_over & np.isnan(gates.back_at)
        gates.back_at[goes_back], gates.back[goes_back] = border_at[goes_back], border[goes_back]
        gates.back_at[is_over] = np.nan
        gates.is_deep |= is_pending & (now >= np.where(gates.is_in, self._outer, self._inner))
        gates.depths[:] = depths
        if is_pending.any():
            self._decide(is_pending, at_s, now)

    def _decide(self, is_pending: Bools, at_s: Floats, now: Floats) -> None:
        gates = self._gates
        until = np.where(np.isnan(gates.back_at), at_s, gates.back_at)
        is_long = until - gates.crossed_at >= self._settings.confirm_s - 1e-6
        is_long &= self._steps.is_visible
        is_away = now <= -np.where(gates.is_in, self._inner, self._outer)
        is_deep = gates.is_deep
        is_undone = is_pending & (now < 0.0) & (~is_deep | (is_away & ~is_long))
        for pair in (is_undone & is_deep).nonzero()[0].tolist():
            if self._is_straight_through(pair):
                self._flip(pair)
                self._flip(pair)
        gates.crossed_at[is_undone], gates.back_at[is_undone], is_deep[is_undone] = np.nan, np.nan, False
        for pair in (is_pending & is_deep & is_long & ~is_undone).nonzero()[0].tolist():
            self._flip(pair)

    def _is_straight_through(self, pair: int) -> bool:
        """Say whether the chord between the ways in and out of the other side lies deep in it."""
        gates = self._gates
        middle = (gates.crossed[pair] + gates.back[pair]) / 2.0
        depth = float(self._geometry.pair_distances(middle[None, None], self._steps.zones[[pair]])[0, 0])
        return bool(-depth >= self._outer[pair] if gates.is_in[pair] else depth >= self._inner[pair])

    def _flip(self, pair: int) -> None:
        """Take the pair to the other side; the way back, if there is one, is what is under way then."""
        passage = flipped(self._gates, pair)
        if self._geometry.is_beside(self._gates.crossed[[pair]], self._steps.zones[[pair]])[0]:
            self._passages.append(passage)
        gates = self._gates
        gates.crossed_at[pair], gates.crossed[pair] = gates.back_at[pair], gates.back[pair]
        gates.back_at[pair], gates.is_deep[pair] = np.nan, False


def flipped(gates: Gates, pair: int) -> Passage:
    """Change the side of one pair and return the passage; what is under way stays as it is."""
    at_s = float(gates.crossed_at[pair])
    is_in = not gates.is_in[pair]
    entered_at = float(gates.entered_at[pair])
    dwell_s = None if is_in or np.isnan(entered_at) else max(0.0, at_s - entered_at)
    gates.is_in[pair] = is_in
    gates.entered_at[pair] = at_s if is_in else np.nan
    return Passage(pair, at_s, is_in, dwell_s)
