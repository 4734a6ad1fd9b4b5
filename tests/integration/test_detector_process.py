"""The reference detector as it is run: one process, real HTTP, the real networks."""

import io
import json
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from hypersight import footage
from hypersight_core.detection.client import FaceDetector, ObjectDetector

CACHE = Path("~/.cache/hypersight").expanduser()
JPEG = simplejpeg.encode_jpeg(np.full((576, 768, 3), 90, np.uint8), 85)
LIMIT_BYTES = 32 * 1024 * 1024

pytestmark = pytest.mark.integration


@contextmanager
def running(*options: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    argv = [sys.executable, "-m", "hypersight_detector", "--port", "0", "--cache-dir", str(CACHE), *options]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"], process
    finally:
        process.kill()
        process.communicate()


def ended(*options: str, **environ: str) -> tuple[int, str]:
    """Return exit code and standard error of a detector that cannot start."""
    done = subprocess.run(
        [sys.executable, "-m", "hypersight_detector", *options],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"PATH": "/usr/bin:/bin"} | environ,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as (address, _):
        yield address


def posted(url: str, body: bytes) -> httpx.Response:
    return httpx.post(url, content=body, headers={"content-type": "image/jpeg"}, timeout=30, trust_env=False)


def frames(film: Path, every: int) -> list[NDArray[Any]]:
    with av.open(str(film)) as container:
        return [
            frame.to_ndarray(format="rgb24")
            for index, frame in enumerate(container.decode(video=0))
            if index % every == 0
        ]


def test_it_says_which_networks_it_runs(url):
    answer = httpx.get(f"{url}/healthz", trust_env=False)

    assert answer.status_code == 200
    assert {kind: name.split("-")[0] for kind, name in answer.json()["models"].items()} == {
        "objects": "centernet",
        "faces": "blazeface",
    }


def test_the_answers_have_the_contracts_form(url):
    (picture,) = frames(footage.pedestrians(CACHE), every=1000)

    objects = posted(f"{url}/objects", simplejpeg.encode_jpeg(picture, 90)).json()
    faces = posted(f"{url}/faces", JPEG).json()

    assert len(objects) > 3
    assert all(len(row) == 6 and isinstance(row[5], int) for row in objects)
    assert all(0 <= value <= 1 for row in objects for value in row[:5])
    assert faces == {"boxes": [], "conf": []}


def test_the_man_in_the_car_is_found_and_so_is_his_face(url):
    persons, faces = ObjectDetector(f"{url}/objects"), FaceDetector(f"{url}/faces")
    for picture in frames(footage.face(CACHE), every=24):
        height, width = picture.shape[:2]
        found = persons.detect(simplejpeg.encode_jpeg(picture, 90)).above(0.4)
        assert len(found) == 1
        left, top, right, bottom = (found.boxes_rel[0] * [width, height, width, height]).astype(int)
        upper = np.ascontiguousarray(picture[top : (top + bottom) // 2 + 1, left : right + 1])
        face = faces.find(simplejpeg.encode_jpeg(upper, 90))
        assert len(face.scores) == 1
        x_min, y_min, x_max, y_max = face.boxes_px[0]
        assert 0 <= x_min < x_max <= upper.shape[1]
        assert 0 <= y_min < y_max <= upper.shape[0]
    persons.close()
    faces.close()


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48)).save(file, "png")
    return file.getvalue()


@pytest.mark.parametrize("path", ["/objects", "/faces"])
@pytest.mark.parametrize("body", [b"", b"hello", JPEG[:300], png()], ids=["empty", "text", "torn", "png"])
def test_what_is_no_jpeg_is_a_400_that_says_so(url, path, body):
    answer = posted(url + path, body)

    assert answer.status_code == 400
    assert "no JPEG" in answer.json()["error"]


@pytest.mark.parametrize("size", [(1, 1), (3000, 1), (1, 3000)])
def test_pictures_of_odd_sizes_are_answered(url, size):
    file = io.BytesIO()
    Image.new("L", size).save(file, "jpeg")

    assert posted(f"{url}/objects", file.getvalue()).json() == []
    assert posted(f"{url}/faces", file.getvalue()).json()["boxes"] == []


def test_a_body_over_the_limit_is_refused_and_the_server_lives_on(url):
    def pieces() -> Iterator[bytes]:
        for _ in range(LIMIT_BYTES // (1 << 20) + 1):
            yield bytes(1 << 20)

    assert posted(f"{url}/objects", bytes(LIMIT_BYTES + 1)).status_code == 413
    assert httpx.post(f"{url}/objects", content=pieces(), timeout=30, trust_env=False).status_code == 413
    assert posted(f"{url}/objects", JPEG).status_code == 200


def test_more_than_it_can_take_is_a_503_that_says_when_to_return():
    with running("--max-waiting", "2", "--max-batch", "1") as (url, _), ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: posted(f"{url}/objects", JPEG), range(48)))
        statuses = Counter(answer.status_code for answer in answers)
        assert set(statuses) == {200, 503}
        assert {answer.headers.get("retry-after") for answer in answers if answer.status_code == 503} == {"1"}
        assert posted(f"{url}/objects", JPEG).status_code == 200


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_within_three_seconds_even_with_a_caller_in_mid_sentence(sent):
    with running() as (url, process):
        address = httpx.URL(url)
        with socket.create_connection((address.host, address.port or 0)) as caller:
            caller.sendall(b"POST /objects HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n")
            time.sleep(0.2)
            started_s = time.monotonic()
            process.send_signal(sent)
            process.wait(10)
        assert time.monotonic() - started_s < 3
        assert process.stderr is not None
        assert "KeyboardInterrupt" not in process.stderr.read()


def test_a_taken_port_is_said_in_one_line_and_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, said = ended("--port", str(taken.getsockname()[1]))

    assert code == 1
    assert "cannot listen on 127.0.0.1:" in said
    assert "--port" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("options", "environ", "words"),
    [
        (["--port", "99999"], {}, "port must be 0-65535"),
        (["--objects-model", "x.onnx"], {}, "is none of: centernet, yolox, blazeface"),
        (["--objects-model", "x.onnx", "--objects-layout", "yolox"], {}, "give the path of an ONNX detector"),
        (["--cache-dir", "/proc/nowhere"], {}, "HYPERSIGHT_CACHE_DIR"),
        ([], {"HYPERSIGHT_DETEKTOR_PORT": "1"}, "HYPERSIGHT_DETEKTOR_PORT"),
    ],
)
def test_what_cannot_work_is_said_without_a_traceback(options, environ, words):
    code, said = ended("--port", "0", *options, **environ)

    assert code == 1
    assert words in said
    assert "Traceback" not in said
