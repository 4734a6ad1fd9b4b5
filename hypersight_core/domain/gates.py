"""The gates of all followed persons against all zones of one calculation."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hypersight_core.domain.geometry import ZoneGeometry
from hypersight_core.domain.origins import Misses, due_at, is_walking, origins
from hypersight_core.domain.passing import ENTERED_AT, Gates, GateSettings, Passage, Step, Walk
from hypersight_core.domain.rows import Rows
from hypersight_core.domain.zones import Zone

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

TOUCHING_S = 0.05
"""Zones drawn edge to edge leave hairline gaps; nobody is outside for so short a time."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A person went into or out of a zone, or over a line."""

    at_s: float
    """Interpolated between two samples."""
    zone: int
    track_id: int
    is_in: bool
    dwell_s: float | None = None
    """For the way out of a polygon: seconds since the way in, None when that was not seen."""
    is_from_outside: bool = True
    """False for the way into a polygon from another one: that person was counted there."""


@dataclass(slots=True)
class Anchors(Rows):
    """Where each followed person was seen last."""

    ids: Ints
    spots: Floats
    """Shape `(3, n)`: when, and where in frame heights."""
    first_spots: Floats
    """Shape `(3, n)`: when and where first."""
    unseen_at: Floats
    """Time of the frame before the first sample; NaN when there was none."""
    due_at: Floats
    """When enough is known of the first steps to look back from them; NaN once that was done."""
    is_visible: Bools
    """Whether the person was visible enough at its last sample for passages to count."""
    left_at: Floats
    """When the person last left a polygon; NaN for those who never did."""

    @classmethod
    def none(cls) -> "Anchors":
        """Return nobody."""
        single, spots = np.zeros(0), np.zeros((3, 0))
        return cls(np.zeros(0, dtype=np.int64), spots, spots, single, single, single > 0, single)


class Persons(NamedTuple):
    """The followed persons; shapes end in `(n,)`, for times and visibility see `Tracks`."""

    ids: Ints
    spots: Floats
    """Shape `(3, n)`: when each was seen last, and where in frame heights."""
    speeds: Floats
    """Shape `(2, n)`, per second."""
    heights: Floats
    """Of the boxes."""
    visibility: Floats
    unseen_at: Floats


class ZoneGates:
    """Keeps a gate for each pair of person and zone; rows follow the order of the tracker's."""

    def __init__(self, zones: Sequence[Zone], aspect: float, settings: GateSettings | None = None) -> None:
        self._settings = settings or GateSettings()
        self._aspect = aspect
        self._set_zones(zones)
        self._misses = Misses()
        self._anchors = Anchors.none()
        self._gates = Gates.starting(np.zeros((len(zones), 0)))

    def __len__(self) -> int:
        return len(self._anchors)

    @property
    def is_inside(self) -> Bools:
        """Who was in at least one polygon when last seen, shape `(n,)`."""
        return self._is_within(self._gates.depths)

    def is_within(self, points: Floats) -> Bools:
        """Say which of `points`, `(2, n)`, lie in at least one polygon."""
        return self._is_within(self._geometry.signed_distances(points))

    def follow(self, persons: Persons, frame_s: float = math.inf) -> list[Crossing]:
        """Move those that were seen straight to where they are now.

        Args:
            persons: those known from before, in the same order, then new ones. For these, being in a
                zone already is not going into it.
            frame_s: time since the frame before.
        """
        depths = self._geometry.signed_distances(persons.spots[1:])
        if len(persons.ids) > len(self):
            self._begin(persons, depths)
        anchors = self._anchors
        steps = persons.spots - anchors.spots
        is_moved = steps[0] > 0.0
        self._misses.look(steps[0], frame_s)
        due = (persons.spots[0] >= anchors.due_at).nonzero()[0]
        crossings = self._look_back(due, persons) if len(due) else []
        zones, rows = (self._is_busy(steps, depths) & is_moved).nonzero()
        pairs = zip(zones.tolist(), rows.tolist(), strict=True)
        walks = [self._walk(zone, row, persons, depths) for zone, row in pairs]
        crossings += self._walked([walk for walk in walks if not walk.is_idle])
        self._gates.depths[:], anchors.spots = depths, persons.spots
        np.copyto(anchors.is_visible, persons.visibility >= self._settings.visibility, where=is_moved)
        return crossings

    def end(self, ended: Ints, is_off_picture: Bools) -> list[Crossing]:
        """Drop persons; a passage that only waited for its confirmation counts.

        Args:
            ended: their rows.
            is_off_picture: for each ended person, whether it walked out of the picture: then it left
                its zones too. Nobody saw the others leave.
        """
        crossings: list[Crossing] = []
        for row, is_off in zip(ended.tolist(), is_off_picture.tolist(), strict=True):
            if self._anchors.is_visible[row]:
                crossings += self._last_crossings(row, is_off)
        self._anchors, self._gates = self._anchors.without(ended), self._gates.without(ended)
        return crossings

    def rezone(self, zones: Sequence[Zone]) -> None:
        """Go on with other zones: those with the same corners keep their gates, others begin afresh."""
        old = {zone.corners_rel: column for column, zone in enumerate(self._zones)}
        was = self._gates.values
        self._set_zones(zones)
        self._gates = Gates.starting(self._geometry.signed_distances(self._anchors.spots[1:]))
        for new, zone in enumerate(zones):
            if zone.corners_rel in old:
                self._gates.values[:, new] = was[:, old[zone.corners_rel]]

    def state(self) -> dict[str, Any]:
        """Return JSON values for `restore`."""
        misses = [self._misses.found, self._misses.missed]
        return {"anchors": self._anchors.to_json(), "gates": self._gates.to_json(), "misses": misses}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where gates over the same zones were.

        Raises:
            InvalidInput: `state` does not fit these zones.
        """
        anchors = Anchors.none().from_json(state["anchors"], len(state["anchors"]["ids"]))
        like = Gates.starting(np.zeros((len(self._zones), 0)))
        self._gates, self._anchors = like.from_json(state["gates"], len(anchors)), anchors
        self._misses = Misses(*map(float, state["misses"]))

    def _set_zones(self, zones: Sequence[Zone]) -> None:
        self._zones, self._geometry = tuple(zones), ZoneGeometry(zones, self._aspect)
        self._is_polygon = ~self._geometry.is_line[:, None]

    def _is_within(self, depths: Floats) -> Bools:
        return _any_zone((depths >= 0.0) & self._is_polygon)

    def _begin(self, persons: Persons, depths: Floats) -> None:
        known, count = len(self), len(persons.ids)
        spots, unseen_at = persons.spots[:, known:], persons.unseen_at[known:]
        new = Anchors(
            persons.ids[known:], spots, spots, unseen_at, due_at(spots[0], unseen_at, self._settings),
            is_visible=np.zeros(count - known, dtype=bool), left_at=np.full(count - known, np.nan),
        )  # fmt: skip
        self._anchors = self._anchors.joined(new)
        self._gates = self._gates.joined(Gates.starting(depths[:, known:]))

    def _is_busy(self, steps: Floats, depths: Floats) -> Bools:
        """Say who may have touched which border, or has something under way there; shape `(z, n)`."""
        gates, reach = self._gates, np.hypot(steps[1], steps[2]) + 1e-9
        is_near = np.abs(gates.depths) + np.abs(depths) <= reach
        is_busy: Bools = is_near | gates.is_under_way
        return is_busy

    def _walk(self, zone: int, row: int, persons: Persons, depths: Floats) -> Walk:
        from_at, x, y = self._anchors.spots[:, row].tolist()
        to_at, to_x, to_y = persons.spots[:, row].tolist()
        step = Step(
            row, zone, (from_at, x, y), (to_at, to_x, to_y), float(depths[zone, row]),
            float(persons.heights[row]),
            is_visible=bool(persons.visibility[row] >= self._settings.visibility),
        )  # fmt: skip
        return Walk(self._geometry, self._gates.gate(zone, row), step, self._settings)

    def _walked(self, walks: Sequence[Walk]) -> list[Crossing]:
        spots = [spot for walk in walks for spot in walk.stops]
        depths: Iterator[float] = iter(())
        if spots:
            zones = np.array([walk.step.zone for walk in walks for _ in walk.stops])
            depths = iter(self._geometry.pair_distances(np.array(spots).T[1:], zones).tolist())
        passed: list[tuple[Passage, Step]] = []
        for walk in walks:
            passages = walk.passages(islice(depths, len(walk.stops)))
            passed += [(passage, walk.step) for passage in passages]
        crossings = self._crossings(sorted(passed, key=lambda one: one[0].at_s)) if passed else []
        for walk in walks:
            self._gates.put(walk.step.zone, walk.step.row, walk.gate)
        return crossings

    def _crossings(self, passed: Sequence[tuple[Passage, Step]]) -> list[Crossing]:
        """Return passages, in order of time, as what happened."""
        inside = (self._gates.is_in & self._is_polygon).sum(axis=0).tolist()
        crossings = []
        for passage, step in passed:
            crossings.append(self._crossing(passage, step.row, step.zone, inside[step.row]))
            if not self._geometry.is_line[step.zone]:
                inside[step.row] += 1 if passage.is_in else -1
        return crossings

    def _look_back(self, due: Ints, persons: Persons) -> list[Crossing]:
        """Return the passages that some persons made just before anybody saw them.

        A person seen first inside a zone came in from outside if it was outside, and on the picture,
        a few frames before, as far as its first steps tell.
        """
        anchors, geometry, is_in = self._anchors, self._geometry, self._gates.is_in[:, due]
        anchors.due_at[due] = np.nan
        crossings: list[Crossing] = []
        if not (is_in | ~self._is_polygon).any():
            return crossings
        first, speeds = anchors.first_spots[:, due], persons.speeds[:, due]
        frames = self._misses.in_a_row(self._settings)
        came_from = origins(first, anchors.unseen_at[due], speeds, frames, self._settings)
        is_sure = is_walking(speeds, persons.heights[due], persons.visibility[due], self._settings)
        is_sure &= on_picture(came_from[1:], self._aspect)
        depths = geometry.signed_distances(np.concatenate([came_from[1:], first[1:]], axis=1))
        depths, first_depths = depths[:, : len(due)], depths[:, len(due) :]
        is_passed = ((depths >= 0.0) != is_in) & (is_in | ~self._is_polygon) & is_sure
        is_passed &= (first_depths >= 0.0) == is_in
        if not is_passed.any():
            return crossings
        is_held = self._is_within(depths)
        for one, zone in np.argwhere(is_passed.T).tolist():
            row, depth = int(due[one]), float(depths[zone, one])
            share = depth / (depth - float(first_depths[zone, one]))
            at_s, x, y = (came_from[:, one] + share * (first[:, one] - came_from[:, one])).tolist()
            if geometry.is_beside((x, y), zone):
                passage = Passage(at_s, bool(is_in[zone, one]), None)
                is_again = is_held[one] or any(other.track_id == anchors.ids[row] for other in crossings)
                self._gates.values[ENTERED_AT, zone, row] = at_s if passage.is_in else np.nan
                crossings.append(self._crossing(passage, row, zone, int(is_again)))
        return crossings

    def _last_crossings(self, row: int, is_off_picture: bool) -> list[Crossing]:
        is_line = self._geometry.is_line
        inside = int((self._gates.is_in[:, row] & ~is_line).sum())
        gates = [self._gates.gate(zone, row) for zone in range(len(self._zones))]
        crossings = []
        for zone, gate in enumerate(gates):
            crossed = gate.crossed if gate.is_deep and gate.back is None else None
            if crossed is not None and self._geometry.is_beside(crossed[1:], zone):
                crossings.append(self._crossing(gate.flipped(crossed[0]), row, zone, inside))
        for zone, gate in enumerate(gates):
            if is_off_picture and gate.is_in and not is_line[zone]:
                left = gate.flipped(float(self._anchors.spots[0, row]))
                crossings.append(self._crossing(left, row, zone, 1))
        return crossings

    def _crossing(self, passage: Passage, row: int, zone: int, inside: int) -> Crossing:
        """Return the passage as what happened; `inside` polygons held the person just before."""
        anchors, track_id = self._anchors, int(self._anchors.ids[row])
        if self._geometry.is_line[zone]:
            return Crossing(passage.at_s, zone, track_id, passage.is_in)
        is_from_zone = inside > 0 or passage.at_s - anchors.left_at[row] < TOUCHING_S
        if not passage.is_in:
            anchors.left_at[row] = passage.at_s
        return Crossing(passage.at_s, zone, track_id, passage.is_in, passage.dwell_s, not is_from_zone)


def on_picture(points: Floats, aspect: float) -> Bools:
    """Say which points, `(2, n)` in frame heights, lie on a picture of that aspect ratio."""
    x, y = points
    is_inside: Bools = (x >= 0.0) & (x <= aspect) & (y >= 0.0) & (y <= 1.0)
    return is_inside


def _any_zone(is_in: Bools) -> Bools:
    is_in_any: Bools = np.logical_or.reduce(is_in, axis=0)
    return is_in_any
