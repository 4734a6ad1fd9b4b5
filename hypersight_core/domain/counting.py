"""Who goes in, who goes out, who is there: tracks against zones."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypersight_core.domain.cameras import Anchor
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.gates import Crossing, Persons, ZoneGates, on_picture
from hypersight_core.domain.passing import GateSettings
from hypersight_core.domain.tracking import Tracker
from hypersight_core.domain.tracks import TrackingSettings
from hypersight_core.domain.zones import Zone, parse_zones, zones_json
from hypersight_core.errors import InvalidInput

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

WEAK_SHARE = 0.8
"""Detections from this share of the threshold on may go on with a track; lower ones are noise."""
FORMAT = 7
"""Of the saved state."""


@dataclass(frozen=True, slots=True)
class PersonInView:
    """A person detected on the newest frame."""

    track_id: int
    box_rel: tuple[float, float, float, float]
    is_inside: bool


class ZoneCounter:
    """Follows persons and says when they pass the borders of zones.

    Deterministic, and bounded in memory. Times are seconds since any fixed instant.

    Args:
        zones: polygons and lines; at least one.
        anchor: the point of a box that stands for the person.
        aspect: width divided by height of the frame.
    """

    def __init__(
        self,
        zones: Sequence[Zone],
        anchor: Anchor,
        aspect: float,
        tracking: TrackingSettings | None = None,
        gating: GateSettings | None = None,
        *,
        first_id: int = 1,
    ) -> None:
        self._zones, self._anchor, self._gating = tuple(zones), anchor, gating
        self.aspect = aspect
        self._scale = np.array([aspect, 1.0, aspect, 1.0])
        self._tracking = tracking or TrackingSettings()
        self._tracker = Tracker(self._tracking, first_id=first_id)
        self._gates = ZoneGates(self._zones, aspect, gating)
        self.last_at: float | None = None
        """Time of the newest frame."""

    def update(self, at_s: float, detections: Detections, threshold: float) -> list[Crossing]:
        """Take in the persons found on the next frame; return what happened, in order of time.

        Args:
            at_s: later than the frame before.
            threshold: least score that begins a track; down to `WEAK_SHARE` of it may only go on with one.
        """
        used = (detections.scores >= WEAK_SHARE * threshold).nonzero()[0]
        boxes, scores = detections.boxes_rel.take(used, axis=0) * self._scale, detections.scores.take(used)
        change = self._tracker.update(at_s, boxes, scores >= threshold)
        crossings: list[Crossing] = []
        if len(change.ended):
            crossings = self._gates.end(change.ended, ~on_picture(change.ends, self.aspect))
        if len(self._tracker.tracks):
            frame_s = math.inf if self.last_at is None else at_s - self.last_at
            crossings += self._gates.follow(self._persons(), frame_s)
        self.last_at = at_s
        return sorted(crossings, key=lambda crossing: (crossing.at_s, crossing.track_id, crossing.zone))

    @property
    def next_id(self) -> int:
        """Id of the next new track."""
        return self._tracker.next_id

    def step_widths(self, step_s: float) -> Floats:
        """Return how far each person seen on the newest frame walks in `step_s`, in widths of its box."""
        tracks = self._tracker.tracks
        known = (tracks.seen_at == self.last_at) & (tracks.hits > 1)
        x, y = tracks.speeds[:, known]
        return np.asarray(np.hypot(x, y) * step_s / tracks.sizes[0, known])

    def interrupt(self) -> None:
        """Say that nobody knows what happened since the newest frame.

        The uncertainty decides who is found again on the next one; the others are gone.
        """
        self._tracker.interrupt()

    def people_inside(self) -> tuple[int, ...]:
        """Return the track ids of the persons that are in the polygons now, by where their anchors are.

        A person missed on a frame is where it should be; one that was seen only once is not there yet,
        unless it could hardly have been seen before. Where frames are so far apart that walkers cannot
        be followed, what is seen counts.
        """
        return tuple(self._tracker.tracks.ids[self._is_there()].tolist())

    def in_view(self) -> list[PersonInView]:
        """Return the persons detected on the newest frame, in the order of their ids."""
        tracks = self._tracker.tracks
        corners = tracks.points - tracks.sizes * np.array([[0.5], [self._tracking.handle]])
        boxes = np.concatenate([corners, corners + tracks.sizes]).T / self._scale
        is_there = self._is_there()
        people = []
        for row in (tracks.seen_at == self.last_at).nonzero()[0].tolist():
            left, top, right, bottom = boxes[row].clip(0.0, 1.0).tolist()
            people.append(PersonInView(int(tracks.ids[row]), (left, top, right, bottom), bool(is_there[row])))
        return people

    def rezone(self, zones: Sequence[Zone], anchor: Anchor) -> None:
        """Go on with edited zones; visits to unchanged ones go on, unless the anchor moved."""
        self._zones = tuple(zones)
        if anchor is self._anchor:
            self._gates.rezone(self._zones)
            return
        self._anchor = anchor
        self._gates = ZoneGates(self._zones, self.aspect, self._gating)
        persons = self._persons()
        self._gates.follow(persons._replace(unseen_at=np.full(len(persons.ids), np.nan)))

    def state(self) -> dict[str, Any]:
        """Return JSON values for `restore`."""
        return {
            "format": FORMAT,
            "aspect": self.aspect,
            "anchor": self._anchor.value,
            "zones": zones_json(self._zones),
            "last_at": self.last_at,
            "tracker": self._tracker.state(),
            "gates": self._gates.state(),
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> "ZoneCounter":
        """Return a counter that goes on where the one that gave `state` was.

        Raises:
            InvalidInput: `state` is none of ours, or of another version.
        """
        try:
            if state["format"] != FORMAT:
                raise InvalidInput(f"saved state of format {state['format']}, this is {FORMAT}")
            counter = cls(parse_zones(state["zones"]), Anchor(state["anchor"]), float(state["aspect"]))
            counter.last_at = None if state["last_at"] is None else float(state["last_at"])
            counter._tracker.restore(state["tracker"])
            counter._gates.restore(state["gates"])
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput("the saved counter cannot be read") from error
        if len(counter._gates) != len(counter._tracker.tracks):
            raise InvalidInput("the saved tracks and gates do not belong together")
        return counter

    def _is_there(self) -> Bools:
        """Say who is in the polygons now.

        Not whom the gates hold: passing a border for good takes a while, and presence is of the moment.
        """
        tracks, settings = self._tracker.tracks, self._tracking
        last_at = math.nan if self.last_at is None else self.last_at
        is_unseen = tracks.seen_at < last_at
        is_there = self._gates.is_inside
        if is_unseen.any():
            points = self._anchor_points(self._tracker.predicted_points(last_at))
            is_there = np.where(is_unseen, self._gates.is_within(points), is_there)
        is_known = (tracks.hits > 1) | ~(tracks.seen_at - tracks.unseen_at <= settings.single_s)
        is_lost = is_unseen & ~tracks.is_confirmed(settings) & (last_at - tracks.seen_at > settings.max_age_s)
        is_weak = tracks.seen_at - tracks.strong_at > settings.weak_s
        return np.asarray(is_there & is_known & ~is_lost & ~is_weak)

    def _persons(self) -> Persons:
        tracks = self._tracker.tracks
        spots = np.empty((3, len(tracks)))
        spots[0], spots[1:] = tracks.seen_at, self._anchor_points(tracks.points)
        return Persons(tracks.ids, spots, tracks.speeds, tracks.sizes[1], tracks.visibility, tracks.unseen_at)

    def _anchor_points(self, handles: Floats) -> Floats:
        """Return the points that stand for the persons, `(2, n)`, whose handles these are."""
        points = handles.copy()
        points[1] += (self._anchor.share - self._tracking.handle) * self._tracker.tracks.sizes[1]
        return points
