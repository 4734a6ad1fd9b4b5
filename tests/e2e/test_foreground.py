"""`hypersight watch` and `hypersight process --camera`: the same counters without Dagster."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from hypersight.simulator.camera import CameraSimulator
from hypersight_core.store import cameras, processors
from hypersight_core.store.leases import read_leases
from tests.builders import camera_settings, processor_settings
from tests.clips import Film, write_film
from tests.fakes.detector_server import FakeDetector
from tests.fakes.square_finder import squares
from tests.unit.test_watcher_loop import MIDDLE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
FILM = Film(seconds=8.0, gop_s=1.0)


@pytest.fixture
def detector():
    with FakeDetector(answers=squares) as server:
        yield server


@pytest.fixture
def film(tmp_path) -> Path:
    return write_film(tmp_path / "square.mp4", FILM)


@pytest.fixture
def environ(tmp_path, database_url, detector) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - what a shell hands on
        if not name.startswith("HYPERSIGHT_TEST")
    }
    return inherited | {
        "HYPERSIGHT_VAR_DIR": str(tmp_path / "var"),
        "HYPERSIGHT_DATABASE_URL": database_url,
        "OBJECT_DETECTOR_URL": detector.url,
    }


def add_camera(store, stream_url: str) -> int:
    with store.transaction() as tx:
        camera = cameras.create_camera(tx, camera_settings(stream_url=stream_url, watch_fps=5.0))
        processors.create_processor(tx, camera.camera_id, processor_settings(zones=(MIDDLE,)))
    return camera.camera_id


def entries(store) -> int:
    with store.transaction() as tx:
        count = tx.execute(sa.text("SELECT count(*) FROM processor_event WHERE kind = 'enter'"))
        return int(count.scalar_one())


def test_a_camera_is_watched_in_the_foreground_until_ctrl_c(store, film, environ):
    with CameraSimulator(film, segment_s=1.0) as simulator:
        camera_id = add_camera(store, simulator.url)
        process = subprocess.Popen(
            [sys.executable, "-m", "hypersight", "watch", "--camera", str(camera_id)], cwd=ROOT, env=environ
        )
        try:
            deadline_s = time.monotonic() + 40
            while entries(store) < 2:
                assert process.poll() is None
                assert time.monotonic() < deadline_s
                time.sleep(0.2)
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=15) == 0
    with store.transaction() as tx:
        (lease,) = read_leases(tx)
    assert lease.release_reason == "stopped"


def test_a_recording_stored_twice_counts_once(store, film, environ):
    camera_id = add_camera(store, "http://camera.invalid/live.m3u8")
    command = [sys.executable, "-m", "hypersight", "process", str(film), "--camera", str(camera_id)]
    command += ["--start", "2026-03-02T12:00:00+01:00"]
    counted = []
    for _ in range(2):
        done = subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        counted.append(entries(store))
    assert counted[0] == counted[1] >= 4
    with store.transaction() as tx:
        first = tx.execute(sa.text("SELECT min(ts) FROM processor_event")).scalar_one()
        watched_s = tx.execute(
            sa.text("SELECT sum(extract(epoch FROM to_at - from_at)) FROM observation")
        ).scalar_one()
    assert first.isoformat().startswith("2026-03-02T11:00:0")
    assert float(watched_s) == pytest.approx(FILM.seconds, abs=0.1)


def test_events_are_printed_one_a_line(film, environ):
    zones = json.dumps([[list(corner) for corner in MIDDLE.corners_rel]])
    command = [sys.executable, "-m", "hypersight", "process", str(film), "--output", "jsonl"]
    done = subprocess.run(
        [*command, "--zones", zones, "--watch-fps", "5"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {event["kind"] for event in events} == {"enter", "exit", "count"}
