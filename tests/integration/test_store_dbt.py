"""The dbt models on both servers: built, tested, and equal to the functions and the API."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import Connection

from hypersight_core.domain.events import Event, EventKind, Observation
from hypersight_core.store import cameras, processors, rollups, watching
from hypersight_core.store.engine import Store
from tests.builders import camera_settings, processor_settings
from tests.dbt import Dbt
from tests.histories import DAYS, START, a_history
from tests.serving import api

pytestmark = pytest.mark.timeout(900)
NO_TESTS = ("--exclude", "resource_type:test", "resource_type:unit_test")
TIME_ZONES = ("Europe/Prague", "Asia/Kathmandu", "America/Havana")
"""One camera each; processors 1, 3, 5 count traffic and 2, 4, 6 presence."""
INTERVALS = 12
"""Asked for of each processor at each moment."""


@pytest.fixture
def dbt(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    return Dbt(database_url, tmp_path_factory.getbasetemp())  # one folder: it is parsed once


@pytest.fixture
def client(database_url: str, tmp_path: Path) -> Iterator[TestClient[Litestar]]:
    with api(database_url, tmp_path) as client:
        yield client


@pytest.fixture
def world(store: Store, dbt: Dbt) -> Store:
    """Return a store with weeks of three cameras; one hour in ten is not written yet."""
    with store.transaction() as tx:
        tx.execute(sa.text("DROP SCHEMA IF EXISTS analytics CASCADE"))
        tx.execute(sa.text("TRUNCATE rollup.settled_day"))
        for time_zone in TIME_ZONES:
            camera = cameras.create_camera(tx, camera_settings(time_zone=time_zone))
            for kind in ("traffic", "objects"):
                processors.create_processor(tx, camera.camera_id, processor_settings(kind=kind))
        _write(tx, lambda at: not _is_late(at))
    return store


def test_dbt_the_functions_and_the_api_agree_at_every_moment(
    world: Store, dbt: Dbt, client: TestClient[Litestar]
):
    results = dbt.build().results()
    assert set(results.values()) <= {"success", "pass", "no-op"}, results
    assert sum(name.startswith("unit_test.") for name in results) == 7
    _agree(world, client, seed=1)
    rollups.refresh(world)
    with world.transaction() as tx:
        _write(tx, _is_late)
    dbt.build(*NO_TESTS)
    _agree(world, client, seed=2)

    with world.transaction() as tx:
        _correct(tx)
    rollups.refresh(world)
    dbt.build(*NO_TESTS)
    _agree(world, client, seed=3)


def test_a_run_builds_only_the_days_that_changed(world: Store, dbt: Dbt):
    rollups.refresh(world)
    dbt.build(*NO_TESTS)
    before = _built_days(world)
    late = START + timedelta(days=9, hours=12)
    with world.transaction() as tx:
        watching.add_events(tx, [
            Event(processor_id=1, ts=late, kind=EventKind.ENTER, zone=0, track_id=77),
            # May hold into the next day.
            Event(processor_id=4, ts=late, kind=EventKind.COUNT, value=40),
        ])  # fmt: skip
    dbt.build(*NO_TESTS)
    rebuilt = {key for key, at in _built_days(world).items() if before.get(key) != at}
    today = datetime.now(UTC).date()
    assert {key for key in rebuilt if key[2] < today - timedelta(days=2)} == {
        ("fct_traffic_hourly", 1, date(2026, 3, 15)), ("fct_dwell_daily", 1, date(2026, 3, 15)),
        ("fct_flows_daily", 1, date(2026, 3, 15)), ("fct_occupancy_hourly", 4, date(2026, 3, 15)),
        ("fct_occupancy_hourly", 4, date(2026, 3, 16)),
    }  # fmt: skip
    with world.transaction() as tx:
        most = "SELECT max(most_people) FROM analytics.fct_occupancy_daily WHERE processor_id = 4"
        assert tx.execute(sa.text(most)).scalar_one() == 40


def test_a_changed_time_zone_and_a_purge_reach_the_models(
    world: Store, dbt: Dbt, client: TestClient[Litestar]
):
    wanted = ("--select", "+fct_traffic_daily", "+fct_camera_uptime_daily", *NO_TESTS)
    dbt.build(*wanted)
    with world.transaction() as tx:
        cameras.delete_camera(tx, 2, purge=True)
    # 25 hours apart: whatever the time is now, the first and the last day are others each time.
    for time_zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Pacific/Kiritimati", "America/New_York"):
        with world.transaction() as tx:
            before = cameras.get_camera(tx, 1)
            cameras.change_camera(tx, 1, before.settings(time_zone=time_zone))
        dbt.build(*wanted)
        with world.transaction() as tx:
            for model in ("fct_coverage_hourly", "fct_traffic_hourly", "fct_camera_uptime_daily"):
                days = "SELECT camera_id, day FROM analytics."
                others = sa.text(f"{days}{model} EXCEPT {days}int_camera_days")
                assert tx.execute(others).all() == []
    with world.transaction() as tx:
        known = sa.text("SELECT DISTINCT processor_id FROM analytics.fct_traffic_hourly ORDER BY 1")
        assert tx.scalars(known).all() == [1, 5]
        midnights = sa.text(
            "SELECT DISTINCT (min(start_at) AT TIME ZONE 'America/New_York')::time::text "
            "FROM analytics.fct_traffic_hourly WHERE processor_id = 1 GROUP BY day"
        )
        assert tx.scalars(midnights).all() == ["00:00:00"]


def _write(tx: Connection, is_wanted: Any) -> None:
    for camera_id in range(1, len(TIME_ZONES) + 1):
        events, observations = _of_camera(camera_id)
        watching.add_events(tx, (e for e in events if is_wanted(e.ts)))
        watching.add_observations(tx, (o for o in observations if is_wanted(o.from_at)))


def _of_camera(camera_id: int) -> tuple[list[Event], list[Observation]]:
    made = a_history(20261126 + camera_id)
    events = [replace(e, processor_id=e.processor_id + 2 * (camera_id - 1)) for e in made.events]
    return events, [replace(o, camera_id=camera_id) for o in made.observations]


def _is_late(at: datetime) -> bool:
    return int((at - START) / timedelta(hours=1)) % 10 == 7


def _correct(tx: Connection) -> None:
    """Take events and observations away, and change some."""
    for statement in (
        "DELETE FROM processor_event WHERE kind <> 'count' AND extract(second FROM ts)::int % 17 = 3",
        "UPDATE processor_event SET value = value + 1 WHERE kind = 'count' AND extract(day FROM ts) = 20",
        "DELETE FROM observation WHERE extract(day FROM from_at) = 12",
    ):
        tx.execute(sa.text(statement))


def _agree(store: Store, client: TestClient[Litestar], *, seed: int) -> None:
    chance = random.Random(seed)
    for camera_id, name in enumerate(TIME_ZONES, 1):
        zone = ZoneInfo(name)
        for bucket in ("1h", "1d", "1w"):
            for _ in range(INTERVALS // 3):
                start, stop = _local_days(chance, zone, bucket)
                _agree_on_traffic(store, client, 2 * camera_id - 1, start, stop, bucket)
                if bucket != "1w":
                    _agree_on_presence(store, client, 2 * camera_id, start, stop, bucket)
        _agree_on_totals(store, client, 2 * camera_id - 1, chance, zone)


def _local_days(chance: random.Random, zone: ZoneInfo, bucket: str) -> tuple[datetime, datetime]:
    """Draw midnights; of weeks those of Mondays."""
    first = (START + timedelta(days=chance.randrange(1, DAYS - 15))).date()
    last = first + timedelta(days=chance.randint(1, 6 if bucket == "1h" else 14))
    if bucket == "1w":
        first -= timedelta(days=first.weekday() - 7)
        last = first + timedelta(days=7 * chance.randint(1, 2))
    ends = [datetime(day.year, day.month, day.day, tzinfo=zone) for day in (first, last)]
    return ends[0].astimezone(UTC), ends[1].astimezone(UTC)


def _agree_on_traffic(
    store: Store,
    client: TestClient[Litestar],
    processor_id: int,
    start: datetime,
    stop: datetime,
    bucket: str,
) -> None:
    table = {"1h": "fct_traffic_hourly", "1d": "fct_traffic_daily", "1w": "fct_traffic_weekly"}[bucket]
    asked = {"id": processor_id, "start": start, "stop": stop, "bucket": bucket}
    modelled = f"""
        SELECT start_at, stop_at, sum(traffic)::bigint, sum(traffic_out)::bigint, max(watched_s)
        FROM analytics.{table} WHERE processor_id = :id AND start_at >= :start AND stop_at <= :stop
        GROUP BY 1, 2 ORDER BY 1"""
    answered = """
        SELECT start_at, stop_at, value, out_value, watched_s
        FROM traffic_series(:id, :start, :stop, :bucket, (
          SELECT time_zone FROM camera JOIN processor USING (camera_id) WHERE processor_id = :id))"""
    with store.transaction() as tx:
        of_dbt, of_sql = ([tuple(row) for row in tx.execute(sa.text(q), asked)] for q in (modelled, answered))
    of_api = [
        (*_ends(one), one["traffic"], one["traffic_out"], one["coverage"]["watched_s"])
        for one in _series(client, processor_id, "traffic", start, stop, bucket)
    ]
    _check_same(of_dbt, of_sql, of_api)


def _check_same(*answers: list[tuple[Any, ...]]) -> None:
    """Compare rows exactly; seconds watched, the last column, are sums of fractions."""
    assert len(answers[0]) >= 1
    for other in answers[1:]:
        assert [row[:-1] for row in other] == [row[:-1] for row in answers[0]]
        assert [row[-1] for row in other] == pytest.approx([row[-1] for row in answers[0]], abs=1e-6, rel=0)


def _agree_on_presence(
    store: Store,
    client: TestClient[Litestar],
    processor_id: int,
    start: datetime,
    stop: datetime,
    bucket: str,
) -> None:
    table = {"1h": "fct_occupancy_hourly", "1d": "fct_occupancy_daily"}[bucket]
    asked = {"id": processor_id, "start": start, "stop": stop, "bucket": bucket}
    modelled = f"""
        SELECT start_at, stop_at, mean_people, least_people, most_people, watched_s
        FROM analytics.{table}
        WHERE processor_id = :id AND start_at >= :start AND stop_at <= :stop ORDER BY 1"""
    answered = """
        SELECT start_at, stop_at, mean, fewest, most, watched_s
        FROM presence_series(:id, :start, :stop, :bucket, (
          SELECT time_zone FROM camera JOIN processor USING (camera_id) WHERE processor_id = :id))"""
    with store.transaction() as tx:
        of_dbt, of_sql = ([tuple(row) for row in tx.execute(sa.text(q), asked)] for q in (modelled, answered))
    of_api = [
        (*_ends(one), one["mean"], one["min"], one["max"], one["coverage"]["watched_s"])
        for one in _series(client, processor_id, "objects", start, stop, bucket)
    ]
    _check_same(of_dbt, of_sql, of_api)


def _agree_on_totals(
    store: Store, client: TestClient[Litestar], processor_id: int, chance: random.Random, zone: ZoneInfo
) -> None:
    """Compare intervals from one local hour to another, however long."""
    for _ in range(INTERVALS):
        day = _local_days(chance, zone, "1h")[0]
        start = day + timedelta(hours=chance.randrange(24))
        stop = start + timedelta(hours=chance.randrange(1, 24 * 14))
        asked = {"id": processor_id, "start": start, "stop": stop}
        modelled = """
            SELECT coalesce(sum(traffic), 0)::bigint, coalesce(sum(traffic_out), 0)::bigint
            FROM analytics.fct_traffic_hourly
            WHERE processor_id = :id AND start_at >= :start AND stop_at <= :stop"""
        with store.transaction() as tx:
            of_dbt = tuple(tx.execute(sa.text(modelled), asked).one())
            answered = sa.text("SELECT value, out_value FROM traffic(:id, :start, :stop)")
            of_sql = tuple(tx.execute(answered, asked).one())
        reply = client.get(
            f"/api/v1/processors/{processor_id}/traffic",
            params={"start": start.isoformat(), "stop": stop.isoformat()},
        ).json()
        assert of_dbt == of_sql == (reply["traffic"], reply["traffic_out"])


def _series(
    client: TestClient[Litestar], processor_id: int, what: str, start: datetime, stop: datetime, bucket: str
) -> list[dict[str, Any]]:
    reply = client.get(
        f"/api/v1/processors/{processor_id}/{what}/series",
        params={"start": start.isoformat(), "stop": stop.isoformat(), "bucket": bucket},
    )
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["buckets"]
    return found


def _ends(bucket: dict[str, Any]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(bucket["start_at"]), datetime.fromisoformat(bucket["stop_at"])


def _built_days(store: Store) -> dict[tuple[str, int, date], datetime]:
    """Return when each day of each incremental model was built."""
    keys = {
        "fct_coverage_hourly": "camera_id", "fct_camera_uptime_daily": "camera_id",
        "fct_traffic_hourly": "processor_id", "fct_occupancy_hourly": "processor_id",
        "fct_dwell_daily": "processor_id", "fct_flows_daily": "processor_id",
    }  # fmt: skip
    found = {}
    with store.transaction() as tx:
        for table, key in keys.items():
            query = f"SELECT {key}, day, min(built_at) FROM analytics.{table} GROUP BY 1, 2"
            for subject, day, at in tx.execute(sa.text(query)):
                found[table, subject, day] = at
    return found
