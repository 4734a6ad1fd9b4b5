"""Partitions, columnstore and retention: what is kept small loses no number."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from hypersight_core.domain.events import Event, EventKind
from hypersight_core.errors import SetupFailed
from hypersight_core.settings import Settings
from hypersight_core.store import cameras, metrics, partitions, processors, rollups, upkeep, watching
from hypersight_core.store.engine import Store
from hypersight_core.store.timescale import timescale_version
from hypersight_core.store.upkeep import GROWING
from tests.builders import an_event, camera_settings, processor_settings
from tests.databases import POSTGRESQL, TIMESCALEDB
from tests.histories import DAYS, PRESENCE, START, TRAFFIC, History, a_history

END = START + timedelta(days=DAYS)
MIDDLE = START + timedelta(days=3, hours=7)
UTC_ZONE = ZoneInfo("UTC")


@pytest.fixture
def history(store: Store) -> History:
    """Write a history and sum it up."""
    written = a_history(5)
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings(kind="traffic"))
        processors.create_processor(tx, 1, processor_settings(kind="objects"))
        watching.add_events(tx, written.events)
        watching.add_observations(tx, written.observations)
    for _ in range(3):
        rollups.refresh(store)
    return written


@pytest.mark.parametrize("lane", [POSTGRESQL], indirect=True)
def test_rows_of_months_without_partition_move_into_one(store: Store, history: History):
    far = datetime(2031, 7, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    with store.transaction() as tx:
        watching.add_events(tx, [an_event(processor_id=TRAFFIC, ts=far)])
        assert _count(tx, "partitions.processor_event_default") > 0
    done = upkeep.keep_up(store, Settings(), END)
    assert "partitions.processor_event_2031_07" in done.partitions
    assert upkeep.keep_up(store, Settings(), END).partitions == ()
    with store.transaction() as tx:
        assert _count(tx, "partitions.processor_event_default") == 0
        assert _count(tx, "partitions.processor_event_2031_07") == 1
        assert _count(tx, "processor_event") == len(history.events) + 1
        assert metrics.traffic_total(tx, TRAFFIC, START, far).value == history.total(START, END)[0] + 1


@pytest.mark.parametrize("lane", [POSTGRESQL], indirect=True)
def test_partitions_are_made_months_ahead_and_missed_when_they_are_not(store: Store):
    now = datetime(2041, 12, 31, 12, tzinfo=UTC)
    with store.transaction() as tx:
        assert upkeep.missing_partitions(tx, now) == list(GROWING)
    made = upkeep.keep_up(store, Settings(), now).partitions
    ahead = ("2041_12", "2042_01", "2042_02", "2042_03")
    assert made == tuple(f"{partitions.SCHEMA}.{table}_{month}" for table in GROWING for month in ahead)
    with store.transaction() as tx:
        assert upkeep.missing_partitions(tx, now) == []
        assert upkeep.missing_partitions(tx, datetime(2042, 3, 31, 12, tzinfo=UTC)) == list(GROWING)


@pytest.mark.parametrize("lane", [TIMESCALEDB], indirect=True)
def test_old_chunks_are_kept_by_column_and_still_take_rows(store: Store, history: History):
    done = upkeep.keep_up(store, Settings(columnstore_after_days=10), END)
    assert len(done.by_column) >= 6
    assert upkeep.keep_up(store, Settings(columnstore_after_days=10), END).by_column == ()
    with store.transaction() as tx:
        assert watching.add_events(tx, history.events) == 0
        late = [an_event(processor_id=TRAFFIC, ts=START + timedelta(days=1, seconds=s)) for s in range(1, 51)]
        assert watching.add_events(tx, late) == 50
        came, went, *_ = history.total(START, END)
        total = metrics.traffic_total(tx, TRAFFIC, START, END)
        assert (total.value, total.out_value) == (came + 50, went)
        assert rollups.staleness(tx).hours == 1
    rollups.refresh(store)
    with store.transaction() as tx:
        assert rollups.staleness(tx).hours == 0
        assert metrics.traffic_total(tx, TRAFFIC, START, END).value == came + 50


@pytest.mark.parametrize("lane", [TIMESCALEDB], indirect=True)
def test_chunks_kept_by_column_can_be_purged(store: Store, history: History):
    upkeep.keep_up(store, Settings(columnstore_after_days=1), END)
    with store.transaction() as tx:
        processors.delete_processor(tx, TRAFFIC, purge=True)
    with store.transaction() as tx:
        assert metrics.traffic_total(tx, TRAFFIC, START, END).value == 0
        assert tx.execute(sa.text("SELECT count(*) FROM traffic_hour")).scalar_one() == 0
    rollups.refresh(store)
    with store.transaction() as tx:
        assert rollups.staleness(tx).hours == 0
        assert tx.execute(sa.text("SELECT count(*) FROM traffic_day")).scalar_one() == 0


def test_sums_outlive_the_rows_they_were_made_of(store: Store, history: History):
    with store.transaction() as tx:
        days = metrics.traffic_series(tx, TRAFFIC, START, END, "1d", UTC_ZONE)
        people = metrics.presence_series(tx, PRESENCE, START, END, "1d", UTC_ZONE)
        # What held at its start was counted before, and is dropped.
        later = metrics.presence_series(tx, PRESENCE, MIDDLE, END, "1d", UTC_ZONE)
        rows = _count(tx, "processor_event")
    kept_days = Settings(events_kept_days=4, observations_kept_days=4)
    done = upkeep.keep_up(store, kept_days, END)
    assert done.dropped
    assert done.postponed == ()
    with store.transaction() as tx:
        assert _count(tx, "processor_event") < rows
        assert metrics.traffic_series(tx, TRAFFIC, START, END, "1d", UTC_ZONE) == days
        assert metrics.presence_series(tx, PRESENCE, START, END, "1d", UTC_ZONE) == people
        assert metrics.presence_series(tx, PRESENCE, MIDDLE, END, "1d", UTC_ZONE) == later
        total = metrics.traffic_total(tx, TRAFFIC, START, END)
        assert (total.value, total.out_value) == history.total(START, END)[:2]
        assert total.coverage.watched_s == pytest.approx(history.watched_s(START, END))
        # Half an hour of what was dropped: unknown, and said to be.
        half = metrics.traffic_total(tx, TRAFFIC, START, START + timedelta(minutes=30))
        assert (half.value, half.coverage.watched_s) == (0, 0)

    # Rows of that time are not taken in again: they would replace the sums of their hours.
    with store.transaction() as tx:
        watching.add_events(tx, history.events)
        watching.add_observations(tx, history.observations)
        watching.add_events(tx, [Event(processor_id=PRESENCE, ts=START, kind=EventKind.COUNT, value=5)])
    for _ in range(2):
        rollups.refresh(store)
        with store.transaction() as tx:
            assert rollups.staleness(tx).hours == 0
            assert metrics.traffic_series(tx, TRAFFIC, START, END, "1d", UTC_ZONE) == days
            assert metrics.presence_series(tx, PRESENCE, START, END, "1d", UTC_ZONE) == people
    assert upkeep.keep_up(store, kept_days, END).dropped == ()


def test_rows_are_kept_for_as_many_whole_days_of_utc_as_was_said(store: Store, history: History):
    kept_days = Settings(events_kept_days=4, observations_kept_days=5)
    upkeep.keep_up(store, kept_days, END + timedelta(hours=7))
    midnight = END.replace(hour=0, minute=0, second=0, microsecond=0)
    with store.transaction() as tx:
        kept = {row.relation: row.at for row in tx.execute(sa.text("SELECT relation, at FROM kept_from"))}
    assert kept == {
        "processor_event": midnight - timedelta(days=4), "observation": midnight - timedelta(days=5)
    }  # fmt: skip


def test_nothing_is_dropped_before_it_is_summed_up(store: Store, history: History):
    with store.transaction() as tx:
        watching.add_events(tx, [an_event(processor_id=TRAFFIC, ts=START + timedelta(seconds=7))])
        rows = _count(tx, "processor_event")
    kept_days = Settings(events_kept_days=4, observations_kept_days=4)
    done = upkeep.keep_up(store, kept_days, END)
    assert done.postponed == ("processor_event",)
    with store.transaction() as tx:
        assert _count(tx, "processor_event") == rows
    rollups.refresh(store)
    assert upkeep.keep_up(store, kept_days, END).dropped
    with store.transaction() as tx:
        total = metrics.traffic_total(tx, TRAFFIC, START, END)
    assert total.value == history.total(START, END)[0] + 1


def test_hours_left_behind_are_noticed(store: Store):
    now = datetime.now(UTC)
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings())
    for _ in range(3):
        rollups.refresh(store)
    running, ended = now - timedelta(seconds=1), now - timedelta(hours=9)
    for ts, hours, is_behind in ((running, 0, False), (ended, 1, True)):
        with store.transaction() as tx:
            watching.add_events(tx, [an_event(processor_id=1, ts=ts)])
            stale = rollups.staleness(tx)
        # In the first second of an hour the event of a second ago lies in one that has ended.
        assert stale.hours in {hours, hours + (running.hour != now.hour)}
        assert stale.is_behind(now) is is_behind


@pytest.mark.parametrize("lane", [POSTGRESQL], indirect=True)
def test_a_timescaledb_that_is_too_old_is_named(store: Store):
    with store.transaction() as tx:
        # No server as old can be had here: only its name and version are written into the catalog.
        tx.execute(
            sa.text("""
                INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
                SELECT 99999, 'timescaledb', extowner, extnamespace, false, '2.15.3'
                FROM pg_extension LIMIT 1""")
        )
        with pytest.raises(SetupFailed, match=r"TimescaleDB 2\.15\.3 is too old"):
            timescale_version(tx)
        tx.rollback()


def test_a_week_of_hours_adds_up_in_every_relation(store: Store, history: History):
    with store.transaction() as tx:
        for relation, length in (("traffic_hour", timedelta(hours=1)), ("traffic_day", timedelta(days=1))):
            of_processor = (
                f"SELECT bucket, value, out_value FROM {relation} WHERE processor_id = 1 ORDER BY 1"
            )
            rows = tx.execute(sa.text(of_processor)).all()
            assert len(rows) > DAYS - 2
            for bucket, value, out_value in rows:
                assert (value, out_value) == history.total(bucket, bucket + length)[:2]
        for relation, length in (("coverage_hour", timedelta(hours=1)), ("coverage_day", timedelta(days=1))):
            of_camera = f"SELECT bucket, watched_s FROM {relation} WHERE camera_id = 1 ORDER BY 1"
            rows = tx.execute(sa.text(of_camera)).all()
            assert all(a.bucket < b.bucket for a, b in pairwise(rows))
            for bucket, watched_s in rows:
                assert watched_s == pytest.approx(history.watched_s(bucket, bucket + length))


def _count(tx: sa.Connection, table: str) -> int:
    return int(tx.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())
