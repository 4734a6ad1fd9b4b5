"""A watcher against a simulated camera, a detector over HTTP and PostgreSQL, and what must never happen."""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from hypersight.postgres import EmbeddedPostgres
from hypersight.simulator.camera import CameraSimulator
from hypersight_core.errors import Conflict, SecretUnreadable
from hypersight_core.sealing import Keyring
from hypersight_core.settings import Settings
from hypersight_core.store import cameras, processors, schema, watching
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import Lease, read_leases
from hypersight_core.store.spool import Spool
from hypersight_core.watcher.link import resumption
from hypersight_core.watcher.watch import watch_camera
from tests.builders import a_record, camera_settings, noon, processor_settings
from tests.clips import Film, write_film
from tests.fakes.detector_server import FakeDetector, Fault
from tests.fakes.square_finder import squares
from tests.unit.test_watcher_loop import MIDDLE

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

FILM = Film(seconds=12.0, gop_s=1.0)
WATCH_FPS = 5.0


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    return write_film(tmp_path_factory.mktemp("film") / "square.mp4", FILM)


@pytest.fixture
def camera(film):
    with CameraSimulator(film, segment_s=1.0, window=8) as simulator:
        yield simulator


@pytest.fixture
def detector():
    with FakeDetector(answers=squares) as server:
        yield server


@dataclass
class Watched:
    """One camera with a traffic and an objects processor, and what it left in the database."""

    settings: Settings
    store: Store
    camera_id: int
    traffic_id: int
    objects_id: int

    def rows(self, table: str) -> list[Any]:
        with self.store.transaction() as tx:
            return list(tx.execute(sa.text(f"SELECT * FROM {table}")).mappings())

    def events(self, kind: str | None = None) -> list[Any]:
        return [row for row in self.rows("processor_event") if kind in (None, row["kind"])]

    def seen_s(self) -> float:
        return float(
            sum(
                (row["to_at"] - row["from_at"]).total_seconds()
                for row in self.rows("observation")
                if row["frames_detected"] == row["frames_wanted"]
            )
        )


def watched(database_url: str, var_dir: Path, camera: CameraSimulator, detector: FakeDetector) -> Watched:
    settings = Settings(
        database_url=database_url,
        var_dir=var_dir,
        object_detector_url=detector.url,
        face_detector_url=detector.faces_url,
        detector_timeout_s=2.0,
        api_url="http://127.0.0.1:9",
    )
    store = Store(database_url, application_name="tests")
    with store.transaction() as tx:
        made = cameras.create_camera(tx, camera_settings(stream_url=camera.url, watch_fps=WATCH_FPS))
        traffic = processors.create_processor(tx, made.camera_id, processor_settings(zones=(MIDDLE,)))
        objects = processors.create_processor(
            tx, made.camera_id, processor_settings(kind="objects", zones=(MIDDLE,))
        )
    return Watched(settings, store, made.camera_id, traffic.processor_id, objects.processor_id)


@pytest.fixture
def one(store, database_url, tmp_path, camera, detector):
    made = watched(database_url, tmp_path / "var", camera, detector)
    yield made
    made.store.close()


class Watcher(threading.Thread):
    """A watcher in this process; as a context manager it is stopped at the end."""

    def __init__(self, one: Watched, run_id: str = "run-1") -> None:
        super().__init__(name=run_id)
        self._one, self._run_id = one, run_id
        self.stop = threading.Event()
        self.outcome: str | Exception | None = None

    def run(self) -> None:
        try:
            self.outcome = watch_camera(self._one.settings, self._one.camera_id, self._run_id, self.stop)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.outcome = error

    def __enter__(self) -> "Watcher":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.join(timeout=20)
        assert not self.is_alive()


def eventually(check: Callable[[], Any], within_s: float = 20.0) -> Any:
    deadline_s = time.monotonic() + within_s
    while not (answer := check()):
        assert time.monotonic() < deadline_s, "not in time"
        time.sleep(0.1)
    return answer


def doubled(events: list[Any]) -> list[Any]:
    """Return entries of the one square that lie closer together than it can walk."""
    times = sorted(event["ts"] for event in events if event["kind"] == "enter")
    return [after for before, after in pairwise(times) if (after - before).total_seconds() < 1.0]


def test_the_square_is_counted_each_time_it_passes(one):
    with Watcher(one) as watcher:
        eventually(lambda: len(one.events("enter")) >= 3, within_s=30)
    assert watcher.outcome == "stopped"
    assert doubled(one.events()) == []
    counts = Counter(row["value"] for row in one.events("count"))
    assert set(counts) == {0, 1}
    assert {row["processor_id"] for row in one.events("count")} == {one.objects_id}
    (lease,) = _leases(one)
    assert lease.release_reason == "stopped"


def test_a_snapshot_of_the_watched_camera_is_there(one):
    path = one.settings.var_dir / "snapshots" / f"{one.camera_id}.jpg"
    with Watcher(one):
        eventually(path.exists)
    assert path.read_bytes()[:2] == b"\xff\xd8"


def test_a_second_watcher_is_refused_and_writes_nothing(one):
    with Watcher(one):
        eventually(one.events)
        second = Watcher(one, "run-2")
        with second:
            second.join(timeout=30)
            assert isinstance(second.outcome, Conflict)
    (lease,) = _leases(one)
    assert lease.run_id == "run-1"


def test_a_disabled_camera_is_let_go(one):
    with Watcher(one) as watcher:
        eventually(one.events)
        with one.store.transaction() as tx:
            cameras.change_camera(
                tx, one.camera_id, camera_settings(stream_url="http://127.0.0.1:9/x.m3u8", enabled=False)
            )
        eventually(lambda: not watcher.is_alive())
    assert watcher.outcome == "disabled"


def test_a_camera_purged_while_it_is_watched_is_let_go_and_leaves_nothing(one):
    # Its lease went with it, so that the watcher took itself for fenced off and its run failed.
    with Watcher(one) as watcher:
        eventually(one.events)
        with one.store.transaction() as tx:
            cameras.delete_camera(tx, one.camera_id, purge=True)
        watcher.join(timeout=30)
    assert watcher.outcome == "disabled"
    assert [one.rows(table) for table in ("processor_event", "observation", "watcher_lease")] == [[], [], []]


def test_an_edited_zone_takes_effect_without_a_restart(one):
    with Watcher(one) as watcher:
        eventually(lambda: one.events("enter"))
        with one.store.transaction() as tx:
            processors.change_processor(
                tx, one.traffic_id, processor_settings(zones=(MIDDLE,), threshold=0.5)
            )
        eventually(lambda: {row["processor_version"] for row in one.events("enter")} == {1, 2}, within_s=30)
        assert watcher.is_alive()


def test_a_detector_outage_is_a_gap_and_never_an_empty_room(one, detector):
    with Watcher(one):
        eventually(lambda: one.events("enter"))
        detector.fault = Fault.ERROR
        eventually(lambda: any(lease.state == "detector_away" for lease in _leases(one)))
        during = len(one.events("count"))
        time.sleep(2.0)
        assert len(one.events("count")) <= during + 1  # the mosaics that were under way
        detector.fault = None
        before = len(one.events("enter"))
        eventually(lambda: len(one.events("enter")) > before, within_s=30)
    assert doubled(one.events()) == []


def test_what_a_slow_detector_leaves_too_far_behind_is_dropped_and_said_so(one, detector, caplog):
    one.settings = msgspec.structs.replace(one.settings, max_lag_s=0.5)
    detector.delay_s = 1.5  # five frames a segment, two calls at a time
    with Watcher(one):
        eventually(lambda: "segment dropped, too far behind" in caplog.messages)
        eventually(lambda: any(row["reason"] == "late_dropped" for row in one.rows("observation")))
    dropped = [row for row in one.rows("observation") if row["reason"] == "late_dropped"]
    assert all(row["frames_detected"] == 0 < row["frames_wanted"] for row in dropped)


def test_a_successor_goes_on_after_the_newest_record_whether_on_disk_or_in_the_database(one, tmp_path):
    spool = Spool(tmp_path / "spool", one.camera_id, max_bytes=1024**2)
    (tmp_path / "spool").mkdir()
    lease = Lease(one.store, one.camera_id, "run-1")
    token = lease.acquire()

    def resumed_at() -> tuple[int, Any]:
        found = resumption(lease, spool, one.camera_id)
        assert found.record is not None
        return found.record.seq, found.record.position_at

    assert resumption(lease, spool, one.camera_id).record is None
    with one.store.transaction() as tx:
        watching.record_segment(tx, a_record(seq=5, position_at=noon(50)), token=token)
    spool.append(a_record(seq=3, position_at=noon(30)))  # of long ago, written since by somebody else
    assert resumed_at() == (5, noon(50))
    spool.append(a_record(seq=6, position_at=noon(60)))
    assert resumed_at() == (6, noon(60))
    spool.close()
    lease.release("stopped")


def test_a_hanging_detector_does_not_hold_up_the_end(one, detector):
    with Watcher(one) as watcher:
        eventually(lambda: one.events("enter"))
        detector.fault = Fault.HANG
        asked = len(detector.requests)
        eventually(lambda: len(detector.requests) > asked)
        stopped_s = time.monotonic()
        watcher.stop.set()
        watcher.join(timeout=20)
        assert time.monotonic() - stopped_s < 5
    assert watcher.outcome == "stopped"
    # What was not answered is left for the successor, and not given up as a gap.
    assert all(row["reason"] is None for row in one.rows("observation"))


def test_a_camera_that_answers_404_is_said_in_the_status(one, camera):
    with one.store.transaction() as tx:
        cameras.change_camera(
            tx, one.camera_id, camera_settings(stream_url=camera.url.replace("live.m3u8", "gone.m3u8"))
        )
    with Watcher(one) as watcher:
        (lease,) = eventually(
            lambda: [one for one in _leases(one) if one.state == "reconnecting" and "404" in one.detail]
        )
        assert lease.detail
        assert watcher.is_alive()


def test_a_camera_with_a_password_is_watched_by_who_has_the_key_and_by_nobody_else(one):
    keys = Keyring.of(one.settings)
    with one.store.transaction() as tx:
        camera = cameras.get_camera(tx, one.camera_id)
        secret = camera.settings(stream_url=camera.stream_url.replace("//", "//user:hush@"))
        cameras.change_camera(tx, one.camera_id, keys.sealed(secret))
    with Watcher(one):
        eventually(lambda: one.events("enter"))
        with one.store.transaction() as tx:
            cameras.change_camera(tx, one.camera_id, Keyring(["of another machine"]).sealed(secret))
        (lease,) = eventually(lambda: [lease for lease in _leases(one) if "SECRET_KEYS" in lease.detail])
        assert lease.state == "watching", "it goes on as it was"
    with Watcher(one, "run-2") as later:
        later.join(timeout=20)
    assert isinstance(later.outcome, SecretUnreadable)
    assert "camera 1 (door)" in str(later.outcome)


def test_a_watcher_killed_in_the_middle_doubles_and_loses_nothing(one):
    runs = [f"run-{number}" for number in range(3)]
    for run_id in runs[:-1]:
        process = _process(one, run_id)
        written = len(one.events("enter"))
        eventually(partial(_has_more_entries, one, written), within_s=30)
        process.kill()
        process.wait()
    with Watcher(one, runs[-1]):
        written = len(one.events("enter"))
        eventually(lambda: len(one.events("enter")) > written + 1, within_s=30)
    assert doubled(one.events()) == []
    seen = sorted((row["from_at"], row["to_at"]) for row in one.rows("observation"))
    overlaps = [pair for pair in pairwise(seen) if pair[0][1] > pair[1][0]]
    assert overlaps == []
    first, last = seen[0][0], seen[-1][1]
    # The window of 8 s outlives each restart, so nothing is missing.
    assert one.seen_s() == pytest.approx((last - first).total_seconds(), abs=0.1)


def test_a_database_outage_loses_and_doubles_nothing(server_dir, tmp_path, camera, detector):
    server = EmbeddedPostgres(server_dir / "postgres")
    schema.upgrade(server.start())
    one = watched(server.url, tmp_path / "var", camera, detector)
    try:
        with Watcher(one) as watcher:
            eventually(lambda: one.events("enter"))
            server.stop()
            spool = one.settings.var_dir / "spool"
            eventually(lambda: sum(path.stat().st_size for path in spool.rglob("*") if path.is_file()) > 2000)
            time.sleep(4.0)
            assert watcher.is_alive()
            server.start()
            eventually(lambda: _is_flushed(one), within_s=30)
        assert watcher.outcome == "stopped"
        seen = sorted((row["from_at"], row["to_at"]) for row in one.rows("observation"))
        assert all(before[1] == after[0] for before, after in pairwise(seen))
        assert (seen[-1][1] - seen[0][0]).total_seconds() > 6
        assert doubled(one.events()) == []
        passages = (seen[-1][1] - seen[0][0]).total_seconds() / FILM.seconds * 6
        assert len(one.events("enter")) >= int(passages) - 1
    finally:
        one.store.close()
        server.stop()


def _has_more_entries(one: Watched, written: int) -> bool:
    return len(one.events("enter")) > written


def _is_flushed(one: Watched) -> bool:
    try:
        rows = one.rows("observation")
        states = {lease.state for lease in _leases(one)}
    except Exception:  # noqa: BLE001 - the server is just coming back
        return False
    return states == {"watching"} and len(rows) > 8


def _leases(one: Watched):
    with one.store.transaction() as tx:
        return read_leases(tx)


_MAIN = """
import json, sys, threading
from hypersight_core.settings import Settings
from hypersight_core.watcher.watch import watch_camera
settings = Settings.from_environ(json.loads(sys.argv[1]))
watch_camera(settings, int(sys.argv[2]), sys.argv[3], threading.Event())
"""


def _process(one: Watched, run_id: str) -> "subprocess.Popen[bytes]":
    environ = json.dumps(one.settings.environ())
    return subprocess.Popen([sys.executable, "-c", _MAIN, environ, str(one.camera_id), run_id])


def test_events_carry_the_streams_own_time(one, camera):
    with Watcher(one):
        eventually(lambda: len(one.events("enter")) >= 2, within_s=30)
    for row in one.events("enter"):
        into_film_s = (row["ts"] - camera.epoch).total_seconds() % FILM.seconds
        centre = (into_film_s * FILM.fps * 3 % (FILM.width_px - 24) + 12) / FILM.width_px
        # The square crosses 0.3 at 36 px of its walk; a frame of the film is 3 px.
        assert centre == pytest.approx(0.3, abs=0.06)
