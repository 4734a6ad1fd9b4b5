"""What `/metrics` says of cameras and of what waits on disk, and who may read it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from prometheus_client.parser import text_string_to_metric_families

from hypersight_core.domain.events import EventKind, Observation, Reason
from hypersight_core.domain.figures import Passed, WatcherFigures
from hypersight_core.store import cameras, failures, processors, watching
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import Lease
from hypersight_core.store.spool import FILE_BYTES, Spool
from tests.builders import (
    LEFT_HALF,
    a_record,
    an_event,
    camera_settings,
    processor_settings,
)
from tests.serving import NO_DATABASE, api, observed, saved, watched

pytestmark = pytest.mark.integration
MEBIBYTE = 1024**2
Samples = dict[tuple[str, ...], float]


@pytest.fixture
def client(store: Store, database_url: str, tmp_path: Path) -> Iterator[TestClient[Litestar]]:
    """A client of a server with camera 1: processor 1 of kind traffic with two zones, 2 of kind objects."""
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings(zones=(LEFT_HALF, LEFT_HALF)))
        processors.create_processor(tx, 1, processor_settings(kind="objects", zones=()))
    with api(database_url, tmp_path, spool_max_mb=64) as client:
        yield client


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool", 1, max_bytes=8 * MEBIBYTE)
    yield opened
    opened.close()


def samples(client: TestClient[Litestar], name: str) -> Samples:
    """Return what a metric says, by the values of its labels, in the alphabetical order of their names."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    found = [one for family in families for one in family.samples if one.name == name]
    return {tuple(one.labels.values()): one.value for one in found}


def count(client: TestClient[Litestar], store: Store, at: datetime, people: int) -> None:
    saved(store, an_event(processor_id=2, ts=at, kind=EventKind.COUNT, value=people, zone=-1, track_id=0))


def test_zones_nobody_passed_begin_at_zero_and_those_of_before_an_edit_stay(client, store):
    figures = WatcherFigures(passed=(Passed(1, 0, came=3, went=1), Passed(1, 2, came=5), Passed(9, 0, 1)))
    with watched(store, 1, figures=figures):
        assert samples(client, "hypersight_persons_passed_total") == {
            ("1", "in", "1", "0"): 3, ("1", "out", "1", "0"): 1,
            ("1", "in", "1", "1"): 0, ("1", "out", "1", "1"): 0,
            ("1", "in", "1", "2"): 5, ("1", "out", "1", "2"): 0,
        }  # fmt: skip


def test_frames_are_told_by_every_result_from_the_start(client, store):
    with watched(store, 1, figures=WatcherFigures(frames={"detected": 7})):
        assert samples(client, "hypersight_camera_frames_total") == {
            ("1", "detected"): 7, ("1", "late_dropped"): 0, ("1", "detector_error"): 0,
            ("1", "stream_down"): 0, ("1", "paused"): 0,
        }  # fmt: skip


def test_persons_present_are_told_while_somebody_looks_and_else_left_out(client, store):
    present = "hypersight_persons_present"
    now = datetime.now(UTC)
    count(client, store, now - timedelta(minutes=3), 4)
    observed(store, 1, now - timedelta(minutes=4), timedelta(minutes=2))
    with watched(store, 1):
        assert samples(client, present) == {}  # nothing was seen for two minutes
    with store.transaction() as tx:
        piece = Observation(
            camera_id=1, from_at=now - timedelta(minutes=2), to_at=now, frames_wanted=9, frames_detected=9
        )
        watching.add_observations(tx, [piece])
    assert samples(client, present) == {}  # no process watches
    for phase in ("reconnecting", "detector_away"):
        with watched(store, 1, phase=phase):
            assert samples(client, present) == {}
    with watched(store, 1):
        assert samples(client, present) == {("1", "2"): 4}
        count(client, store, now, 0)
        assert samples(client, present) == {("1", "2"): 0}  # somebody looked, and there is nobody


def test_time_the_detector_missed_is_not_looked_at(client, store):
    now = datetime.now(UTC)
    count(client, store, now - timedelta(minutes=3), 4)
    with store.transaction() as tx:
        missed = Observation(
            camera_id=1, from_at=now - timedelta(minutes=2), to_at=now, frames_wanted=9, frames_detected=0,
            reason=Reason.DETECTOR_ERROR,
        )  # fmt: skip
        watching.add_observations(tx, [missed])
    with watched(store, 1):
        assert samples(client, "hypersight_persons_present") == {}


def test_cameras_nobody_wants_watched_are_told_from_those_that_should_be(client, store):
    wanted, state = "hypersight_camera_wanted", "hypersight_camera_state"
    assert samples(client, wanted) == {("1",): 1}
    assert samples(client, state) == {("1", "not_watched"): 1}
    with watched(store, 1, phase="reconnecting"):
        assert samples(client, state) == {("1", "reconnecting"): 1}
    with store.transaction() as tx:
        failed = failures.WatcherFailure(
            camera_id=1, run_id="r", failed_at=datetime.now(UTC), bad_ends=6, reason="no",
            next_try_at=datetime.now(UTC),
        )  # fmt: skip
        failures.write_failure(tx, failed)
    assert samples(client, state) == {("1", "failed"): 1}
    with store.transaction() as tx:
        cameras.change_camera(tx, 1, cameras.get_camera(tx, 1).settings(enabled=False))
    assert samples(client, wanted) == {("1",): 0}
    assert samples(client, state) == {("1", "switched_off"): 1}


def test_what_waits_on_disk_is_counted_until_the_database_has_it(client, store, spool):
    records, size = "hypersight_spool_records", "hypersight_spool_bytes"
    assert samples(client, records) == {}
    ended_at = datetime.now(UTC) - timedelta(seconds=90)
    waiting = [
        a_record(seq=seq, position_at=ended_at + timedelta(seconds=seq), events=(an_event(),))
        for seq in range(1, 4)
    ]
    for record in waiting:
        spool.append(record)
    assert samples(client, records) == {("1",): 3}
    assert samples(client, size) == {("1",): spool.depth_bytes}
    [age] = samples(client, "hypersight_spool_oldest_age_seconds").values()
    assert 88 < age < 150
    assert samples(client, "hypersight_spool_limit_bytes") == {(): 64 * MEBIBYTE}

    lease = Lease(store, 1, "r")
    token = lease.acquire()
    with store.transaction() as tx:
        watching.record_segment(tx, waiting[0], token=token)
    lease.release("stopped")
    spool.acknowledge(1)  # it stays in the file, and is not counted
    assert samples(client, records) == {("1",): 2}
    assert samples(client, size) == {("1",): spool.depth_bytes}
    spool.acknowledge(3)
    assert samples(client, records) == samples(client, size) == {("1",): 0}
    assert samples(client, "hypersight_spool_oldest_age_seconds") == {}


def test_while_the_database_is_away_what_waits_is_told_all_the_same(tmp_path, spool):
    padding = {"state": "x" * (FILE_BYTES // 2)}
    for seq in range(1, 6):
        spool.append(a_record(seq=seq, position_at=datetime.now(UTC), state=padding))
    assert len(list((tmp_path / "spool").iterdir())) > 1
    with api(NO_DATABASE, tmp_path) as client:
        assert samples(client, "hypersight_database_up") == {(): 0}
        assert samples(client, "hypersight_spool_records") == {("1",): 5}
        assert samples(client, "hypersight_spool_bytes") == {("1",): spool.depth_bytes}
        assert samples(client, "hypersight_camera_watching") == {}


def test_half_a_record_and_damage_are_not_counted(client, spool, tmp_path):
    spool.append(a_record(seq=1))
    [path] = (tmp_path / "spool").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole + b"damaged\n" + whole[: len(whole) // 2])
    assert samples(client, "hypersight_spool_records") == {("1",): 1}


def test_files_that_cannot_be_read_are_unknown_and_not_empty(client, tmp_path):
    (tmp_path / "spool" / "camera-7-x.spool").mkdir(parents=True)
    assert samples(client, "hypersight_spool_records") == {}


def test_the_metrics_token_reads_figures_and_nothing_else_with_or_without_a_database(tmp_path):
    tokens = {"api_token": "owner", "metrics_token": "scraper"}
    with api(NO_DATABASE, tmp_path, base_url="http://cameras.example", **tokens) as client:
        shown = {"authorization": "Bearer scraper"}
        assert client.get("/metrics").status_code == 401
        assert "hypersight_database_up 0.0" in client.get("/metrics", headers=shown).text
        for path in ("/api/v1/cameras", "/api/v1/status", "/statusWatch", "/", "/schema"):
            assert client.get(path, headers=shown).status_code == 401, path
        assert client.post("/traffic", json={}, headers=shown).status_code == 401


def test_without_a_metrics_token_an_empty_one_opens_nothing(tmp_path):
    with api(NO_DATABASE, tmp_path, base_url="http://cameras.example", api_token="owner") as client:
        assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 401
