"""Sums made anew from the rows, exact however wrong they were."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from hypersight_core.errors import InvalidInput
from hypersight_core.store import cameras, metrics, processors, rollups, watching
from hypersight_core.store.engine import Store
from hypersight_core.store.rebuilding import rebuild
from tests.builders import camera_settings, processor_settings
from tests.histories import PRESENCE, TRAFFIC, History, a_history, an_interval

EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
# As somebody's repair by hand would: the triggers that mark hours as stale do not see it.
BEHIND_THE_BACK = """
SET LOCAL session_replication_role = replica;
UPDATE processor_event SET value = value + 3
WHERE kind IN ('enter', 'cross_in') AND extract(day FROM ts)::int % 2 = 0;
UPDATE processor_event SET value = value + 2 WHERE kind = 'count' AND value % 2 = 1;
UPDATE observation SET frames_detected = 0, reason = 'detector_error'
WHERE extract(minute FROM from_at)::int % 3 = 0;
"""
MARK_ALL = (
    "INSERT INTO rollup.stale_traffic SELECT DISTINCT processor_id, rollup.traffic_hour_of(ts) "
    "FROM processor_event WHERE kind <> 'count' ON CONFLICT DO NOTHING",
    "INSERT INTO rollup.stale_presence SELECT DISTINCT processor_id, rollup.hour_floor(ts) "
    "FROM processor_event WHERE kind = 'count' ON CONFLICT DO NOTHING",
    "INSERT INTO rollup.stale_coverage SELECT DISTINCT camera_id, rollup.hour_floor(from_at) "
    "FROM observation ON CONFLICT DO NOTHING",
)


@pytest.fixture
def history(store: Store) -> History:
    """Return what happened, written and summed up."""
    history = a_history(3)
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings())
        processors.create_processor(tx, 1, processor_settings(kind="objects"))
        watching.add_events(tx, history.events)
        watching.add_observations(tx, history.observations)
    for _ in range(2):
        rollups.refresh(store)
    return history


def answers(store: Store, *, from_rows: bool = False) -> list[object]:
    """Ask many questions; `from_rows`: with every hour marked as stale, so that no sum is read."""
    chance = random.Random(5)
    with store.transaction() as tx:
        if from_rows:
            for mark in MARK_ALL:
                tx.execute(sa.text(mark))
        asked = [an_interval(chance) for _ in range(20)]
        found: list[object] = []
        for interval in asked:
            total = metrics.traffic_total(tx, TRAFFIC, *interval)
            found.append((total.value, total.out_value, total.first_at, round(total.coverage.watched_s, 4)))
        for start, stop in asked[:6]:
            until = min(stop, start + timedelta(days=9))
            for bucket in metrics.presence_series(tx, PRESENCE, start, until, "1h", ZoneInfo("UTC")):
                mean = None if bucket.mean is None else round(bucket.mean, 6)
                found.append((mean, bucket.min, bucket.max, round(bucket.coverage.watched_s, 4)))
        if from_rows:
            tx.rollback()
    return found


def test_sums_behind_whose_back_rows_were_changed_are_exact_after_a_rebuild(store: Store, history: History):
    before = answers(store)
    with store.transaction() as tx:
        for statement in filter(None, map(str.strip, BEHIND_THE_BACK.split(";"))):
            tx.execute(sa.text(statement))
    assert answers(store) != answers(store, from_rows=True)  # else nothing would be shown here
    done = rebuild(store, *EVER)
    assert done.marked > 0
    with store.transaction() as tx:
        assert rollups.staleness(tx).hours == 0
    assert answers(store) == answers(store, from_rows=True) != before


def test_only_the_hours_an_interval_touches_are_read_again(store: Store, history: History):
    at = history.events[0].ts
    done = rebuild(store, at, at + timedelta(seconds=1))
    assert done.start_at <= at < done.stop_at == done.start_at + timedelta(hours=1)
    assert 1 <= done.marked <= 3


def test_rebuilding_twice_changes_nothing(store: Store, history: History):
    before = answers(store)
    for _ in range(2):
        rebuild(store, *EVER)
    assert answers(store) == before


def test_sums_whose_rows_were_dropped_stay(store: Store, history: History):
    days = sorted({event.ts.date() for event in history.events})
    cutoff = datetime(days[1].year, days[1].month, days[1].day, tzinfo=UTC)
    with store.transaction() as tx:
        before = metrics.traffic_total(tx, TRAFFIC, EVER[0], cutoff).value
        for table, column in (("processor_event", "ts"), ("observation", "from_at")):
            tx.execute(sa.text("SET LOCAL session_replication_role = replica"))
            tx.execute(sa.text(f"DELETE FROM {table} WHERE {column} < :cutoff"), {"cutoff": cutoff})
            tx.execute(
                sa.text("INSERT INTO kept_from VALUES (:table, :cutoff)"), {"table": table, "cutoff": cutoff}
            )
    rebuild(store, *EVER)
    with store.transaction() as tx:
        assert metrics.traffic_total(tx, TRAFFIC, EVER[0], cutoff).value == before


@pytest.mark.parametrize(
    "interval", [(EVER[1], EVER[0]), (EVER[0].replace(tzinfo=None), EVER[1].replace(tzinfo=None))]
)
def test_an_interval_that_is_none_is_refused(store: Store, interval):
    with pytest.raises(InvalidInput):
        rebuild(store, *interval)
