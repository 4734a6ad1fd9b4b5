"""Traffic: an event for each person that goes into a zone, out of it, or over a line."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hypersight_core.domain.cameras import Camera, Processor
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.events import TRAFFIC_KINDS, Event, EventKind
from hypersight_core.domain.gates import Crossing
from hypersight_core.domain.overlay import Overlay
from hypersight_core.processors.following import Following, instant
from hypersight_core.processors.interface import Frame, SegmentStart, Services

TICK = timedelta(microseconds=1)


class Traffic:
    """Counts persons into zones and over lines.

    The value of an event is 1; it is 0 for the way from one zone of the processor straight into
    another, which was counted before. Events lie after the last frame of the segment before, so
    an interval that was answered stays as it was answered.
    """

    def __init__(self, camera: Camera, processor: Processor, services: Services) -> None:
        del camera, services
        self._processor = processor
        self._following = Following(processor.zones, processor.anchor, processor.threshold)
        self._counted_until: datetime | None = None
        self._total_in = 0
        self._total_out = 0

    def begin(self, start: SegmentStart) -> Sequence[Event]:
        """Begin a segment."""
        self._following.begin(start)
        self._counted_until = self._following.last_at
        return ()

    def update(self, frame: Frame, detections: Detections) -> Sequence[Event]:
        """Take in the next frame; return the passages that are certain now, in order of time."""
        crossings = self._following.update(frame, detections) or []
        if self._counted_until is not None and frame.at <= self._counted_until:
            self._counted_until = None  # the stream's clock was set back
        events = [self._event(crossing) for crossing in crossings]
        self._total_in += sum(event.value for event in events if event.kind in TRAFFIC_KINDS)
        self._total_out += sum(event.value for event in events if event.kind not in TRAFFIC_KINDS)
        return events

    def reconfigure(self, processor: Processor) -> None:
        """Go on under an edited configuration."""
        self._processor = processor
        self._following.reconfigure(processor.zones, processor.anchor, processor.threshold)

    def state(self) -> Mapping[str, Any]:
        """Return JSON values from which `restore` makes an equal processor."""
        return {"following": self._following.state(), "in": self._total_in, "out": self._total_out}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up where another traffic processor left off."""
        self._following.restore(state.get("following"))
        self._total_in, self._total_out = int(state.get("in", 0)), int(state.get("out", 0))

    def advice(self) -> str:
        """Return what an operator should change so that persons are followed better."""
        return self._following.advice()

    def overlay(self) -> Overlay:
        """Return the persons on the newest frame, the zones, and the counts so far."""
        caption = f"in {self._total_in} · out {self._total_out}"
        return Overlay(self._following.marks(), self._processor.zones, caption)

    def _event(self, crossing: Crossing) -> Event:
        ts = instant(crossing.at_s)
        if self._counted_until is not None:
            ts = max(ts, self._counted_until + TICK)
        return Event(
            processor_id=self._processor.processor_id,
            ts=ts,
            kind=self._kind(crossing),
            value=1 if crossing.is_from_outside or not crossing.is_in else 0,
            zone=crossing.zone,
            track_id=crossing.track_id,
            dwell_s=None if crossing.dwell_s is None else round(crossing.dwell_s, 6),
            processor_version=self._processor.version,
        )

    def _kind(self, crossing: Crossing) -> EventKind:
        if self._processor.zones[crossing.zone].is_line:
            return EventKind.CROSS_IN if crossing.is_in else EventKind.CROSS_OUT
        return EventKind.ENTER if crossing.is_in else EventKind.EXIT
