"""What others are told of an event."""

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from hypersight_core.domain.events import Event


@dataclass(frozen=True, slots=True)
class EventMessage:
    """An event on its way to others."""

    camera_id: int
    event: Event

    @property
    def event_id(self) -> str:
        """The event's key in one word: the same however often it is told."""
        one = self.event
        at = one.ts.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return f"{one.processor_id}.{at}.{one.kind}.{one.zone}.{one.track_id}"

    def body(self) -> dict[str, Any]:
        """Return it for JSON, named as in the API."""
        one = self.event
        return {
            "id": self.event_id,
            "camera_id": self.camera_id,
            "processor_id": one.processor_id,
            "ts": one.ts.astimezone(UTC),
            "kind": one.kind.value,
            "value": one.value,
            "zone": one.zone,
            "track_id": one.track_id,
            "dwell_s": one.dwell_s,
            "processor_version": one.processor_version,
        }
