"""Any interval at any moment: rollups fresh, rows landing behind them, rows corrected, refreshed again."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.domain.events import Event
from hypersight_core.store import cameras, metrics, processors, rollups, watching
from hypersight_core.store.engine import Store
from tests import reference
from tests.builders import camera_settings, processor_settings
from tests.databases import has_real_backends
from tests.histories import DAYS, PRESENCE, START, TRAFFIC, History, a_history, a_zone, an_interval

ROUNDS = {True: (700, 60), False: (200, 18)}
"""Totals and series asked for at each moment; in WebAssembly everything takes five times as long."""
BUCKETS = {"1m": 0.2, "5m": 1.0, "15m": 3.0, "1h": 20.0, "1d": DAYS, "1w": DAYS}
"""Longest interval to ask for, in days."""


@pytest.fixture
def history(store: Store) -> History:
    """Return what happened in front of a camera with two processors, nothing of it written yet."""
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings(kind="traffic"))
        processors.create_processor(tx, 1, processor_settings(kind="objects"))
    return a_history(20261124)


def test_every_answer_equals_the_raw_rows_at_every_moment(store: Store, lane: str, history: History):
    rounds = ROUNDS[has_real_backends(lane)]
    on_time = History(
        tuple(e for e in history.events if not _is_late(e.ts)),
        tuple(o for o in history.observations if not _is_late(o.from_at)),
    )
    _write(store, on_time)
    _check(store, on_time, rounds, seed=1)
    _refresh(store)
    _check(store, on_time, rounds, seed=2)

    _write(store, history)
    assert 50 < _stale_hours(store) < 500
    _check(store, history, rounds, seed=3)

    corrected = _correct(store, history)
    _check(store, corrected, rounds, seed=4)
    _refresh(store)
    _check(store, corrected, rounds, seed=5)


def _is_late(at: datetime) -> bool:
    """Whether rows of this hour are written only after the first refresh."""
    return int((at - START) / timedelta(hours=1)) % 10 == 7


def _refresh(store: Store) -> None:
    """Refresh until no hour is stale; where former tests left sums behind, the first time refuses some."""
    for _ in range(3):
        rollups.refresh(store)
    assert _stale_hours(store) == 0


def _write(store: Store, history: History) -> None:
    with store.transaction() as tx:
        watching.add_events(tx, history.events)
        watching.add_observations(tx, history.observations)


def _correct(store: Store, history: History) -> History:
    """Remove some events and change others, as somebody does by hand."""
    chance = random.Random(7)
    removed = chance.sample(history.events, 60)
    kept = [e for e in history.events if e not in removed]
    changed: dict[Event, Event] = {e: replace(e, value=e.value + 3) for e in chance.sample(kept, 60)}
    this = "processor_id = :processor_id AND ts = :ts AND kind = :kind"
    with store.transaction() as tx:
        for event in removed:
            tx.execute(sa.text(f"DELETE FROM processor_event WHERE {this}"), _key(event))
        for event in changed:
            tx.execute(sa.text(f"UPDATE processor_event SET value = value + 3 WHERE {this}"), _key(event))
    return History(tuple(changed.get(e, e) for e in kept), history.observations)


def _key(event: Event) -> dict[str, object]:
    return {"processor_id": event.processor_id, "ts": event.ts, "kind": event.kind.value}


def _stale_hours(store: Store) -> int:
    with store.transaction() as tx:
        return rollups.staleness(tx).hours


def _check(store: Store, history: History, rounds: tuple[int, int], *, seed: int) -> None:
    totals, series = rounds
    chance = random.Random(seed)
    with store.transaction() as tx:
        # People ask from any time zone; a day of sums is one of UTC all the same.
        tx.execute(sa.text(f"SET LOCAL timezone = '{a_zone(chance).key if seed > 1 else 'Europe/Prague'}'"))
        for _ in range(totals):
            _check_total(tx, history, *an_interval(chance))
        for bucket, longest in list(BUCKETS.items()) * (series // len(BUCKETS)):
            start, stop = an_interval(chance)
            _check_series(tx, history, start, min(stop, start + timedelta(days=longest)), bucket, chance)


def _check_total(tx: Connection, history: History, start: datetime, stop: datetime) -> None:
    total = metrics.traffic_total(tx, TRAFFIC, start, stop)
    answer = (total.value, total.out_value, total.first_at, total.last_at)
    assert answer == history.total(start, stop), (start, stop)
    assert total.coverage.watched_s == pytest.approx(history.watched_s(start, stop), abs=1e-6)


def _check_series(
    tx: Connection, history: History, start: datetime, stop: datetime, bucket: str, chance: random.Random
) -> None:
    zone = a_zone(chance)
    edges = reference.bucket_edges(start, stop, bucket, zone)
    passed = metrics.traffic_series(tx, TRAFFIC, start, stop, bucket, zone)
    present = metrics.presence_series(tx, PRESENCE, start, stop, bucket, zone)
    for series in (passed, present):
        assert [(b.start_at.astimezone(UTC), b.stop_at.astimezone(UTC)) for b in series] == list(
            pairwise(edges)
        )
    for traffic, people in zip(passed, present, strict=True):
        a, b = traffic.start_at.astimezone(UTC), traffic.stop_at.astimezone(UTC)
        assert (traffic.value, traffic.out_value) == history.total(a, b)[:2], (a, b, bucket, zone)
        assert traffic.coverage.watched_s == pytest.approx(history.watched_s(a, b), abs=1e-6)
        mean, fewest, most = history.presence(a, b)
        assert (people.min, people.max) == (fewest, most), (a, b, bucket, zone)
        assert people.mean == (None if mean is None else pytest.approx(mean)), (a, b, bucket, zone)
