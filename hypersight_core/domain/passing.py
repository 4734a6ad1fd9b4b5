"""One gate: when does a person that moves near a border pass it for good?

A gate has two sides; *in* is the inside of a polygon or the right of a line. A person changes sides
when it is deep enough on the other side (hysteresis, so that trembling on the border is nothing) and
long enough (confirmation), or when it went straight through a zone too narrow to stay in.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hypersight_core.domain.geometry import ZoneGeometry
from hypersight_core.domain.rows import Rows

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

Spot = tuple[float, float, float]
"""When, and where: seconds, x and y."""
NOWHERE = math.nan, math.nan, math.nan
DEPTH, IS_IN, IS_DEEP, ENTERED_AT, CROSSED_AT = range(5)
"""Places in `Gates.values`; behind the last one: where it was, and when and where the way back was."""


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What makes a passage real."""

    hysteresis: float = 0.1
    """In box heights, to either side of the border; less inside a zone that is not wide enough for it."""
    confirm_s: float = 0.25
    """Least time on the other side, unless a zone is gone straight through."""
    visibility: float = 0.25
    """Least visibility of a person whose passage counts: what is seen now and then is nobody."""
    rare_misses: float = 0.01
    """Who is first seen inside a zone may have gone in so many frames ago as misses in a row are no rarer,"""
    look_back_frames: float = 4.0
    """but no more frames ago than these,"""
    look_back_s: float = 1.2
    """and no longer than this, unless a single frame takes longer."""
    look_back_after_s: float = 0.5
    """How long the first steps are watched before they tell where somebody came from."""
    look_back_visibility: float = 0.4
    """Least visibility by then."""
    walking_speed: float = 0.25
    """In box heights per second: slower first steps tell nothing."""
    step_s: float = 0.1
    """Longest piece of a straight step between two samples that is looked at as one."""
    max_pieces: int = 32


@dataclass(slots=True)
class Gate:
    """One person at the border of one zone."""

    depth: float
    """Signed distance where the person was seen last, positive on the in side."""
    is_in: bool
    """The side the person is taken to be on."""
    is_deep: bool
    """Whether the person was deep enough on the other side since it crossed."""
    entered_at: float | None
    """When the person came in; None for those who never did."""
    crossed: Spot | None
    """Where the person went over the border to the other side, not yet for good."""
    back: Spot | None
    """Where the person went back over the border since."""

    def flipped(self, at_s: float) -> "Passage":
        """Take the person to the other side and return the passage; what is under way stays as it is."""
        entered_at = self.entered_at
        self.is_in = not self.is_in
        self.entered_at = at_s if self.is_in else None
        dwell_s = None if self.is_in or entered_at is None else max(0.0, at_s - entered_at)
        return Passage(at_s, self.is_in, dwell_s)


@dataclass(slots=True)
class Gates(Rows):
    """The gates of all persons and zones."""

    values: Floats
    """Shape `(10, z, n)`: what a `Gate` holds, in that order; NaN where it holds None."""

    @classmethod
    def starting(cls, depths: Floats) -> "Gates":
        """Return the gates of persons first seen at these depths, shape `(z, n)`."""
        values = np.full((10, *depths.shape), math.nan)
        values[DEPTH], values[IS_IN], values[IS_DEEP] = depths, depths >= 0.0, False
        return cls(values)

    @property
    def depths(self) -> Floats:
        """Shape `(z, n)`; may be written to."""
        depths: Floats = self.values[DEPTH]
        return depths

    @property
    def is_in(self) -> Bools:
        """Shape `(z, n)`."""
        is_in: Bools = self.values[IS_IN] == 1.0
        return is_in

    @property
    def is_under_way(self) -> Bools:
        """Whether the person crossed, not yet for good; shape `(z, n)`."""
        is_under_way: Bools = ~np.isnan(self.values[CROSSED_AT])
        return is_under_way

    def gate(self, zone: int, row: int) -> Gate:
        """Return a copy of one gate."""
        depth, is_in, is_deep, entered_at, *spots = self.values[:, zone, row].tolist()
        entry = None if math.isnan(entered_at) else entered_at
        return Gate(depth, is_in == 1.0, is_deep == 1.0, entry, _spot(*spots[:3]), _spot(*spots[3:]))

    def put(self, zone: int, row: int, gate: Gate) -> None:
        """Take over what a copy has become."""
        entered_at = math.nan if gate.entered_at is None else gate.entered_at
        spots = *(gate.crossed or NOWHERE), *(gate.back or NOWHERE)
        self.values[:, zone, row] = gate.depth, gate.is_in, gate.is_deep, entered_at, *spots


def _spot(at_s: float, x: float, y: float) -> Spot | None:
    return None if math.isnan(at_s) else (at_s, x, y)


@dataclass(frozen=True, slots=True)
class Passage:
    """A change of sides for good."""

    at_s: float
    is_in: bool
    dwell_s: float | None
    """For the way out: time since the way in, None when that was not seen."""


class Step(NamedTuple):
    """The straight step of a person from one sample to the next, seen from one zone."""

    row: int
    """Of the person."""
    zone: int
    before: Spot
    after: Spot
    depth: float
    """Signed distance after the step."""
    height: float
    """Of the box."""
    is_visible: bool
    """Only then a passage counts; until then it waits."""


class Walk:
    """Carries one gate over a step, piece by piece."""

    def __init__(self, geometry: ZoneGeometry, gate: Gate, step: Step, settings: GateSettings) -> None:
        self.gate, self.step = gate, step
        self._geometry, self._settings = geometry, settings
        self._outer = settings.hysteresis * step.height
        self._inner = min(self._outer, 0.5 * geometry.half_widths[step.zone])
        self._passages: list[Passage] = []
        crossed = geometry.passages(step.before[1:], step.after[1:], step.zone)
        self.is_idle = crossed is None and gate.crossed is None and (step.depth >= 0.0) == gate.is_in
        """Whether nothing is under way and nothing happens."""
        self.stops = [] if self.is_idle else self._stops(crossed)
        """Where one piece ends and the next begins; the signed distances there are what `passages` wants."""

    def _stops(self, crossed: tuple[float, float] | None) -> list[Spot]:
        """Return the stops: evenly spaced, and where edges are crossed and midway between.

        No piece is longer than the way through what is deep in a zone, or a person that stops at the
        brim of a narrow one would not be seen deep in it.
        """
        step, settings = self.step, self._settings
        length = math.hypot(step.after[1] - step.before[1], step.after[2] - step.before[2])
        least = max((step.after[0] - step.before[0]) / settings.step_s, length / (2.0 * self._inner))
        count = math.ceil(min(max(least - 1e-6, 1.0), settings.max_pieces))
        shares = [piece / count for piece in range(1, count)]
        if crossed is not None:
            first, last = crossed
            shares = sorted({*shares, first, (first + last) / 2.0, last})
        return [_between(step.before, step.after, share) for share in shares]

    def passages(self, depths: Iterable[float]) -> list[Passage]:
        """Change the gate; return what passed, in order of time."""
        before = self.step.before
        for stop, depth in zip(self.stops, depths, strict=True):
            self._advance(before, stop, depth)
            before = stop
        self._advance(before, self.step.after, self.step.depth)
        return self._passages

    def _advance(self, before: Spot, end: Spot, depth: float) -> None:
        gate = self.gate
        was, now = (-gate.depth, -depth) if gate.is_in else (gate.depth, depth)
        gate.depth = depth
        if now >= 0.0:
            gate.back = None
            if gate.crossed is None:
                gate.crossed = _border(before, end, was, now)
            gate.is_deep |= now >= (self._outer if gate.is_in else self._inner)
        elif gate.crossed is not None and gate.back is None:
            gate.back = _border(before, end, was, now)
        if gate.crossed is not None:
            self._decide(gate.crossed, end[0], now)

    def _decide(self, crossed: Spot, at_s: float, now: float) -> None:
        gate = self.gate
        until = at_s if gate.back is None else gate.back[0]
        is_long = self.step.is_visible and until - crossed[0] >= self._settings.confirm_s - 1e-6
        is_away = now <= -(self._inner if gate.is_in else self._outer)
        if now < 0.0 and not (gate.is_deep and (is_long or not is_away)):
            if gate.is_deep and gate.back is not None and self._is_straight_through(crossed, gate.back):
                self._pass(crossed)
                self._pass(gate.back)
            gate.crossed, gate.back, gate.is_deep = None, None, False
        elif gate.is_deep and is_long:
            self._pass(crossed)
            gate.crossed, gate.back, gate.is_deep = gate.back, None, False

    def _is_straight_through(self, crossed: Spot, back: Spot) -> bool:
        """Say whether the chord between the ways in and out of the other side lies deep in it."""
        middle = [[(crossed[1] + back[1]) / 2.0], [(crossed[2] + back[2]) / 2.0]]
        depth = float(self._geometry.pair_distances(np.array(middle), np.array([self.step.zone]))[0])
        return -depth >= self._outer if self.gate.is_in else depth >= self._inner

    def _pass(self, border: Spot) -> None:
        passage = self.gate.flipped(border[0])
        if self._geometry.is_beside(border[1:], self.step.zone):
            self._passages.append(passage)


def _border(before: Spot, end: Spot, was: float, now: float) -> Spot:
    """Return where a straight piece meets the border: on it, the depth goes from `was` to `now`."""
    share = 0.0 if was == now else min(max(was / (was - now), 0.0), 1.0)
    return _between(before, end, share)


def _between(before: Spot, after: Spot, share: float) -> Spot:
    (from_at, x, y), (to_at, to_x, to_y) = before, after
    return from_at + share * (to_at - from_at), x + share * (to_x - x), y + share * (to_y - y)
