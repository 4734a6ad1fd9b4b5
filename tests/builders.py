"""Valid values with a test's own facts put in: `a_camera(watch_fps=5)`."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypersight_core.domain.cameras import Camera, CameraSettings, Processor, ProcessorSettings
from hypersight_core.domain.events import Event, EventKind, SegmentRecord
from hypersight_core.domain.zones import Zone

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEFT_HALF = Zone(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)), "left half")


def noon(seconds: float = 0.0) -> datetime:
    """Return noon of the tests' day plus `seconds`."""
    return NOON + timedelta(seconds=seconds)


def camera_settings(**changes: Any) -> CameraSettings:
    usual = {"name": "door", "stream_url": "http://user:secret@camera.invalid/live.m3u8"}
    return CameraSettings(**(usual | changes))


def a_camera(**changes: Any) -> Camera:
    usual: dict[str, Any] = {
        "camera_id": 1,
        "name": "door",
        "stream_url": "http://user:secret@camera.invalid/live.m3u8",
    }
    return Camera(**(usual | changes))


def processor_settings(**changes: Any) -> ProcessorSettings:
    usual: dict[str, Any] = {"kind": "traffic", "zones": (LEFT_HALF,)}
    return ProcessorSettings(**(usual | changes))


def a_processor(**changes: Any) -> Processor:
    usual: dict[str, Any] = {
        "processor_id": 4, "camera_id": 1, "version": 1, "kind": "traffic", "zones": (LEFT_HALF,),
    }  # fmt: skip
    return Processor(**(usual | changes))


def an_event(**changes: Any) -> Event:
    usual: dict[str, Any] = {
        "processor_id": 4, "ts": NOON, "kind": EventKind.ENTER, "zone": 0, "track_id": 1,
    }  # fmt: skip
    return Event(**(usual | changes))


def a_record(**changes: Any) -> SegmentRecord:
    usual: dict[str, Any] = {"camera_id": 1, "seq": 1, "position_at": NOON}
    return SegmentRecord(**(usual | changes))
