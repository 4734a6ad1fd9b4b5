"""What a preview costs a watcher, in CPU.

    python -m benchmarks.preview [--film FILE] [--fps 2] [--rounds 5]

Counts a film (made up, unless one is named) as a watcher does, with a detector that costs nothing here: with
nobody looking, and with one preview; the ways are taken in turn. Prints seconds of CPU for a minute of film,
medians, and what one snapshot costs; the last line is JSON.
"""

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import av
import numpy as np
from av.video.stream import VideoStream

from hypersight_core.domain.cameras import Camera, Processor, WatchPlan
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.picture_files import snapshot_path
from hypersight_core.domain.zones import Zone
from hypersight_core.processors.interface import FoundFaces, Services
from hypersight_core.video.jpeg import encode_jpeg
from hypersight_core.video.sampler import FrameSampler
from hypersight_core.video.source import Segment, open_source
from hypersight_core.watcher.loop import SegmentLoop
from hypersight_core.watcher.outputs import Outputs, save_snapshot

PERSONS = 8
LOOKED_AT = frozenset({1})
DRAWN_WITHIN_S = 0.25
"""Pause after each segment, so that previews keep up as they do in real time; it costs no CPU."""
WAYS = ("nobody", "preview")


class FreeFinder:
    """Finds persons that walk to the right, without a look."""

    def __init__(self) -> None:
        self._calls = 0

    def detect(self, jpeg: bytes) -> Detections:
        """Return the next positions."""
        del jpeg
        self._calls += 1
        left = (np.arange(PERSONS) / PERSONS + self._calls * 0.01) % 0.9
        boxes = np.stack([left, np.full(PERSONS, 0.4), left + 0.05, np.full(PERSONS, 0.7)], axis=1)
        return Detections(boxes, np.full(PERSONS, 0.9))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--film", type=Path, help="a film instead of the made-up one")
    parser.add_argument("--fps", type=float, default=2.0, help="frames to analyse per second")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        segments = pieces(options.film or made_up(Path(folder) / "film.mp4"))
        film_s = sum(segment.duration_s for segment in segments)
        spent: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(options.rounds):
            for way in WAYS:
                spent[way].append(cpu_s(segments, options.fps, way, Path(folder) / "var") * 60 / film_s)
        snapshot_ms = snapshot_cpu_ms(segments[0], Path(folder) / "var")
    nobody_s, preview_s = (median(spent[way]) for way in WAYS)
    print(f"nobody looks {nobody_s:.3f} s of CPU a minute of film, one preview {preview_s:.3f} s")
    print(f"ratio {preview_s / nobody_s:.2f}; a snapshot {snapshot_ms:.1f} ms")
    found = {"nobody_s": nobody_s, "preview_s": preview_s, "snapshot_ms": snapshot_ms}
    rounded = {name: round(value, 3) for name, value in found.items()}
    print(json.dumps({"fps": options.fps, "film_s": round(film_s, 1), **rounded}))


def snapshot_cpu_ms(segment: Segment, var_dir: Path, count: int = 20) -> float:
    """Return the CPU time of writing one snapshot."""
    picture = next(FrameSampler(1.0).frames(segment))
    path = snapshot_path(var_dir, 1)
    began_s = time.process_time()
    for _ in range(count):
        save_snapshot(picture, path)
    return (time.process_time() - began_s) / count * 1000


def cpu_s(segments: Sequence[Segment], fps: float, way: str, var_dir: Path) -> float:
    """Return the CPU time of counting all segments in one way."""
    plan = a_plan(fps)
    outputs = Outputs(var_dir, 1, lambda: LOOKED_AT if way == "preview" else ())
    services = Services(lambda _: FoundFaces((), ()), encode_jpeg, lambda _: None)
    loop = SegmentLoop(plan, FreeFinder(), services, outputs=outputs, max_lag_s=60.0, stop=threading.Event())
    loop.configure(plan)
    began_s = time.process_time()
    for segment in segments:
        loop.segment(segment)
        time.sleep(DRAWN_WITHIN_S)
    spent_s = time.process_time() - began_s
    loop.close()
    outputs.close()
    if outputs.left_out:
        raise SystemExit(f"{outputs.left_out} frames were left out: this machine is too busy to measure")
    return spent_s


def a_plan(fps: float) -> WatchPlan:
    """Return one camera with one zone."""
    camera = Camera(camera_id=1, name="measured", stream_url="file:///film", watch_fps=fps)
    zone = Zone(((0.4, 0.2), (0.6, 0.2), (0.6, 0.9), (0.4, 0.9)), "door")
    processor = Processor(processor_id=1, camera_id=1, version=1, kind="traffic", zones=(zone,))
    return WatchPlan(camera=camera, processors=(processor,))


def pieces(film: Path) -> list[Segment]:
    """Return a film in its segments, still coded."""
    source = open_source(film.absolute().as_uri(), stop=lambda: False)
    return [piece for piece in source.pieces() if isinstance(piece, Segment)]


def made_up(path: Path, *, seconds: int = 20, fps: int = 25) -> Path:
    """Write a film of 1080p with a key frame a second and much that moves."""
    rng = np.random.default_rng(7)
    still = rng.integers(40, 110, (1080, 1920, 3)).astype(np.uint8)
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "crf": "28"}
        stream: VideoStream = container.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.codec_context.gop_size = (
            1920,
            1080,
            "yuv420p",
            fps,
        )
        for index in range(seconds * fps):
            bgr = still.copy()
            left = index * 8 % 1600
            bgr[300:900, left : left + 300] = 255 - index % 100
            frame = av.VideoFrame.from_ndarray(bgr, format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


if __name__ == "__main__":
    main()
