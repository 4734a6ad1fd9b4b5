"""Memory that a segment of three minutes takes, with the disk's help and without.

    python -m benchmarks.large_segment

Reads one HLS segment of 118 MB (1080p at 4.5 Mbit/s, 200 s) at a frame a second in fresh processes; prints
the peak of each as one JSON object, in MB.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.ingest import CACHE_DIR, CLIPS, serving
from benchmarks.ingest_clips import written
from benchmarks.ingest_ways import peak_rss_mb
from hypersight.footage import pedestrians
from hypersight_core.video.sampler import FrameSampler
from hypersight_core.video.source import Access, Segment, open_source
from hypersight_core.video.spill import SMALL_BYTES, SegmentFolder

CLIP = CLIPS["1080_g50_nob"]
TIMES = 10
NEVER_BYTES = 1 << 40


def read(url: str, folder: str, small_bytes: int) -> None:
    """Sample the segment; print this process's peak."""
    access = Access(timeout_s=60.0, folder=SegmentFolder(Path(folder), small_bytes=small_bytes))
    sampler = FrameSampler(1.0)
    for piece in open_source(url, stop=lambda: False, access=access).pieces():
        if isinstance(piece, Segment):
            frames = sum(1 for _ in sampler.frames(piece))
            assert frames == TIMES * CLIP.seconds  # noqa: S101 - else the peak means nothing
    print(peak_rss_mb())


def main() -> None:
    """Make the segment, serve it, and let two processes read it."""
    whole = written(CLIP, pedestrians(CACHE_DIR), CACHE_DIR / "ingest").with_name("whole.ts")
    seconds = TIMES * CLIP.seconds
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "large.ts").write_bytes(whole.read_bytes() * TIMES)
        lines = ["#EXTM3U", f"#EXT-X-TARGETDURATION:{seconds}", f"#EXTINF:{seconds},", "large.ts"]
        (Path(name) / "live.m3u8").write_text("\n".join([*lines, "#EXT-X-ENDLIST", ""]))
        with serving(Path(name)) as server:
            found = {}
            for way, small_bytes in (("disk", SMALL_BYTES), ("memory", NEVER_BYTES)):
                command = [sys.executable, "-m", "benchmarks.large_segment"]
                command += [f"{server}/live.m3u8", name, str(small_bytes)]
                answer = subprocess.run(command, check=True, capture_output=True, text=True)
                found[way] = float(answer.stdout)
    print(json.dumps(found))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        read(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        main()
