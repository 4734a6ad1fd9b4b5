"""Objects: how many persons are in the zones, as a step function."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypersight_core.domain.cameras import Camera, Processor
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.events import Event, EventKind
from hypersight_core.domain.overlay import Overlay
from hypersight_core.processors.following import Following
from hypersight_core.processors.interface import Frame, SegmentStart, Services


class Objects:
    """Says the number of persons in any zone when it changes, and with the first frame of each segment.

    Persons, not boxes: one that is missed on a frame is still there, and one in two zones is one.
    """

    def __init__(self, camera: Camera, processor: Processor, services: Services) -> None:
        del camera, services
        self._processor = processor
        self._following = Following(processor.zones, processor.anchor, processor.threshold)
        self._people_count: int | None = None

    def begin(self, start: SegmentStart) -> Sequence[Event]:
        """Begin a segment; its first frame will say the count."""
        self._following.begin(start)
        self._people_count = None
        return ()

    def update(self, frame: Frame, detections: Detections) -> Sequence[Event]:
        """Take in the next frame; return the new count if there is one."""
        if self._following.update(frame, detections) is None:
            return ()
        people_count = len(self._following.people_inside())
        if people_count == self._people_count:
            return ()
        self._people_count = people_count
        processor = self._processor
        return (
            Event(
                processor_id=processor.processor_id,
                ts=frame.at,
                kind=EventKind.COUNT,
                value=people_count,
                processor_version=processor.version,
            ),
        )

    def reconfigure(self, processor: Processor) -> None:
        """Go on under an edited configuration; the next frame says the count."""
        self._processor = processor
        self._following.reconfigure(processor.zones, processor.anchor, processor.threshold)
        self._people_count = None

    def state(self) -> Mapping[str, Any]:
        """Return JSON values from which `restore` makes an equal processor."""
        return {"following": self._following.state(), "people_count": self._people_count}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up where another objects processor left off."""
        self._following.restore(state.get("following"))
        people_count = state.get("people_count")
        self._people_count = None if people_count is None else int(people_count)

    def advice(self) -> str:
        """Return what an operator should change so that persons are followed better."""
        return self._following.advice()

    def overlay(self) -> Overlay:
        """Return the persons on the newest frame, the zones, and the count."""
        count = self._people_count or 0
        caption = "1 person" if count == 1 else f"{count} persons"
        return Overlay(self._following.marks(), self._processor.zones, caption)
