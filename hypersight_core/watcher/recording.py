"""Recorded files through the very same counters, with the file's own time stamps."""

import threading
from collections.abc import Callable, Iterator

from hypersight_core.domain.cameras import WatchPlan
from hypersight_core.domain.events import SegmentRecord
from hypersight_core.errors import DetectorUnavailable
from hypersight_core.processors.interface import FoundFaces, Services
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


def _nothing_live() -> Services:
    def find_faces(_: bytes) -> FoundFaces:
        return FoundFaces((), ())

    return Services(find_faces, encode_jpeg, lambda _: None)
