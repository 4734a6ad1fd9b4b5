"""The gates of all followed persons against all zones of one calculation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypersight_core.domain.geometry import ZoneGeometry
from hypersight_core.domain.passing import Gates, GateSettings, Passage, Steps, Walk, flipped
from hypersight_core.domain.rows import Rows
from hypersight_core.domain.zones import Zone

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

LONGEST_LOOK_BACK_S = 2.0
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
    points: Floats
    """Shape `(n, 2)`, in frame heights."""
    seen_at: Floats
    unseen_at: Floats
    """Time of the frame before the first sample while there is but one sample; else NaN."""
    is_visible: Bools
    """Whether the person was visible enough at its last sample for passages to count."""
    left_at: Floats
    """When the person last left a polygon; NaN for those who never did."""

    @classmethod
    def none(cls) -> "Anchors":
        """Return nobody."""
        single = np.zeros(0)
        return cls(np.zeros(0, dtype=np.int64), np.zeros((0, 2)), single, single, single > 0, single)


@dataclass(frozen=True, slots=True)
class Moved:
    """Where n persons are now."""

    points: Floats
    """Shape `(n, 2)`, in frame heights."""
    speeds: Floats
    """Shape `(n, 2)`, per second."""
    heights: Floats
    """Of the boxes, shape `(n,)`."""
    visibility: Floats
    """Shape `(n,)`, see `hypersight_core.domain.tracking.Tracks`."""


class ZoneGates:
    """Keeps a gate for each pair of person and zone; rows follow the order of the tracker's."""

    def __init__(self, zones: Sequence[Zone], aspect: float, settings: GateSettings | None = None) -> None:
        self._settings = settings or GateSettings()
        self._aspect = aspect
        self._zones = tuple(zones)
        self._geometry = ZoneGeometry(zones, aspect)
        self._anchors = Anchors.none()
        self._gates = Gates.starting(np.zeros((0, len(zones))))

    def __len__(self) -> int:
        return len(self._anchors)

    @property
    def is_inside(self) -> Bools:
        """Who is in at least one polygon for good, shape `(n,)`."""
        return _any_zone(self._gates.is_in & ~self._geometry.is_line)

    def is_within(self, points: Floats) -> Bools:
        """Say which of `points`, `(n, 2)`, lie in at least one polygon."""
        return self._is_within(self._geometry.signed_distances(points))

    def begin(self, ids: Ints, points: Floats, seen_at: Floats, unseen_at: Floats) -> None:
        """Add persons seen for the first time; being in a zone already is not going into it."""
        if len(ids):
            self._anchors = self._anchors.joined(
                Anchors(
                    ids, points, seen_at, unseen_at, np.zeros(len(ids), dtype=bool), np.full(len(ids), np.nan)
                )
            )
            self._gates = self._gates.joined(Gates.starting(self._geometry.signed_distances(points)))

    def advance(self, rows: Ints, moved: Moved, at_s: float) -> list[Crossing]:
        """Move the persons in `rows` straight to where they are now."""
        points, speeds, heights = moved.points, moved.speeds, moved.heights
        is_visible = moved.visibility >= self._settings.visibility
        anchors, gates = self._anchors, self._gates
        depths = self._geometry.signed_distances(points)
        reach = np.hypot(*(points - anchors.points[rows]).T)[:, None]
        is_near = np.abs(gates.depths[rows]) + np.abs(depths) <= reach + 1e-9
        is_busy = is_near | ~np.isnan(gates.crossed_at[rows]) | ((depths >= 0.0) != gates.is_in[rows])
        who, zones = np.nonzero(is_busy)
        is_fresh = ~np.isnan(anchors.unseen_at[rows])
        crossings = self._look_back(rows[is_fresh], speeds[is_fresh]) if is_fresh.any() else []
        if len(who):
            before, from_at = anchors.points[rows[who]], anchors.seen_at[rows[who]]
            steps = Steps(
                zones, before, points[who], from_at, np.full(len(who), at_s), heights[who], is_visible[who]
            )
            crossings += self._walked(rows[who], steps)
        gates.depths[rows], anchors.points[rows], anchors.seen_at[rows] = depths, points, at_s
        anchors.is_visible[rows] = is_visible
        anchors.unseen_at[rows] = np.nan
        return crossings

    def end(self, is_ended: Bools, is_off_picture: Bools) -> list[Crossing]:
        """Drop persons; a passage that only waited for its confirmation counts.

        Args:
            is_ended: shape `(n,)`.
            is_off_picture: for each ended person, whether it walked out of the picture: then it left
                its zones too. Nobody saw the others leave.
        """
        rows = is_ended.nonzero()[0]
        gates = self._gates.take(rows)
        is_left = gates.is_in & is_off_picture[:, None]
        is_worth = self._anchors.is_visible[rows] & _any_zone(
            (gates.is_deep & np.isnan(gates.back_at)) | is_left
        )
        crossings: list[Crossing] = []
        for one in is_worth.nonzero()[0].tolist():
            crossings += self._last_crossings(int(rows[one]), bool(is_off_picture[one]))
        self._anchors, self._gates = self._anchors.take(~is_ended), self._gates.take(~is_ended)
        return crossings

    def rezone(self, zones: Sequence[Zone]) -> None:
        """Go on with other zones: those with the same corners keep their gates, others begin afresh."""
        old = {zone.corners_rel: column for column, zone in enumerate(self._zones)}
        was = self._gates
        self._zones, self._geometry = tuple(zones), ZoneGeometry(zones, self._aspect)
        self._gates = Gates.starting(self._geometry.signed_distances(self._anchors.points))
        kept = [(new, old[zone.corners_rel]) for new, zone in enumerate(zones) if zone.corners_rel in old]
        for new, column in kept:
            for name in Gates.names():
                getattr(self._gates, name)[:, new] = getattr(was, name)[:, column]

    def state(self) -> dict[str, Any]:
        """Return JSON values for `restore`."""
        return {"anchors": self._anchors.to_json(), "gates": self._gates.to_json()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where gates over the same zones were.

        Raises:
            InvalidInput: `state` does not fit these zones.
        """
        anchors = Anchors.none().from_json(state["anchors"], len(state["anchors"]["ids"]))
        like = Gates.starting(np.zeros((0, len(self._zones))))
        self._gates, self._anchors = like.from_json(state["gates"], len(anchors)), anchors

    def _is_within(self, depths: Floats) -> Bools:
        return _any_zone((depths >= 0.0) & ~self._geometry.is_line)

    def _walked(self, rows: Ints, steps: Steps) -> list[Crossing]:
        pairs = Gates(*[getattr(self._gates, name)[rows, steps.zones] for name in Gates.names()])
        inside = (self._gates.is_in & ~self._geometry.is_line).sum(axis=1)
        passages = Walk(self._geometry, pairs, steps, self._settings).passages()
        for name in Gates.names():
            getattr(self._gates, name)[rows, steps.zones] = getattr(pairs, name)
        crossings = []
        for passage in sorted(passages, key=lambda one: one.at_s):
            row, zone = int(rows[passage.pair]), int(steps.zones[passage.pair])
            crossings.append(self._crossing(passage, row, zone, int(inside[row])))
            if not self._geometry.is_line[zone]:
                inside[row] += 1 if passage.is_in else -1
        return crossings

    def _look_back(self, fresh: Ints, speeds: Floats) -> list[Crossing]:
        """Return the passages made between the frame before the first sample and that sample.

        A person seen first inside a zone came in from outside if, at the speed of its first step, it
        was outside, and on the picture, at the time of that frame.
        """
        anchors, gates = self._anchors, self._gates
        first_at = anchors.seen_at[fresh]
        back_s = np.minimum(first_at - anchors.unseen_at[fresh], LONGEST_LOOK_BACK_S)
        before = anchors.points[fresh] - speeds * back_s[:, None]
        depths, first_depths = self._geometry.signed_distances(before), gates.depths[fresh]
        is_held = self._is_within(depths)
        is_other_side = (depths >= 0.0) != (first_depths >= 0.0)
        is_eligible = on_picture(before, self._aspect)[:, None] & (
            (first_depths >= 0.0) | self._geometry.is_line
        )
        shares = depths / np.where(is_other_side, depths - first_depths, 1.0)
        crossings: list[Crossing] = []
        for one, zone in np.argwhere(is_eligible & is_other_side).tolist():
            share, row = float(shares[one, zone]), int(fresh[one])
            border = before[one] + share * (anchors.points[row] - before[one])
            if self._geometry.is_beside(border[None], np.array([zone]))[0]:
                at_s = float(first_at[one] - back_s[one] * (1.0 - share))
                passage = Passage(zone, at_s, bool(first_depths[one, zone] >= 0.0), None)
                is_again = is_held[one] or any(other.track_id == anchors.ids[row] for other in crossings)
                gates.entered_at[row, zone] = at_s if passage.is_in else np.nan
                crossings.append(self._crossing(passage, row, zone, int(is_again)))
        return crossings

    def _last_crossings(self, row: int, is_off_picture: bool) -> list[Crossing]:
        gates, zones = self._gates, np.arange(len(self._zones))
        mine = Gates(*[getattr(gates, name)[row] for name in Gates.names()])
        is_waiting = mine.is_deep & ~np.isnan(mine.crossed_at) & np.isnan(mine.back_at)
        is_waiting &= self._geometry.is_beside(mine.crossed, zones)
        inside = int((mine.is_in & ~self._geometry.is_line).sum())
        waiting = is_waiting.nonzero()[0].tolist()
        crossings = [self._crossing(flipped(mine, zone), row, zone, inside) for zone in waiting]
        if is_off_picture:
            mine.crossed_at[:] = self._anchors.seen_at[row]
            left = (mine.is_in & ~self._geometry.is_line).nonzero()[0].tolist()
            crossings += [self._crossing(flipped(mine, zone), row, zone, 1) for zone in left]
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
    """Say which points, `(n, 2)` in frame heights, lie on a picture of that aspect ratio."""
    x, y = points[:, 0], points[:, 1]
    is_inside: Bools = (x >= 0.0) & (x <= aspect) & (y >= 0.0) & (y <= 1.0)
    return is_inside


def _any_zone(is_in: Bools) -> Bools:
    is_in_any: Bools = np.logical_or.reduce(is_in, axis=1)
    return is_in_any
