"""What questions and writing cost, against the plainest way of doing the same.

    python -m benchmarks.storage --rows 10_000_000
    python -m benchmarks.storage --rows 10_000_000 --server postgresql://…    (TimescaleDB, for example)

Makes a database of its own (about 2 GB for 10 million rows) on an embedded PostgreSQL, or on the server
given, and removes it at the end. All questions are asked in turn, each of them anew with other intervals,
so that other work on the machine touches all alike; the last line is one JSON object of medians.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from benchmarks import storage_data as data
from hypersight.postgres import EmbeddedPostgres
from hypersight_core.domain.events import Event, EventKind
from hypersight_core.settings import Settings
from hypersight_core.store import rollups, schema, upkeep, watching
from hypersight_core.store.engine import Store
from hypersight_core.store.timescale import timescale_version

ROUNDS = 40
INGEST_ROUNDS, INGEST_ROWS = 5, 3000
BATCHES = (1, 100, 1000)
DATABASE = "hypersight_benchmark"

RAW = """
SELECT sum(value) FROM processor_event
WHERE processor_id = :processor_id AND ts > :start AND ts <= :stop AND kind IN ('enter', 'cross_in')"""
TRAFFIC = "SELECT value FROM traffic(:processor_id, :start, :stop)"
LAST = "SELECT value FROM objects_at(:processor_id + 1, :stop)"
TRAFFIC_SERIES = "SELECT * FROM traffic_series(:processor_id, :start, :stop, '1h', 'Europe/Prague')"
PRESENCE_SERIES = "SELECT * FROM presence_series(:processor_id + 1, :start, :stop, '1h', 'Europe/Prague')"
DAY_SERIES = "SELECT * FROM traffic_series(:processor_id, :start, :stop, '1d', 'Europe/Prague')"
DAYS_350, DAYS_30, HOUR = timedelta(days=350), timedelta(days=30), timedelta(hours=1)
QUESTIONS = {
    "year_raw": (RAW, DAYS_350),
    "year": (TRAFFIC, DAYS_350),
    "hour": (TRAFFIC, HOUR),
    "last_value": (LAST, HOUR),
    "series_30d_1h": (TRAFFIC_SERIES, DAYS_30),
    "series_350d_1d": (DAY_SERIES, DAYS_350),
    "presence_30d_1h": (PRESENCE_SERIES, DAYS_30),
}


def main() -> None:
    """Run everything; the last line printed is the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=lambda text: int(text.replace("_", "")), default=1_000_000)
    parser.add_argument("--server", help="URL of a server on which to make the database")
    asked = parser.parse_args()
    with database(asked.server) as url:
        store = Store(url, application_name="hypersight benchmark")
        figures = measure(store, asked.rows)
        store.close()
    print(json.dumps(figures))


def measure(store: Store, rows: int) -> dict[str, Any]:
    """Load, ask, write and compress; return what each took."""
    figures: dict[str, Any] = {"server": _server(store)}
    figures["load_s"] = _timed("load", lambda: data.load(store, rows))
    figures["refresh_s"] = _timed("first refresh", lambda: rollups.refresh(store))
    with store.transaction() as tx:
        figures["hours_not_summed_up"] = rollups.staleness(tx).hours
        figures["rows"] = tx.execute(sa.text("SELECT count(*) FROM processor_event")).scalar_one()
    _timed("vacuum", lambda: _vacuum(store))
    figures["bytes_an_event"] = _bytes_an_event(store, figures["rows"])
    figures |= _ask(store)
    figures |= _ingest(store)
    figures |= _by_column(store, figures["rows"])
    return figures


def _ask(store: Store) -> dict[str, float]:
    """Ask every question with many intervals, turn by turn; medians in ms and in buffers."""
    chance = random.Random(1)
    took: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    buffers: dict[str, list[int]] = {name: [] for name in QUESTIONS}
    with store.transaction() as tx:
        tx.execute(sa.text("SET LOCAL max_parallel_workers_per_gather = 0"))
        for round_number in range(ROUNDS):
            for name, (question, length) in QUESTIONS.items():
                interval = _interval(chance, length)
                started = time.perf_counter()
                tx.execute(sa.text(question), interval).all()
                # The first ones plan; from then on statements are prepared.
                if round_number >= ROUNDS // 5:
                    took[name].append((time.perf_counter() - started) * 1e3)
                    plan = tx.execute(
                        sa.text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {question}"), interval
                    )
                    top = plan.scalar_one()[0]["Plan"]
                    buffers[name].append(top["Shared Hit Blocks"] + top["Shared Read Blocks"])
    figures: dict[str, float] = {}
    for name in QUESTIONS:
        figures[f"{name}_ms"] = round(statistics.median(took[name]), 3)
        figures[f"{name}_buffers"] = statistics.median(buffers[name])
    figures["year_raw_to_year_ms"] = round(figures["year_raw_ms"] / figures["year_ms"], 1)
    figures["year_raw_to_year_buffers"] = round(figures["year_raw_buffers"] / figures["year_buffers"], 1)
    figures["year_to_hour_ms"] = round(figures["year_ms"] / figures["hour_ms"], 2)
    return figures


def _interval(chance: random.Random, length: timedelta) -> dict[str, object]:
    start = data.START + chance.random() * (timedelta(days=data.DAYS) - length)
    return {"processor_id": 1 + 2 * chance.randrange(data.CAMERAS), "start": start, "stop": start + length}


def _ingest(store: Store) -> dict[str, float]:
    """Write live rows, each batch one transaction, against one INSERT a row and against no marking at all."""
    rates: dict[str, list[float]] = {}
    at = data.END
    for _ in range(INGEST_ROUNDS):
        for batch in BATCHES:
            for name, write, is_marked in (
                ("ingest", _write, True), ("ingest_unmarked", _write, False),
                ("ingest_row_by_row", _write_row_by_row, True),
            ):  # fmt: skip
                events = _live_events(at, INGEST_ROWS if batch > 1 else INGEST_ROWS // 10)
                at = events[-1].ts
                _set_marking(store, is_on=is_marked)
                started = time.perf_counter()
                for first in range(0, len(events), batch):
                    write(store, events[first : first + batch])
                rate = len(events) / (time.perf_counter() - started)
                rates.setdefault(f"{name}_{batch}_rows_per_s", []).append(rate)
    _set_marking(store, is_on=True)
    return {name: round(statistics.median(found)) for name, found in rates.items()}


def _live_events(after: datetime, count: int) -> list[Event]:
    first = Event(processor_id=1, ts=after, kind=EventKind.ENTER, zone=0, track_id=1)
    return [
        replace(
            first, processor_id=1 + 2 * (n % data.CAMERAS), ts=after + timedelta(milliseconds=50 * (n + 1))
        )
        for n in range(count)
    ]


def _write(store: Store, events: list[Event]) -> None:
    with store.transaction() as tx:
        watching.add_events(tx, events)


def _write_row_by_row(store: Store, events: list[Event]) -> None:
    one = sa.text("""
        INSERT INTO processor_event (processor_id, processor_version, ts, track_id, value, zone, kind)
        VALUES (:processor_id, 1, :ts, :track_id, :value, :zone, :kind) ON CONFLICT DO NOTHING""")
    names = ("processor_id", "ts", "track_id", "value", "zone")
    rows = [{name: getattr(e, name) for name in names} | {"kind": e.kind.value} for e in events]
    with store.transaction() as tx:
        tx.execute(one, rows)


def _set_marking(store: Store, *, is_on: bool) -> None:
    with store.transaction() as tx:
        switch = "ENABLE" if is_on else "DISABLE"
        tx.execute(sa.text(f"ALTER TABLE processor_event {switch} TRIGGER rollup_insert"))


def _by_column(store: Store, rows: int) -> dict[str, float]:
    with store.transaction() as tx:
        if timescale_version(tx) is None:
            return {}
    settings = Settings(columnstore_after_days=1)
    took_s = _timed("columnstore", lambda: upkeep.keep_up(store, settings, data.END))
    figures = {"columnstore_s": took_s, "bytes_an_event_by_column": _bytes_an_event(store, rows)}
    return figures | {f"by_column_{name}": value for name, value in _ask(store).items()}


def _bytes_an_event(store: Store, rows: int) -> float:
    """Return table and indexes divided by events, partitions and chunks included."""
    plain = "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('processor_event')"
    chunks = "SELECT hypertable_size('processor_event')"
    with store.transaction() as tx:
        is_plain = timescale_version(tx) is None
        return round(float(tx.execute(sa.text(plain if is_plain else chunks)).scalar_one()) / rows, 1)


def _vacuum(store: Store) -> None:
    connection = store.dedicated("hypersight benchmark", statement_timeout_s=0)
    connection.execute("VACUUM ANALYZE")
    connection.close()


def _server(store: Store) -> str:
    with store.transaction() as tx:
        version = timescale_version(tx)
    return f"PostgreSQL {store.ping()}" + (f", TimescaleDB {'.'.join(map(str, version))}" if version else "")


def _timed(what: str, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    took_s = round(time.perf_counter() - started, 2)
    print(f"{what}: {took_s} s", file=sys.stderr, flush=True)
    return took_s


@contextmanager
def database(server_url: str | None) -> Iterator[str]:
    """Yield the URL of a database of its own, on the server given or an embedded one; removed afterwards."""
    if server_url is None:
        with tempfile.TemporaryDirectory(prefix="hypersight-benchmark-") as folder:
            Path(folder).chmod(0o755)
            with EmbeddedPostgres(Path(folder) / "postgres") as server:
                schema.upgrade(server.url)
                yield server.url
        return
    url = sa.make_url(server_url)
    admin_url = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {DATABASE}")
        try:
            made = url.set(database=DATABASE).render_as_string(hide_password=False)
            schema.upgrade(made)
            yield made
        finally:
            admin.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


if __name__ == "__main__":
    main()
