"""One way from a coded stream to posted mosaics, in a process of its own: what it costs, as JSON.

    python -m benchmarks.ingest_ways ours http://127.0.0.1:PORT 1080_g50_nob/live.m3u8 FOLDER 2

Every way posts 2 × 2 mosaics of 1280 × 720 pixels (`B` of four whole frames, as the older system did).
"""

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROWS = COLS = 2
CELL_PX = (640, 360)
NOWHERE = "http://127.0.0.1:9/"
JPEG = {"Content-Type": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be read, and where mosaics go."""

    server: str
    playlist: str
    folder: Path
    watch_fps: float

    @property
    def file(self) -> Path:
        """The whole clip, for those who read files."""
        return (self.folder / self.playlist).with_name("whole.ts")


Way = Callable[[Task], int]
"""Does the task; returns how many frames were sampled. Imports are made beforehand, by `prepare`."""


def ours(*, skip_loop_filter: bool = False) -> Way:
    """Playlist over HTTP, lazy sampler, mosaics, detector client."""
    from hypersight_core.detection.client import ObjectDetector
    from hypersight_core.domain.cameras import CameraSettings
    from hypersight_core.watcher.analysis import Analyst

    _prepare()
    camera = CameraSettings(name="camera", stream_url=NOWHERE, watch_rows=ROWS, watch_cols=COLS)

    def run(task: Task) -> int:
        analyst = Analyst(ObjectDetector(f"{task.server}/objects"), camera)
        return _sampled(task, lambda pictures: analyst.analyse(pictures, lambda: False), skip_loop_filter)

    return run


def without_loop_filter() -> Way:
    """Ours, with the camera option that is not exact."""
    return ours(skip_loop_filter=True)


def stream() -> Way:
    """Our stream part alone: playlist over HTTP and lazy sampler; frames are let go."""
    _prepare()
    return lambda task: _sampled(task, lambda pictures: pictures)


def _prepare() -> None:
    """Import, and make the first client, which reads the certificates (40 ms): once in a watcher's life."""
    from hypersight_core.video.sampler import FrameSampler
    from hypersight_core.video.source import Access
    from hypersight_core.video.web import Web

    Web(NOWHERE, Access(), lambda: False)
    FrameSampler(1.0)


def _sampled(
    task: Task, taken: Callable[[Iterator[Any]], Iterable[object]], skip_loop_filter: bool = False
) -> int:
    from hypersight_core.video.sampler import FrameSampler
    from hypersight_core.video.source import Segment, open_source

    sampler = FrameSampler(task.watch_fps, skip_loop_filter=skip_loop_filter)
    source = open_source(f"{task.server}/{task.playlist}", stop=lambda: False)
    count = 0
    for piece in source.pieces():
        if isinstance(piece, Segment):
            count += sum(1 for _ in taken(sampler.frames(piece)))
    return count


def full_decode() -> Way:
    """A: ffmpeg decodes every frame on one thread and throws them away."""
    from imageio_ffmpeg import get_ffmpeg_exe

    ffmpeg = get_ffmpeg_exe()

    def run(task: Task) -> int:
        given = ["-threads", "1", "-i", str(task.file)]
        subprocess.run([ffmpeg, "-v", "error", *given, "-f", "null", "-"], check=True)
        return 0

    return run


def opencv() -> Way:
    """B: OpenCV decodes every frame to BGR; every n-th goes into a mosaic of whole frames, JPEG, requests."""
    import cv2
    import requests

    def run(task: Task) -> int:
        video = cv2.VideoCapture(str(task.file))
        every = round(video.get(cv2.CAP_PROP_FPS) / task.watch_fps)
        kept: list[Any] = []
        index = count = 0
        while True:
            is_read, frame = video.read()
            if not is_read:
                return count
            if index % every == 0:
                kept.append(frame)
                count += 1
            if len(kept) == ROWS * COLS:
                mosaic = cv2.vconcat([cv2.hconcat(kept[:COLS]), cv2.hconcat(kept[COLS:])])
                jpeg = cv2.imencode(".jpg", mosaic)[1].tobytes()
                requests.post(f"{task.server}/objects", data=jpeg, headers=JPEG, timeout=10)
                kept = []
            index += 1

    return run


def ffmpeg_pipe() -> Way:
    """C: ffmpeg decodes, picks by its fps filter and scales; raw pictures come through a pipe."""
    import numpy as np
    import requests
    import simplejpeg
    from imageio_ffmpeg import get_ffmpeg_exe

    ffmpeg = get_ffmpeg_exe()

    def run(task: Task) -> int:
        width_px, height_px = CELL_PX
        picture = f"fps={task.watch_fps},scale={width_px}:{height_px}"
        command = [ffmpeg, "-v", "error", "-threads", "1", "-i", str(task.file), "-vf", picture]
        command += ["-f", "rawvideo", "-pix_fmt", "bgr24", "-"]
        canvas = np.zeros((ROWS * height_px, COLS * width_px, 3), np.uint8)
        count = 0
        with requests.Session() as session, subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            for data in _blocks(process, 3 * width_px * height_px):
                row, col = divmod(count % (ROWS * COLS), COLS)
                cell = np.frombuffer(data, np.uint8).reshape(height_px, width_px, 3)
                canvas[row * height_px :, col * width_px :][:height_px, :width_px] = cell
                count += 1
                if count % (ROWS * COLS) == 0:
                    jpeg = simplejpeg.encode_jpeg(
                        canvas, quality=85, colorspace="BGR", colorsubsampling="420", fastdct=True
                    )
                    session.post(f"{task.server}/objects", data=jpeg, headers=JPEG, timeout=10)
        return count

    return run


def _blocks(process: "subprocess.Popen[bytes]", size: int) -> Iterator[bytes]:
    assert process.stdout is not None  # noqa: S101 - asked for by the caller
    while len(data := process.stdout.read(size)) == size:
        yield data


WAYS: dict[str, Callable[[], Way]] = {
    "ours": ours,
    "without loop filter": without_loop_filter,
    "stream": stream,
    "A": full_decode,
    "B": opencv,
    "C": ffmpeg_pipe,
}


def cpu_s() -> float:
    """Return the CPU seconds of this process and its ended children."""
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def main(way: str, server: str, playlist: str, folder: str, watch_fps: str) -> None:
    """Do one task one way."""
    task = Task(server, playlist, Path(folder), float(watch_fps))
    run = WAYS[way]()
    before_s = cpu_s()
    count = run(task)
    used_s = cpu_s() - before_s
    print(json.dumps({"cpu_s": used_s, "frames": count, "rss_mb": peak_rss_mb()}))


def peak_rss_mb() -> float:
    """Return this process's own peak (`ru_maxrss` would count the parent's before the start)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
