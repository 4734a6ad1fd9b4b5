"""The gates of all followed persons against all zones of one calculation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
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

LONGEST_LOOK_BACK_S = 1.0


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


@dataclass(slots=True)
class Anchors(Rows):
    """Where each followed person was seen last."""

    ids: Ints
    points: Floats
    """Shape `(n, 2)`, in frame heights."""
    seen_at: Floats
    unseen_at: Floats
    """Time of the frame before the first sample while there is but one sample; else NaN."""

    @classmethod
    def none(cls) -> "Anchors":
        """Return nobody."""
        return cls(np.zeros(0, dtype=np.int64), np.zeros((0, 2)), np.zeros(0), np.zeros(0))


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
        return _any_zone((self._geometry.signed_distances(points) >= 0.0) & ~self._geometry.is_line)

    def begin(self, ids: Ints, points: Floats, seen_at: Floats, unseen_at: Floats) -> None:
        """Add persons seen for the first time; being in a zone already is not going into it."""
        if len(ids):
            self._anchors = self._anchors.joined(Anchors(ids, points, seen_at, unseen_at))
            self._gates = self._gates.joined(Gates.starting(self._geometry.signed_distances(points)))

    def advance(
        self, rows: Ints, points: Floats, speeds: Floats, heights: Floats, at_s: float
    ) -> list[Crossing]:
        """Move the persons in `rows` straight to `points`, `(n, 2)`; speeds alike, box heights `(n,)`."""
        anchors, gates = self._anchors, self._gates
        depths = self._geometry.signed_distances(points)
        reach = np.hypot(*(points - anchors.points[rows]).T)[:, None]
        is_near = np.abs(gates.depths[rows]) + np.abs(depths) <= reach + 1e-9
        is_busy = is_near | ~np.isnan(gates.crossed_at[rows]) | ((depths >= 0.0) != gates.is_in[rows])
        who, zones = np.nonzero(is_busy)
        crossings: list[Crossing] = []
        if len(who):
            before, from_at = anchors.points[rows[who]], anchors.seen_at[rows[who]]
            steps = Steps(zones, before, points[who], from_at, np.full(len(who), at_s), heights[who])
            crossings = self._walked(rows[who], steps)
        is_fresh = ~np.isnan(anchors.unseen_at[rows])
        if is_fresh.any():
            crossings += self._look_back(rows[is_fresh], speeds[is_fresh])
        gates.depths[rows], anchors.points[rows], anchors.seen_at[rows] = depths, points, at_s
        anchors.unseen_at[rows] = np.nan
        return crossings

    def end(self, is_ended: Bools, is_off_picture: Bools) -> list[Crossing]:
        """Drop persons; a passage that only waited for its confirmation counts.

        Args:
            is_ended: shape `(n,)`.
            is_off_picture: for each ended person, whether it walked out of the picture: then it left
                its zones too. Nobody saw the others leave.
        """
        rows = np.flatnonzero(is_ended)
        gates = self._gates.take(rows)
        is_left = gates.is_in & is_off_picture[:, None]
        is_worth = _any_zone((gates.is_deep & np.isnan(gates.back_at)) | is_left)
        crossings: list[Crossing] = []
        for one in np.flatnonzero(is_worth).tolist():
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
            for field in fields(Gates):
                getattr(self._gates, field.name)[:, new] = getattr(was, field.name)[:, column]

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

    def _walked(self, rows: Ints, steps: Steps) -> list[Crossing]:
        pairs = Gates(**{f.name: getattr(self._gates, f.name)[rows, steps.zones] for f in fields(Gates)})
        passages = Walk(self._geometry, pairs, steps, self._settings).passages()
        for field in fields(Gates):
            getattr(self._gates, field.name)[rows, steps.zones] = getattr(pairs, field.name)
        return [
            self._crossing(passage, int(rows[passage.pair]), int(steps.zones[passage.pair]))
            for passage in passages
        ]

    def _look_back(self, fresh: Ints, speeds: Floats) -> list[Crossing]:
        """Return the passages made between the frame before the first sample and that sample.

        A person seen first inside a zone came in from outside if it was outside, and on the picture,
        half of that time before at the speed of its first step.
        """
        anchors, gates = self._anchors, self._gates
        first_at = anchors.seen_at[fresh]
        back_s = np.minimum((first_at - anchors.unseen_at[fresh]) / 2.0, LONGEST_LOOK_BACK_S)
        before = anchors.points[fresh] - speeds * back_s[:, None]
        depths, first_depths = self._geometry.signed_distances(before), gates.depths[fresh]
        is_on_picture = on_picture(before, self._aspect)[:, None]
        is_other_side = (depths >= 0.0) != (first_depths >= 0.0)
        is_settled = gates.is_in[fresh] == (first_depths >= 0.0)
        is_eligible = (first_depths >= 0.0) | self._geometry.is_line
        crossings = []
        for one, zone in np.argwhere(is_on_picture & is_other_side & is_settled & is_eligible).tolist():
            share = depths[one, zone] / (depths[one, zone] - first_depths[one, zone])
            at = float(first_at[one] - back_s[one] * (1.0 - share))
            where = before[one] + share * (anchors.points[fresh[one]] - before[one])
            if self._geometry.is_beside(where[None], np.array([zone]))[0]:
                is_in = bool(first_depths[one, zone] >= 0.0)
                gates.entered_at[fresh[one], zone] = at if is_in else np.nan
                crossings.append(Crossing(at, zone, int(anchors.ids[fresh[one]]), is_in))
        return crossings

    def _last_crossings(self, row: int, is_off_picture: bool) -> list[Crossing]:
        gates, zones = self._gates, np.arange(len(self._zones))
        mine = Gates(**{f.name: getattr(gates, f.name)[row] for f in fields(Gates)})
        is_waiting = mine.is_deep & ~np.isnan(mine.crossed_at) & np.isnan(mine.back_at)
        is_waiting &= self._geometry.is_beside(mine.crossed, zones)
        crossings = [
            self._crossing(flipped(mine, zone), row, zone) for zone in np.flatnonzero(is_waiting).tolist()
        ]
        if is_off_picture:
            mine.crossed_at[:] = self._anchors.seen_at[row]
            left = np.flatnonzero(mine.is_in & ~self._geometry.is_line).tolist()
            crossings += [self._crossing(flipped(mine, zone), row, zone) for zone in left]
        return crossings

    def _crossing(self, passage: Passage, row: int, zone: int) -> Crossing:
        dwell_s = None if self._geometry.is_line[zone] else passage.dwell_s
        return Crossing(passage.at_s, zone, int(self._anchors.ids[row]), passage.is_in, dwell_s)


def on_picture(points: Floats, aspect: float) -> Bools:
    """Say which points, `(n, 2)` in frame heights, lie on a picture of that aspect ratio."""
    x, y = points[:, 0], points[:, 1]
    is_inside: Bools = (x >= 0.0) & (x <= aspect) & (y >= 0.0) & (y <= 1.0)
    return is_inside


def _any_zone(is_in: Bools) -> Bools:
    is_in_any: Bools = np.logical_or.reduce(is_in, axis=1)
    return is_in_any
