"""Watches a camera for a long time while everything goes wrong, and checks that nothing leaks or is lost.

    make soak                      (30 minutes)
    python -m tests.soak --minutes 5        (shorter ones end before memory has warmed up)

The watching part (source, sampler, detector client, processors, preview; no database) runs in a process of
its own, whose memory, file descriptors and threads are read every few seconds. Meanwhile the camera stalls,
answers 404 and 500, sends empty and broken segments, starts over and sets its clock, and the detector fails,
in a random order that repeats. At the end: memory of the last third at most 5 % above that of the second, as
many descriptors and threads, and every second of stream time either watched or reported as missed.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median

from hypersight.simulator import CameraSimulator
from hypersight.simulator import Fault as CameraFault
from hypersight.simulator.camera import CLOCK_JUMP
from hypersight_core.detection.client import ObjectDetector
from hypersight_core.domain.cameras import WatchPlan
from hypersight_core.domain.events import SegmentRecord
from hypersight_core.processors.interface import FoundFaces, Services
from hypersight_core.video.jpeg import encode_jpeg
from hypersight_core.video.source import Access, Gap, open_source
from hypersight_core.watcher.loop import SegmentLoop
from hypersight_core.watcher.outputs import Outputs
from tests.builders import a_camera, a_processor
from tests.clips import Film, write_film
from tests.fakes.detector_server import FakeDetector
from tests.fakes.detector_server import Fault as DetectorFault

FILM = Film(seconds=20, fps=25, gop_s=1, b_frames=2, width_px=640, height_px=360)
ROUND_S, TROUBLE_S, READ_EVERY_S = 20.0, 7.0, 5.0
MAX_LAG_S = 5.0
MOST_GROWTH = 1.05
Typical = Callable[[list[float]], float]
MEASURES: tuple[tuple[str, Typical, float], ...] = (
    ("memory (MB)", median, MOST_GROWTH),
    ("file descriptors", min, 1.0),
    ("threads", min, 1.0),
)
SEAM_S = 0.6
"""Stream time that may lie between two pieces unreported: half a segment, where one broke off."""


# ------------------------------------------------------------------ what is watched over


def watch(url: str, detector_url: str, folder: Path) -> None:
    """Watch until standard input ends; print a line of JSON for each record."""
    stop = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    plan = WatchPlan(
        camera=a_camera(stream_url=url, watch_fps=5.0, watch_rows=2, watch_cols=2),
        processors=(a_processor(output_hls=True), a_processor(processor_id=5, kind="objects")),
    )
    detector = ObjectDetector(detector_url, timeout_s=1.0, stop=stop.is_set)
    outputs = Outputs(folder, 1, tuple)  # nobody looks but at the preview that is always made
    services = Services(lambda _: FoundFaces((), ()), encode_jpeg, lambda _: None)
    loop = SegmentLoop(plan, detector, services, outputs=outputs, max_lag_s=MAX_LAG_S, stop=stop)
    loop.configure(plan)
    source = open_source(url, stop=stop.is_set, access=Access(timeout_s=3.0))
    for piece in source.pieces():
        record = loop.gap(piece) if isinstance(piece, Gap) else loop.segment(piece)
        if record is not None:
            print(json.dumps(list(_spans(record))), flush=True)
    source.close()
    loop.close()
    outputs.close()
    detector.close()


def _spans(record: SegmentRecord) -> Iterator[tuple[float, float, int, int]]:
    for seen in record.observations:
        yield (
            seen.from_at.timestamp(),
            seen.to_at.timestamp(),
            seen.frames_wanted,
            seen.frames_detected,
        )


# ------------------------------------------------------------------ watching over it


def usage(pid: int) -> tuple[float, int, int]:
    """Return memory in MB, open file descriptors and threads of a process."""
    process = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    memory_mb = int(status["VmRSS"].split()[0]) / 1024
    return memory_mb, len(list((process / "fd").iterdir())), int(status["Threads"])


def collect(lines: Iterable[str], spans: list[tuple[float, float, int, int]]) -> None:
    """Read what the watching process prints."""
    for line in lines:
        spans.extend(json.loads(line))


def make_trouble(camera: CameraSimulator, detector: FakeDetector, stop: threading.Event) -> None:
    """Let something go wrong for a while, and be well for a longer while, over and over."""
    order = random.Random(1)
    faults: list[CameraFault | DetectorFault] = [one for one in CameraFault if one is not CameraFault.NORMAL]
    faults += list(DetectorFault)
    while not stop.wait(ROUND_S - TROUBLE_S):
        fault = order.choice(faults)
        print(f"{fault.__class__.__module__.split('.')[-2]}: {fault}", flush=True)
        if isinstance(fault, CameraFault):
            camera.fault(fault)
        else:
            detector.fault = fault
        stop.wait(TROUBLE_S)
        camera.fault(CameraFault.NORMAL)
        detector.fault = None
        detector.requests.clear()


def judged(readings: list[tuple[float, int, int]], spans: list[tuple[float, float, int, int]]) -> list[str]:
    """Return what is wrong; nothing when all is well."""
    third = len(readings) // 3
    before, after = readings[third : 2 * third], readings[2 * third :]
    problems = []
    for index, (name, typical, most) in enumerate(MEASURES):
        was, now = (typical([one[index] for one in part]) for part in (before, after))
        print(f"{name}: {was:g} in the second third, {now:g} in the last")
        if now > was * most:
            problems.append(f"{name} grew from {was:g} to {now:g}")
    ordered = sorted(_as_if_never_set(spans))
    holes = [later[0] - earlier[1] for earlier, later in pairwise(ordered)]
    lost_s = sum(hole for hole in holes if hole > SEAM_S)
    watched = sum(one[3] for one in spans) / max(1, sum(one[2] for one in spans))
    length = timedelta(seconds=round(ordered[-1][1] - ordered[0][0]))
    print(f"{length} of stream time, {watched:.0%} of the frames watched, {lost_s:.1f} s unaccounted for")
    if lost_s > 0:
        problems.append(f"{lost_s:.1f} s are neither watched nor reported as missed")
    return problems


def _as_if_never_set(spans: list[tuple[float, float, int, int]]) -> Iterator[tuple[float, float, int, int]]:
    """Yield the spans with the hour taken away by which the camera's clock was ahead at times."""
    begins_s = min(one[0] for one in spans)
    jump_s = CLOCK_JUMP.total_seconds()
    for from_s, to_s, *frames in spans:
        ahead_s = jump_s if from_s - begins_s > jump_s / 2 else 0.0
        yield from_s - ahead_s, to_s - ahead_s, frames[0], frames[1]


def soak(minutes: float) -> list[str]:
    """Run it; return what is wrong."""
    stop = threading.Event()
    with tempfile.TemporaryDirectory() as name, FakeDetector() as detector:
        folder = Path(name)
        film = write_film(folder / "film.ts", FILM)
        with CameraSimulator(film, segment_s=1.0, window=5) as camera:
            command = [sys.executable, "-m", "tests.soak", "--watch", camera.url, detector.url, name]
            with subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            ) as process:
                spans: list[tuple[float, float, int, int]] = []
                assert process.stdout is not None
                reader = threading.Thread(target=collect, args=(process.stdout, spans))
                reader.start()
                trouble = threading.Thread(target=make_trouble, args=(camera, detector, stop))
                trouble.start()
                readings = []
                ends_s = time.monotonic() + 60 * minutes
                while time.monotonic() < ends_s and process.poll() is None:
                    time.sleep(READ_EVERY_S)
                    readings.append(usage(process.pid))
                is_alive = process.poll() is None
                stop.set()
                trouble.join()
                assert process.stdin is not None
                process.stdin.close()
                process.wait(timeout=30)
                reader.join()
    return judged(readings, spans) if is_alive else ["the watching process has died"]


def main() -> int:
    """Soak, or watch; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--watch", nargs=3, metavar=("URL", "DETECTOR", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.watch:
        watch(options.watch[0], options.watch[1], Path(options.watch[2]))
        return 0
    problems = soak(options.minutes)
    print("\n".join(problems) or "nothing leaks, nothing is lost")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
