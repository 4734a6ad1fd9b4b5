"""`python -m benchmarks.watchers_bare STREAM DETECTOR`: fetch, decode and post, and nothing else.

One thread, the product's own decoding; no lease, no database, no processors, no Dagster. Its first line says
how many bytes are its own before it reads anything: what it grows by are the stream's buffers.
"""

import sys

import httpx
import psutil

from benchmarks.watchers_stack import WATCH_FPS
from hypersight_core.video.access import Access
from hypersight_core.video.hls import HlsReader
from hypersight_core.video.mosaic import MosaicCanvas
from hypersight_core.video.sampler import FrameSampler
from hypersight_core.video.source import Segment
from hypersight_core.watcher.analysis import layout_for


def main(stream_url: str, detector_url: str) -> None:
    """Go on until killed."""
    reader = HlsReader(stream_url, access=Access(), resume_after=None)
    sampler, canvas = FrameSampler(WATCH_FPS), None
    with httpx.Client(trust_env=False) as http:
        print(psutil.Process().memory_full_info().uss, flush=True)
        for piece in reader.read(lambda: False):
            if not isinstance(piece, Segment):
                continue
            for picture in sampler.frames(piece):
                canvas = canvas or MosaicCanvas(layout_for(picture, 1, 1))
                canvas.put(0, picture)
                http.post(detector_url, content=canvas.jpeg(), headers={"content-type": "image/jpeg"})


if __name__ == "__main__":
    main(*sys.argv[1:])
