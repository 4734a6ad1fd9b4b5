"""What a processor would have counted: the real one, run over what was detected in the last minutes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from hypersight_core.domain.cameras import Camera, Processor, ProcessorSettings
from hypersight_core.domain.events import OUT_KINDS, TRAFFIC_KINDS, Event, EventKind
from hypersight_core.domain.recent import RecentFrame, RecentSegment
from hypersight_core.errors import InvalidInput
from hypersight_core.processors import registry
from hypersight_core.processors.interface import Frame, FrameProcessor, SegmentStart, Services

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event, and where on the picture the person was."""

    event: Event
    place_rel: Point | None
    """The anchor of the person's box on the frame that made it certain; None: not seen on that frame."""


@dataclass(slots=True)
class Trial:
    """What would have been counted."""

    sightings: list[Sighting] = field(default_factory=list)
    frames: int = 0
    from_at: datetime | None = None
    to_at: datetime | None = None
    watched_s: float = 0.0
    """Time that was really seen; gaps are none of it."""
    people_max: int = 0
    person_s: float = 0.0
    """Number of persons, summed up over the time watched."""

    @property
    def entered(self) -> int:
        """Persons that came in: the traffic."""
        return sum(one.event.value for one in self.sightings if one.event.kind in TRAFFIC_KINDS)

    @property
    def left(self) -> int:
        """Persons that went out."""
        return sum(one.event.value for one in self.sightings if one.event.kind in OUT_KINDS)

    @property
    def people_mean(self) -> float | None:
        """Persons present, on average over the time watched; None when that is none."""
        return self.person_s / self.watched_s if self.watched_s > 0 else None


def tried(camera: Camera, settings: ProcessorSettings, segments: Sequence[RecentSegment]) -> Trial:
    """Run a processor of these settings over what was detected; its numbers are those it would have given.

    Raises:
        InvalidInput: such a processor looks at pictures, and none are kept.
    """
    if registry.measure_of(settings.kind) is registry.Measure.NOTHING:
        _no_pictures()
    values: dict[str, Any] = {name: getattr(settings, name) for name in ProcessorSettings.__slots__}
    processor = Processor(**values, processor_id=0, camera_id=camera.camera_id, version=0)
    running = registry.make(camera, processor, Services(_no_pictures, _no_pictures, _no_pictures))
    trial = Trial()
    for segment in segments:
        _take(trial, running, processor, segment)
    return trial


def _take(trial: Trial, running: FrameProcessor, processor: Processor, segment: RecentSegment) -> None:
    if not segment.frames:
        return
    trial.from_at = trial.from_at or segment.start_at
    trial.to_at = segment.stop_at
    trial.frames += len(segment.frames)
    running.begin(SegmentStart(segment.frames[0].at, segment.is_continuous))
    people_count = 0
    for frame, lasts_s in _lasting(segment):
        events = running.update(_as_frame(frame), frame.detections())
        places = _places(running, processor) if events else {}
        trial.sightings += [Sighting(event, places.get(event.track_id)) for event in events]
        people_count = next((one.value for one in events if one.kind is EventKind.COUNT), people_count)
        trial.people_max = max(trial.people_max, people_count)
        trial.watched_s += lasts_s
        trial.person_s += people_count * lasts_s


def _lasting(segment: RecentSegment) -> Iterator[tuple[RecentFrame, float]]:
    """Yield the frames with the time each stands for: less than all of it where some were not analysed."""
    share = len(segment.frames) / max(segment.frames_wanted, len(segment.frames))
    lasts_s = (segment.stop_at - segment.start_at).total_seconds() * share / len(segment.frames)
    for frame in segment.frames:
        yield frame, max(0.0, lasts_s)


def _places(running: FrameProcessor, processor: Processor) -> dict[int, Point]:
    found = {}
    for mark in running.overlay().marks:
        left, top, right, bottom = mark.box_rel
        if (track_id := mark.label.removeprefix("#")).isdigit():
            place = ((left + right) / 2, top + (bottom - top) * processor.anchor.share)
            found[int(track_id)] = place
    return found


def _as_frame(frame: RecentFrame) -> Frame:
    return Frame(frame.at, frame.width_px, frame.height_px, _no_pictures)


def _no_pictures(*_: object) -> NoReturn:
    raise InvalidInput("this kind looks at pictures, and only positions are kept: it cannot be tried")
