"""`hypersight process FILE`."""

import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from hypersight.database import opened_store
from hypersight.detecting import object_detector_url
from hypersight_core.detection.client import ObjectDetector
from hypersight_core.domain.cameras import Anchor, Camera, Processor, WatchPlan
from hypersight_core.domain.events import Event, EventKind
from hypersight_core.domain.zones import parse_zones
from hypersight_core.errors import SetupFailed
from hypersight_core.settings import Settings
from hypersight_core.store import watching
from hypersight_core.store.engine import Store
from hypersight_core.video.source import Recording, probe
from hypersight_core.watcher.recording import count_recording, film_of

TRAFFIC_ID, OBJECTS_ID = 1, 2
"""Ids that events carry when they are printed rather than stored."""


class ProcessCommand:
    """Recordings through the counters."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings, self._console = settings, console

    def process(  # noqa: PLR0913 - the options of a command line
        self,
        file: Path,
        /,
        *,
        camera: int | None = None,
        zones: str = "",
        start: datetime | None = None,
        source_fps: float | None = None,
        watch_fps: float = 2.0,
        threshold: float = 0.4,
        anchor: Anchor = Anchor.CENTER,
        output: Literal["summary", "jsonl"] = "summary",
    ) -> None:
        """Count a recorded file with the same counters as a live camera.

        With --camera its enabled processors count, at its rate and in its mosaics, and the events take the
        place of what was stored for the film's stretch of time (so again is harmless, also with other zones).
        Without, --zones are counted and the events are only printed.

        Args:
            file: the film.
            camera: the camera that took it; its processors count and its events are stored.
            zones: polygons in frame-relative coordinates, '[[[0.1, 0.2], [0.5, 0.2], [0.5, 0.9]]]'.
            start: when the first frame was taken, with offset; without one in the camera's time zone (UTC
                without --camera); left out: the time in the file's name, else the file's creation time.
            source_fps: the film's true rate, where its header is wrong.
            watch_fps: frames per second to analyse.
            threshold: least detection confidence, 0 to 1.
            anchor: the point of a person that counts: center or feet.
            output: summary, or jsonl: one event a line.
        """
        if not file.is_file():
            raise SetupFailed(f"there is no file {file}", hint="give the path of a video file")
        probe(str(file))
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with object_detector_url(self._settings, self._console_for(output)) as url:
            if camera is not None:
                with opened_store(self._settings) as store:
                    plan = _plan_of(store, camera, file)
                    self._count(
                        plan,
                        film_of(file, plan.camera, starts_at=start, fps=source_fps),
                        url,
                        stop,
                        output,
                        store,
                    )
                return
            plan = _plan_for(file, zones, watch_fps, threshold, anchor)
            self._count(
                plan, film_of(file, plan.camera, starts_at=start, fps=source_fps), url, stop, output, None
            )

    def _count(
        self,
        plan: WatchPlan,
        recording: Recording,
        detector_url: str,
        stop: threading.Event,
        output: str,
        store: Store | None,
    ) -> None:
        tally: Counter[tuple[int, EventKind]] = Counter()
        finder = ObjectDetector.of(self._settings, detector_url, stop=stop.is_set)
        records = []
        try:
            with self._progress(output) as advance:
                for record in count_recording(plan, finder, recording, stop=stop, on_progress=advance):
                    tally.update((event.processor_id, event.kind) for event in record.events)
                    records.append(record)
                    if output == "jsonl":
                        _print(record.events)
        finally:
            finder.close()
        if store is not None:
            with store.transaction() as tx:
                watching.replace_recording(tx, plan, records)
        if output == "summary":
            self._summary(plan, tally, stored=store is not None)

    def _summary(self, plan: WatchPlan, tally: Counter[tuple[int, EventKind]], *, stored: bool) -> None:
        for processor in plan.processors:
            counts = [
                f"{kind.value} {n}" for (owner, kind), n in tally.items() if owner == processor.processor_id
            ]
            label = f"{processor.kind} {processor.name}".strip()
            self._console.print(f"{label}: {', '.join(counts) or 'nothing happened'}")
        self._console.print("events stored" if stored else "events not stored (no --camera)")

    def _console_for(self, output: str) -> Console:
        return self._console if output == "summary" else Console(stderr=True)

    @contextmanager
    def _progress(self, output: str) -> Iterator[Callable[[float], None]]:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console_for(output), transient=True) as bar:
            task = bar.add_task("counting", total=None)
            yield lambda seconds: bar.update(
                task, completed=seconds, description=f"counting, {seconds:.0f} s done"
            )


def _plan_of(store: Store, camera_id: int, file: Path) -> WatchPlan:
    with store.transaction() as tx:
        return watching.counting_plan(tx, camera_id).reading(file.absolute().as_uri())


def _plan_for(file: Path, zones: str, watch_fps: float, threshold: float, anchor: Anchor) -> WatchPlan:
    camera = Camera(camera_id=1, name=file.name, stream_url=file.absolute().as_uri(), watch_fps=watch_fps)
    shapes = parse_zones(zones) if zones else ()
    counted = [
        Processor(
            processor_id=processor_id,
            camera_id=1,
            version=1,
            kind=kind,
            zones=shapes,
            threshold=threshold,
            anchor=anchor,
        )
        for processor_id, kind in ((TRAFFIC_ID, "traffic"), (OBJECTS_ID, "objects"))
        if shapes or kind != "traffic"
    ]
    return WatchPlan(camera=camera, processors=tuple(counted))


def _print(events: tuple[Event, ...]) -> None:
    for event in events:
        sys.stdout.buffer.write(msgspec.json.encode(event) + b"\n")
    sys.stdout.flush()
