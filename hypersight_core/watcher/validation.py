"""A clip through the counters of its camera, compared with a count that somebody else made."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from hypersight_core.domain.cameras import Processor, WatchPlan
from hypersight_core.domain.events import OUT_KINDS, TRAFFIC_KINDS, Event
from hypersight_core.domain.overlay import Mark, Overlay
from hypersight_core.domain.privacy import EVERYTHING
from hypersight_core.domain.truth import Scene, Truth, read_truth
from hypersight_core.domain.validation import TOLERANCE_S, Comparison, Mistake, Passing, compare
from hypersight_core.domain.zones import Zone
from hypersight_core.errors import InvalidInput
from hypersight_core.processors.registry import Measure, measure_of
from hypersight_core.store.engine import Store
from hypersight_core.store.validations import NewValidation, add_validation
from hypersight_core.video.contact_sheet import frames_at, growth_chart, page, tile_of
from hypersight_core.video.drawing import annotated
from hypersight_core.video.film import first_frame_at
from hypersight_core.video.jpeg import encode_jpeg
from hypersight_core.video.picture import Picture
from hypersight_core.video.source import Recording, probe
from hypersight_core.watcher.analysis import PersonFinder
from hypersight_core.watcher.recording import count_recording

MOST_PICTURES = 24
"""Mistakes shown on one page; the chart above them shows all."""


@dataclass(frozen=True, slots=True)
class Validated:
    """How well one processor counted the clip."""

    processor: Processor
    comparison: Comparison
    watch_fps: float
    length_s: float
    """Seconds of the clip that were looked at."""
    picture: bytes
    """JPEG: both counts over time, and the frames of the mistakes."""


@dataclass(frozen=True, slots=True)
class AnnotatedClip:
    """A recorded film, and what people say happened on it."""

    path: Path
    truth: Path
    """A CSV or MOTChallenge file, see `hypersight_core.domain.truth`."""
    recording: Recording = field(default_factory=Recording)
    tolerance_s: float = TOLERANCE_S
    """How far apart a counted and a true passing may be."""

    def __post_init__(self) -> None:
        """Refuse a tolerance that matches nothing or everything."""
        if not 0 < self.tolerance_s < float("inf"):
            raise InvalidInput(f"the tolerance must be positive seconds, got {self.tolerance_s}")

    def truth_text(self) -> str:
        """Return what the truth says.

        Raises:
            InvalidInput: it cannot be read as text.
        """
        try:
            return self.truth.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{self.truth} cannot be read as text: {error}") from error

    def scene(self, processor: Processor) -> Scene:
        """Return where the truth about this clip takes place.

        Raises:
            SourceUnavailable: there is no such file, or no video in it.
            InvalidInput: nobody says how many frames a second it has.
        """
        facts = probe(str(self.path))
        fps = self.recording.fps or facts.fps
        if not fps:
            raise InvalidInput(f"{self.path.name} does not say its frame rate: give it")
        return Scene(
            processor.zones, processor.anchor, facts.width_px, facts.height_px, fps,
            first_frame_at(self.path, self.recording),
        )  # fmt: skip


def validate(
    plan: WatchPlan,
    finder: PersonFinder,
    clip: AnnotatedClip,
    on_progress: Callable[[float], None] = lambda _: None,
) -> list[Validated]:
    """Count a clip with the traffic processors of a plan and compare each with the truth.

    Args:
        on_progress: called with the seconds counted so far.

    Raises:
        SourceUnavailable: there is no such clip, or no video in it.
        InvalidInput: the truth cannot be understood, or the plan counts no traffic.
        DetectorUnavailable: the detector stayed away.
    """
    processors = tuple(one for one in plan.processors if measure_of(one.kind) is Measure.TRAFFIC)
    if not processors:
        raise InvalidInput(f"camera {plan.camera.camera_id} has no enabled processor of kind traffic")
    scene, truth_text = clip.scene(processors[0]), clip.truth_text()
    truths = [
        read_truth(truth_text, replace(scene, zones=one.zones, anchor=one.anchor)) for one in processors
    ]
    starts_at = scene.starts_at
    played = WatchPlan(camera=plan.camera, processors=processors).reading(clip.path.absolute().as_uri())
    recording = replace(clip.recording, starts_at=starts_at)
    events, length_s = _counted(played, finder, recording, on_progress)
    results = []
    for processor, truth in zip(processors, truths, strict=True):
        mine = [_passing(one, starts_at) for one in events if one.processor_id == processor.processor_id]
        comparison = compare(truth.passings, mine, truth.kinds, clip.tolerance_s)
        picture = _picture(played, processor, recording, comparison, (truth, mine), length_s)
        results.append(Validated(processor, comparison, plan.camera.watch_fps, length_s, picture))
    return results


def _counted(
    plan: WatchPlan, finder: PersonFinder, recording: Recording, on_progress: Callable[[float], None]
) -> tuple[list[Event], float]:
    events: list[Event] = []
    length_s = 0.0
    for record in count_recording(plan, finder, recording, stop=threading.Event(), on_progress=on_progress):
        events += record.events
        length_s += sum((seen.to_at - seen.from_at).total_seconds() for seen in record.observations)
    return [event for event in events if event.kind in (*TRAFFIC_KINDS, *OUT_KINDS)], length_s


def _passing(event: Event, starts_at: datetime) -> Passing:
    return Passing((event.ts - starts_at).total_seconds(), event.zone, event.kind in TRAFFIC_KINDS)


def _picture(
    plan: WatchPlan,
    processor: Processor,
    recording: Recording,
    comparison: Comparison,
    counts: tuple[Truth, Sequence[Passing]],
    length_s: float,
) -> bytes:
    starts_at = recording.starts_at
    assert starts_at is not None  # noqa: S101 - set by validate
    truth, counted = counts
    shown = comparison.mistakes[:MOST_PICTURES]
    times = {one: starts_at + timedelta(seconds=one.passing.at_s) for one in shown}
    frames = frames_at(plan.camera.stream_url, recording, list(times.values()), plan.camera.watch_fps)
    tiles = [
        annotated(tile_of(_visible(plan, frames[at])), _drawn(mistake, processor.zones), frames[at].at)
        for mistake, at in times.items()
        if at in frames
    ]
    chart = growth_chart(_times(truth.passings, comparison), _times(counted, comparison), length_s)
    return encode_jpeg(page(chart, tiles))


def _visible(plan: WatchPlan, picture: Picture) -> Picture:
    """Return a frame as people may see it; nobody knows any more who was found on it."""
    return replace(picture, veil=EVERYTHING) if plan.camera.blur_persons else picture


def _times(passings: Iterable[Passing], comparison: Comparison) -> list[float]:
    return [one.at_s for one in passings if (one.zone, one.is_in) in comparison.tallies]


def _drawn(mistake: Mistake, zones: Sequence[Zone]) -> Overlay:
    passing = mistake.passing
    what = "missed" if mistake.is_missed else "counted, but not there"
    marks = (Mark(passing.box_rel, "", is_inside=False),) if passing.box_rel else ()
    zone = zones[passing.zone]
    way = "in" if passing.is_in else "out"
    return Overlay(marks, (zone,), f"{what}: {way} at {passing.at_s:.1f} s")


def validate_and_keep(
    store: Store,
    plan: WatchPlan,
    finder: PersonFinder,
    clip: AnnotatedClip,
    on_progress: Callable[[float], None] = lambda _: None,
) -> list[Validated]:
    """Do `validate`, raising the same, and keep each comparison in the store."""
    found = validate(plan, finder, clip, on_progress)
    with store.transaction() as tx:
        for one in found:
            kept = NewValidation(
                processor_id=one.processor.processor_id,
                processor_version=one.processor.version,
                clip=clip.path.name,
                truth_from=clip.truth.name,
                length_s=one.length_s,
                watch_fps=one.watch_fps,
                tolerance_s=clip.tolerance_s,
                comparison=one.comparison,
                picture=one.picture,
            )
            add_validation(tx, kept)
    return found
