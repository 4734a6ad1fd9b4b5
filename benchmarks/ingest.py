"""What a camera costs: CPU from the coded stream to posted mosaics, next to what people would use instead.

    pip install imageio-ffmpeg opencv-python-headless requests       (or the extra `bench`)
    python -m benchmarks.ingest
    python -m benchmarks.ingest --clips 1080_g50_nob,720_g25_b --fps 1,2,5 --rounds 5

Ways, each in a fresh process, all in turn within a round: ours; ours with the option `skip_loop_filter`,
which is not exact; our stream part alone (source and sampler); A, ffmpeg decoding everything on one thread;
B, the older system's (OpenCV decoding every frame, mosaics of whole frames, imencode, requests); C, an ffmpeg
pipe with an fps filter. Clips of 20 s are made once, of the demo's footage, enlarged, with sensor noise. CPU
seconds count the way's process and its children after the imports; ratios are medians over the rounds. The
last line is one JSON object.
"""

import argparse
import http.server
import json
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.ingest_clips import Clip, written
from benchmarks.ingest_ways import WAYS
from hypersight.footage import pedestrians

CACHE_DIR = Path("~/.cache/hypersight").expanduser()
CLIPS = {
    clip.name: clip
    for height_px in (720, 1080)
    for group in (25, 50, 250)
    for clip in (Clip(height_px, group, False), Clip(height_px, group, True))
}
OURS = ("ours", "without loop filter", "stream")
USUAL_CLIPS = "1080_g25_nob,1080_g50_nob,1080_g50_b"


class _Server(http.server.SimpleHTTPRequestHandler):
    """Serves the clips, and is a detector that finds nobody."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve `folder`; yields the URL."""
    handler = partial(_Server, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def measured(way: str, server: str, clip: Clip, folder: Path, watch_fps: float) -> dict[str, float]:
    """Run one way in a fresh process."""
    arguments = [way, server, f"{clip.name}/live.m3u8", str(folder), str(watch_fps)]
    command = [sys.executable, "-m", "benchmarks.ingest_ways", *arguments]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def compared(server: str, clip: Clip, folder: Path, watch_fps: float, rounds: int) -> dict[str, Any]:
    """Run all ways in turn; return medians, CPU in seconds a minute of video."""
    runs = [{way: measured(way, server, clip, folder, watch_fps) for way in WAYS} for _ in range(rounds)]
    minute = 60 / clip.seconds
    ratios = {
        f"{way}/{other}": statistics.median(one[way]["cpu_s"] / one[other]["cpu_s"] for one in runs)
        for way in OURS
        for other in ("A", "B", "C")
    }
    return {
        "clip": clip.name,
        "watch_fps": watch_fps,
        **{f"{way} s/min": statistics.median(one[way]["cpu_s"] for one in runs) * minute for way in WAYS},
        **ratios,
        "frames": runs[0]["ours"]["frames"],
        "rss_mb": {way: statistics.median(one[way]["rss_mb"] for one in runs) for way in WAYS},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", default=USUAL_CLIPS, help=f"some of: {', '.join(CLIPS)}; or: all")
    parser.add_argument("--fps", default="1,2,5", help="frames to sample a second")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    folder = CACHE_DIR / "ingest"
    footage = pedestrians(CACHE_DIR)
    clips = (
        list(CLIPS.values()) if options.clips == "all" else [CLIPS[one] for one in options.clips.split(",")]
    )
    for clip in clips:
        print(f"{clip.name}: {written(clip, footage, folder)}", flush=True)
    rows = []
    with serving(folder) as server:
        for clip in clips:
            for watch_fps in map(float, options.fps.split(",")):
                row = compared(server, clip, folder, watch_fps, options.rounds)
                rows.append(row)
                print(row, flush=True)
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
