"""Persons followed through the frames of one camera: what the counting processors share."""

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

from hypersight_core.domain.cameras import Anchor
from hypersight_core.domain.counting import PersonInView, ZoneCounter
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.gates import Crossing
from hypersight_core.domain.overlay import Mark
from hypersight_core.domain.zones import WHOLE_FRAME, Zone
from hypersight_core.errors import InvalidInput
from hypersight_core.processors.interface import Frame, SegmentStart

logger = logging.getLogger(__name__)

CLOCK_STEP_S = 10.0
"""A stream clock that goes back further than this was set anew; less is a frame out of order."""
ASPECT_CHANGE = 0.01
STEPS_LOOKED_AT = 200
FASTEST_STEP_WIDTHS = 0.7
"""A median step above this many box widths is too fast for the frame rate."""


class Following:
    """A counter that begins with the first frame, and again when the picture or the clock changes."""

    def __init__(self, zones: Sequence[Zone], anchor: Anchor, threshold: float) -> None:
        self._zones, self._anchor, self._threshold = tuple(zones) or (WHOLE_FRAME,), anchor, threshold
        self._counter: ZoneCounter | None = None
        self._step_widths: deque[float] = deque(maxlen=STEPS_LOOKED_AT)

    @property
    def last_at(self) -> datetime | None:
        """Time of the newest frame."""
        if self._counter is None or self._counter.last_at is None:
            return None
        return instant(self._counter.last_at)

    def begin(self, start: SegmentStart) -> None:
        """Begin a segment."""
        if self._counter is not None and not start.is_continuous:
            self._counter.interrupt()

    def update(self, frame: Frame, detections: Detections) -> list[Crossing] | None:
        """Take in a frame; None when it is not later than the one before."""
        counter, at_s = self._counter, frame.at.timestamp()
        aspect = frame.width_px / frame.height_px
        if counter is None or self._is_other_scene(counter, aspect, at_s):
            first_id = 1 if counter is None else counter.next_id
            counter = ZoneCounter(self._zones, self._anchor, aspect, first_id=first_id)
            self._counter = counter
        elif counter.last_at is not None and at_s <= counter.last_at:
            return None
        step_s = at_s - counter.last_at if counter.last_at is not None else 0.0
        crossings = counter.update(at_s, detections, self._threshold)
        self._step_widths.extend(counter.step_widths(step_s).tolist())
        return crossings

    def advice(self) -> str:
        """Return that the scene moves too fast for the frame rate, when it does."""
        if len(self._step_widths) < STEPS_LOOKED_AT // 4 or median(self._step_widths) <= FASTEST_STEP_WIDTHS:
            return ""
        return "people move too far between two frames to be followed well: raise watch_fps"

    def people_inside(self) -> tuple[int, ...]:
        """Return the track ids of the persons that are in the polygons now, also of those just missed."""
        return self._counter.people_inside() if self._counter is not None else ()

    def in_view(self) -> list[PersonInView]:
        """Return the persons detected on the newest frame."""
        return self._counter.in_view() if self._counter is not None else []

    def marks(self) -> tuple[Mark, ...]:
        """Return what to draw around the persons on the newest frame."""
        return tuple(
            Mark(person.box_rel, f"#{person.track_id}", person.is_inside) for person in self.in_view()
        )

    def reconfigure(self, zones: Sequence[Zone], anchor: Anchor, threshold: float) -> None:
        """Go on with edited zones; visits to unchanged ones go on."""
        self._zones, self._anchor, self._threshold = tuple(zones) or (WHOLE_FRAME,), anchor, threshold
        if self._counter is not None:
            self._counter.rezone(self._zones, anchor)

    def state(self) -> dict[str, Any] | None:
        """Return JSON values for `restore`."""
        return self._counter.state() if self._counter is not None else None

    def restore(self, state: Mapping[str, Any] | None) -> None:
        """Go on where `state` was written; a state nobody can read is logged and left alone."""
        if not state:
            return
        try:
            counter = ZoneCounter.restored(state)
        except InvalidInput as error:
            logger.warning("saved tracks not usable, counting starts afresh", extra={"reason": str(error)})
            return
        counter.rezone(self._zones, self._anchor)
        self._counter = counter

    @staticmethod
    def _is_other_scene(counter: ZoneCounter, aspect: float, at_s: float) -> bool:
        is_set_back = counter.last_at is not None and at_s < counter.last_at - CLOCK_STEP_S
        return is_set_back or abs(aspect / counter.aspect - 1.0) > ASPECT_CHANGE


def instant(at_s: float) -> datetime:
    """Return seconds since 1970 as an aware time in UTC, to the microsecond."""
    return datetime.fromtimestamp(round(at_s, 6), UTC)
