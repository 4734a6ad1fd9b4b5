"""Queue: how many persons have been waiting in the zones."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypersight_core.domain.cameras import Camera, Processor
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.events import Event, EventKind
from hypersight_core.domain.overlay import Overlay
from hypersight_core.processors.following import Following
from hypersight_core.processors.interface import Frame, SegmentStart, Services

WAITING_S = 10.0
"""Whoever has been in the zones for so long is waiting."""


class Queue:
    """Says the number of waiting persons when it changes, and with the first frame of each segment."""

    def __init__(self, camera: Camera, processor: Processor, services: Services) -> None:
        del camera, services
        self._processor = processor
        self._following = Following(processor.zones, processor.anchor, processor.threshold)
        self._here_since: dict[int, float] = {}
        self._waiting: int | None = None

    def begin(self, start: SegmentStart) -> Sequence[Event]:
        """Begin a segment; its first frame will say the number."""
        self._following.begin(start)
        self._waiting = None
        return ()

    def update(self, frame: Frame, detections: Detections) -> Sequence[Event]:
        """Take in the next frame; return the new number if there is one."""
        if self._following.update(frame, detections) is None:
            return ()
        now_s, since = frame.at.timestamp(), self._here_since
        self._here_since = {person: since.get(person, now_s) for person in self._following.people_inside()}
        waiting = sum(now_s - since_s >= WAITING_S for since_s in self._here_since.values())
        if waiting == self._waiting:
            return ()
        self._waiting = waiting
        number, version = self._processor.processor_id, self._processor.version
        return (
            Event(
                processor_id=number,
                ts=frame.at,
                kind=EventKind.COUNT,
                value=waiting,
                processor_version=version,
            ),
        )

    def reconfigure(self, processor: Processor) -> None:
        """Go on under an edited configuration."""
        self._processor = processor
        self._following.reconfigure(processor.zones, processor.anchor, processor.threshold)
        self._waiting = None

    def state(self) -> Mapping[str, Any]:
        """Return JSON values; the names of JSON objects are text."""
        since = {str(person): since_s for person, since_s in self._here_since.items()}
        return {"following": self._following.state(), "here_since": since, "waiting": self._waiting}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up where another one left off."""
        self._following.restore(state.get("following"))
        self._here_since = {int(person): float(at_s) for person, at_s in state.get("here_since", {}).items()}
        self._waiting = state.get("waiting")

    def advice(self) -> str:
        """Return what an operator should change so that persons are followed better."""
        return self._following.advice()

    def overlay(self) -> Overlay:
        """Return the persons on the newest frame, the zones, and the number."""
        return Overlay(self._following.marks(), self._processor.zones, f"{self._waiting or 0} waiting")
