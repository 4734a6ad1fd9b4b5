"""Writers with late rows, refreshes and readers at once: no reader ever sees a wrong number."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from hypersight_core.domain.events import Event, EventKind, Observation
from hypersight_core.store import cameras, processors, rollups, watching
from hypersight_core.store.engine import Store
from tests.builders import camera_settings, processor_settings
from tests.databases import TIMESCALEDB

RUN_S = 8
WRITERS, READERS = 3, 2
BASE = datetime(2026, 3, 1, tzinfo=UTC)
"""Months ago: every hour has ended, so refreshes take in hours that are still being written to."""
KINDS = (EventKind.ENTER, EventKind.ENTER, EventKind.EXIT, EventKind.CROSS_IN)
LATE_SHARE, LATEST_S = 0.05, 5 * 86400

# One statement each, so that both sides see the same rows.
TRAFFIC = sa.text("""
SELECT answer.value, answer.out_value, answer.first_at, answer.last_at, raw.*
FROM traffic(:processor_id, :start, :stop) AS answer, (
  SELECT coalesce(sum(value) FILTER (WHERE kind IN ('enter', 'cross_in')), 0),
         coalesce(sum(value) FILTER (WHERE kind IN ('exit', 'cross_out')), 0),
         min(ts) FILTER (WHERE kind IN ('enter', 'cross_in')),
         max(ts) FILTER (WHERE kind IN ('enter', 'cross_in'))
  FROM processor_event WHERE processor_id = :processor_id AND ts > :start AND ts <= :stop) AS raw
""")
SERIES = sa.text("""
SELECT (SELECT array_agg(value ORDER BY start_at)
        FROM traffic_series(:processor_id, :start, :stop, '1d', 'Asia/Kathmandu')) AS answer,
       (SELECT array_agg(value ORDER BY n) FROM (
          SELECT n, (SELECT coalesce(sum(value), 0)::bigint FROM processor_event
                     WHERE processor_id = :processor_id AND ts > edges[n] AND ts <= edges[n + 1]
                       AND kind IN ('enter', 'cross_in')) AS value
          FROM bucket_edges(:start, :stop, '1d', 'Asia/Kathmandu') AS edges,
               generate_series(1, cardinality(edges) - 1) AS n) AS day) AS raw
""")
# One span over everything reads the rows only. Nothing is carried in: no count lies before BASE.
PRESENCE = sa.text("""
SELECT answer.mean, answer.fewest, answer.most,
       raw.person_us::float8 / nullif(raw.known_us, 0), raw.fewest, raw.most
FROM presence_series(:processor_id, :base, :stop, '1w', 'UTC') AS answer,
     rollup.presence_states(:processor_id, 1, ARRAY[CAST(:base AS timestamptz)],
                            ARRAY[least(CAST(:stop AS timestamptz), :week_end)]) AS raw
LIMIT 1
""")


@dataclass
class Shared:
    """What all threads know."""

    store: Store
    ended: threading.Event = field(default_factory=threading.Event)
    now_s: float = 3600.0
    reads: int = 0
    refreshes: int = 0
    wrong: list[str] = field(default_factory=list)

    def running(self) -> Iterator[None]:
        while not self.ended.is_set():
            yield

    def at(self, seconds: float) -> datetime:
        return BASE + timedelta(seconds=max(0.0, seconds))


@pytest.fixture
def shared(database_url: str, store: Store) -> Iterator[Shared]:
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        for kind in ("traffic", "traffic", "objects"):
            processors.create_processor(tx, 1, processor_settings(kind=kind))
    many = Store(database_url, application_name="hypersight tests", pool_size=WRITERS + READERS + 2)
    yield Shared(many)
    many.close()


def test_no_reader_sees_a_wrong_number(shared: Shared, lane: str):
    with ThreadPoolExecutor(WRITERS + READERS + 1) as threads, _ending(shared):
        tasks = [threads.submit(_write, shared, seed) for seed in range(WRITERS)]
        tasks += [threads.submit(_read, shared, 100 + seed) for seed in range(READERS)]
        tasks.append(threads.submit(_refresh, shared))
        deadline_s = time.monotonic() + RUN_S
        while time.monotonic() < deadline_s and not any(task.done() for task in tasks):
            time.sleep(0.05)
        shared.ended.set()
        for task in tasks:
            task.result(timeout=60)
    assert shared.wrong == []
    # Otherwise nothing was tried.
    assert shared.refreshes >= (2 if lane == TIMESCALEDB else 5)
    assert shared.reads > 30
    for _ in range(3):
        rollups.refresh(shared.store)
    with shared.store.transaction() as tx:
        assert rollups.staleness(tx).hours == 0
    _look(shared, TRAFFIC, processor_id=1, start=BASE, stop=shared.at(shared.now_s))
    assert shared.wrong == []


@contextmanager
def _ending(shared: Shared) -> Iterator[None]:
    try:
        yield
    finally:
        shared.ended.set()


def _write(shared: Shared, seed: int) -> None:
    """Write batches around a clock that runs ahead, some rows days late, each track unique to its writer."""
    chance = random.Random(seed)
    seen_until_s = shared.now_s
    for number, _ in enumerate(shared.running()):
        shared.now_s += chance.uniform(20, 400)
        events = [_event(shared, chance, track_id=seed * 10**6 + number * 100 + n) for n in range(20)]
        with shared.store.transaction() as tx:
            watching.add_events(tx, events)
            if seed == 0:
                to_s = max(shared.now_s, seen_until_s + 1)
                watching.add_observations(tx, [_observation(shared, seen_until_s, to_s)])
                seen_until_s = to_s
            if chance.random() < 0.3:
                time.sleep(chance.uniform(0, 0.02))


def _event(shared: Shared, chance: random.Random, *, track_id: int) -> Event:
    at_s = shared.now_s - chance.uniform(0, 60)
    if chance.random() < LATE_SHARE:
        at_s -= chance.uniform(0, LATEST_S)
    at = shared.at(at_s).replace(microsecond=chance.choice((0, 0, 1, 999_999)))
    if chance.random() < 0.25:
        counted = at.replace(microsecond=chance.randrange(10**6))
        return Event(processor_id=3, ts=counted, kind=EventKind.COUNT, value=chance.randint(0, 9))
    return Event(
        processor_id=chance.randint(1, 2), ts=at, kind=chance.choice(KINDS), zone=0, track_id=track_id
    )


def _observation(shared: Shared, from_s: float, to_s: float) -> Observation:
    return Observation(
        camera_id=1, from_at=shared.at(from_s), to_at=shared.at(to_s), frames_wanted=5, frames_detected=5
    )


def _refresh(shared: Shared) -> None:
    for _ in shared.running():
        rollups.refresh(shared.store)
        shared.refreshes += 1


def _read(shared: Shared, seed: int) -> None:
    chance = random.Random(seed)
    questions: list[Callable[[], None]] = [
        lambda: _look(shared, TRAFFIC, processor_id=chance.randint(1, 2), **_interval(shared, chance)),
        lambda: _look(shared, SERIES, processor_id=chance.randint(1, 2), **_interval(shared, chance)),
        lambda: _look(
            shared, PRESENCE, processor_id=3, base=BASE, week_end=BASE + timedelta(days=1),
            stop=shared.at(chance.uniform(60, shared.now_s)),
        ),
    ]  # fmt: skip
    for _ in shared.running():
        chance.choice(questions)()
        shared.reads += 1


def _interval(shared: Shared, chance: random.Random) -> dict[str, datetime]:
    one, other = (chance.uniform(0, shared.now_s) for _ in range(2))
    if chance.random() < 0.5:
        other = shared.now_s
    return {"start": shared.at(min(one, other)), "stop": shared.at(max(one, other))}


def _look(shared: Shared, question: sa.TextClause, **asked: object) -> None:
    with shared.store.transaction() as tx:
        for row in tx.execute(question, asked):
            half = len(row) // 2
            answer, raw = tuple(row[:half]), tuple(row[half:])
            if answer != raw and not _close(answer, raw):
                shared.wrong.append(f"{asked}: {answer} instead of {raw}")


def _close(answer: tuple[object, ...], raw: tuple[object, ...]) -> bool:
    """Whether only a mean differs, and by rounding only."""
    mean, other = answer[0], raw[0]
    both = isinstance(mean, float) and isinstance(other, float) and abs(mean - other) < 1e-9
    return both and answer[1:] == raw[1:]
