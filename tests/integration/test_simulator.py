"""The simulated camera as a program: what other programs see of it."""

import json
import os
import signal
import subprocess
import sys
import time

import httpx
import m3u8  # type: ignore[import-untyped]
import pytest

from hypersight.simulator import CameraSimulator
from tests.builders import NOON
from tests.clips import Film, write_film

FILM = Film(seconds=2, fps=10)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_film(tmp_path_factory.mktemp("film") / "film.mp4", FILM)


def program(*arguments: object) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-m", "hypersight.simulator", *map(str, arguments)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def get(url: str) -> httpx.Response:
    return httpx.get(url, timeout=3)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_when_told(film, number) -> None:
    with program(film, "--segment-s", 0.5) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        began_s = time.monotonic()
        assert get(url).headers["access-control-allow-origin"] == "*"
        process.send_signal(number)
        assert process.wait(timeout=5) == 0
        assert time.monotonic() - began_s < 2.5
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_it_ends_with_its_parent(film) -> None:
    parent = (
        "import subprocess, sys; argv = [sys.executable, '-m', 'hypersight.simulator', sys.argv[1]];"
        "p = subprocess.Popen(argv, stdout=subprocess.PIPE); p.stdout.readline(); print(p.pid, flush=True)"
    )
    argv = [sys.executable, "-W", "ignore", "-c", parent, str(film)]
    pid = int(subprocess.run(argv, capture_output=True, check=True, timeout=20).stdout)
    ends_s = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < ends_s:
        time.sleep(0.1)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:  # noqa: PTH123 - not a file that stays
        return stat.read().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("content", [None, "no video"])
def test_a_film_that_cannot_be_shown_is_one_clear_line(tmp_path, content) -> None:
    path = tmp_path / "film.mp4"
    if content is not None:
        path.write_text(content)
    with program(path) as process:
        assert process.wait(timeout=20) == 1
        assert process.stderr is not None
        lines = process.stderr.read().splitlines()
    assert len(lines) == 1
    assert str(path) in lines[0]


def test_the_playlist_slides_with_true_numbers_times_and_discontinuities(film) -> None:
    with CameraSimulator(film, segment_s=0.5, window=3, epoch=NOON) as camera:
        playlist = m3u8.loads(get(camera.url).text)
        while playlist.media_sequence < 4:  # where the film begins again
            time.sleep(0.1)
            playlist = m3u8.loads(get(camera.url).text)
        healthy = get(camera.url.replace("live.m3u8", "healthz"))
        old = get(camera.url.replace("live.m3u8", "seg-99.ts"))
    assert (healthy.status_code, old.status_code) == (200, 404)
    assert playlist.media_sequence == 4
    assert [one.program_date_time.timestamp() - NOON.timestamp() for one in playlist.segments] == [2, 2.5, 3]
    assert [one.discontinuity for one in playlist.segments] == [True, False, False]
    assert playlist.discontinuity_sequence == 0
    assert playlist.target_duration == 1


def test_faults_can_be_ordered_over_http(film) -> None:
    with CameraSimulator(film, segment_s=0.5) as camera:
        order_url = camera.url.replace("live.m3u8", "fault")
        assert httpx.post(order_url, content="error").status_code == 200
        assert get(camera.url).status_code == 500
        assert httpx.post(order_url, content="normal").status_code == 200
        assert get(camera.url).status_code == 200
        refused = httpx.post(order_url, content="explode")
        assert (refused.status_code, "missing_segments" in refused.text) == (400, True)


def test_a_film_is_encoded_once(film, tmp_path) -> None:
    with CameraSimulator(film, segment_s=0.5, cache_dir=tmp_path) as camera:
        assert camera.film_s == pytest.approx(2)
    (kept,) = tmp_path.iterdir()
    before = {path.name: path.stat().st_mtime_ns for path in kept.iterdir()}

    with CameraSimulator(film, segment_s=0.5, cache_dir=tmp_path) as camera:
        assert get(camera.url.replace("live.m3u8", "seg-0.ts")).content[:1] == b"\x47"

    assert {path.name: path.stat().st_mtime_ns for path in kept.iterdir()} == before
    assert len(before) == 5
