"""Recorded files through the very same counters, with the file's own time stamps."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from hypersight_core.domain.cameras import Camera, WatchPlan, time_zone
from hypersight_core.domain.events import SegmentRecord
from hypersight_core.domain.recordings import named_start
from hypersight_core.errors import DetectorUnavailable, InvalidInput
from hypersight_core.processors.interface import FoundFaces, Services
from hypersight_core.store import watching
from hypersight_core.store.engine import Store
from hypersight_core.video.jpeg import encode_jpeg
from hypersight_core.video.source import Gap, Recording, open_source
from hypersight_core.watcher.analysis import PersonFinder
from hypersight_core.watcher.loop import SegmentLoop

PATIENCE_S = 30.0
"""How long one slice of a file waits for the detector before the whole count is given up."""


def count_recording(
    plan: WatchPlan,
    finder: PersonFinder,
    recording: Recording,
    *,
    stop: threading.Event,
    on_progress: Callable[[float], None] = lambda _: None,
) -> Iterator[SegmentRecord]:
    """Yield one record for each slice of the file that `plan.camera.stream_url` names.

    The same file, plan and detector give the same records, so storing them twice changes nothing.

    Args:
        on_progress: called with the seconds counted so far.

    Raises:
        SourceUnavailable: there is no such file, or no video in it.
        DetectorUnavailable: the detector stayed away; what was yielded before is right.
    """
    loop = SegmentLoop(plan, finder, _nothing_live(), outputs=None, max_lag_s=PATIENCE_S, stop=stop)
    loop.configure(plan)
    source = open_source(plan.camera.stream_url, stop=stop.is_set, recording=recording)
    seconds = 0.0
    try:
        for piece in source.pieces():
            record = loop.gap(piece) if isinstance(piece, Gap) else loop.segment(piece)
            if record is None:
                continue
            if loop.detector_problem and not stop.is_set():
                raise DetectorUnavailable(f"the detector does not answer: {loop.detector_problem}")
            seconds += sum((seen.to_at - seen.from_at).total_seconds() for seen in record.observations)
            on_progress(seconds)
            yield record
    finally:
        source.close()
        loop.close()


def store_recording(
    store: Store, plan: WatchPlan, finder: PersonFinder, recording: Recording
) -> list[SegmentRecord]:
    """Count a film and write what it shows in the place of what was known about its stretch of time.

    All at once at the end: until then, and when something goes wrong, everything stays as it was.

    Raises:
        SourceUnavailable: there is no such file, or no video in it.
        DetectorUnavailable: the detector stayed away.
    """
    records = list(count_recording(plan, finder, recording, stop=threading.Event()))
    with store.transaction() as tx:
        watching.replace_recording(tx, plan, records)
    return records


def film_of(
    path: Path, camera: Camera, *, starts_at: datetime | None = None, fps: float | None = None
) -> Recording:
    """Return what is known about a camera's film besides what it says itself.

    Args:
        starts_at: when the first frame was taken, without an offset in the camera's time zone; left out:
            the time in the file's name, if there is one.
        fps: its true frame rate.

    Raises:
        InvalidInput: `fps` is not positive.
    """
    if fps is not None and not 0 < fps < float("inf"):
        raise InvalidInput(f"a film's frame rate must be positive, got {fps}")
    zone = time_zone(camera.time_zone)
    if starts_at is not None and starts_at.tzinfo is None:
        starts_at = starts_at.replace(tzinfo=zone)
    return Recording(starts_at=starts_at or named_start(path.name, zone), fps=fps)


def _nothing_live() -> Services:
    def find_faces(_: bytes) -> FoundFaces:
        return FoundFaces((), ())

    return Services(find_faces, encode_jpeg, lambda _: None)
