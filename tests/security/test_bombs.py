"""Little that unpacks to much: streams, pictures and answers that would fill the memory."""

import gzip
import http.server
import resource
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import brotli
import numpy as np
import pytest
import simplejpeg

from hypersight_core.detection.client import ObjectDetector
from hypersight_core.errors import DetectorUnavailable, InvalidInput, SourceUnavailable
from hypersight_core.settings import Settings
from hypersight_core.video.access import Access
from hypersight_core.video.decoder import MAX_PIXELS
from hypersight_core.video.source import probe
from hypersight_detector.models import decoded
from tests.clips import Film, write_film

pytestmark = pytest.mark.integration

ZEROS = bytes(256 << 20)
BOMBS = {"br": brotli.compress(ZEROS, quality=3), "gzip": gzip.compress(ZEROS, 3)}


@contextmanager
def packing_server(encoding: str) -> Iterator[tuple[str, list[str]]]:
    """Answer everything with a bomb, asked for or not; yield its address and what was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            asked.append(self.headers["Accept-Encoding"])
            self.send_response(200)
            self.send_header("Content-Encoding", encoding)
            self.send_header("Content-Length", str(len(BOMBS[encoding])))
            self.end_headers()
            self.wfile.write(BOMBS[encoding])

        do_POST = do_GET  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def grown_mb(before_kb: int) -> float:
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024


@pytest.mark.parametrize("encoding", list(BOMBS))
def test_an_answer_of_a_camera_is_never_unpacked(encoding) -> None:
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with packing_server(encoding) as (url, asked):
        for name in ("live.m3u8", "camera.ts"):
            with pytest.raises(SourceUnavailable):
                probe(f"{url}/{name}", Access(3))
    assert set(asked) == {"identity"}
    assert grown_mb(before_kb) < 100


@pytest.mark.parametrize("encoding", list(BOMBS))
def test_an_answer_of_a_detector_is_never_unpacked(encoding, tmp_path) -> None:
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with packing_server(encoding) as (url, asked):
        settings = Settings(object_detector_url=url, var_dir=tmp_path)
        detector = ObjectDetector.of(settings)
        with pytest.raises(DetectorUnavailable):
            detector.detect(SMALL)
        detector.close()
    assert set(asked) == {"identity"}
    assert grown_mb(before_kb) < 100


def announcing(jpeg: bytes, width_px: int, height_px: int) -> bytes:
    """Return the same JPEG with another size in its header."""
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", height_px, width_px) + jpeg[at + 4 :]


SMALL = simplejpeg.encode_jpeg(np.full((96, 160, 3), 90, np.uint8), 85)


@pytest.mark.parametrize("size_px", [(65500, 65500), (20000, 16000)])
def test_a_picture_that_announces_too_much_is_refused_by_the_detector(size_px) -> None:
    with pytest.raises(InvalidInput, match="no JPEG picture"):
        decoded(announcing(SMALL, *size_px), 512)


def test_frames_that_announce_too_much_are_left_out_of_a_stream(tmp_path) -> None:
    film = write_film(tmp_path / "film.mkv", Film(seconds=1, codec="mjpeg"))
    bomb = tmp_path / "bomb.mkv"
    width_px, height_px = 160, 96
    head = struct.pack(">HH", height_px, width_px)
    assert head in film.read_bytes()
    bomb.write_bytes(film.read_bytes().replace(head, struct.pack(">HH", 12000, 12000)))
    assert MAX_PIXELS < 12000 * 12000
    reading = (
        "import resource, sys; from hypersight_core.video.source import open_source\n"
        "from hypersight_core.video.sampler import FrameSampler\n"
        "pieces = list(open_source(sys.argv[1], stop=lambda: False).pieces())\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "pictures = [p for piece in pieces for p in FrameSampler(25).frames(piece)]\n"
        "print(len(pictures), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", reading, str(bomb)], capture_output=True, text=True, check=True
    )
    pictures, grown_kb = map(int, done.stdout.split())
    assert (pictures, grown_kb < 80_000) == (0, True)
