"""What building the dbt models costs: all of it, after one day changed, and when nothing did.

    python -m benchmarks.dbt --rows 10_000_000
    python -m benchmarks.dbt --rows 10_000_000 --server postgresql://…    (TimescaleDB, for example)

Makes a database of its own with a year of events of ten cameras, and removes it at the end. The models are
built without their tests, then the tests alone; three times each after the first. The last line is one JSON
object, medians in seconds.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks import storage_data as data
from benchmarks.storage import database
from hypersight_core.domain.events import Event, EventKind
from hypersight_core.store import rollups, watching
from hypersight_core.store.engine import Store
from tests.dbt import Dbt

MODELS = ("--exclude", "resource_type:test", "resource_type:unit_test")
ROUNDS = 3
LATE_EVENTS = 500


def main() -> None:
    """Run everything; the last line printed is the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=lambda text: int(text.replace("_", "")), default=1_000_000)
    parser.add_argument("--server", help="URL of a server on which to make the database")
    asked = parser.parse_args()
    with database(asked.server) as url, tempfile.TemporaryDirectory() as folder:
        store = Store(url, application_name="hypersight benchmark")
        figures = measure(store, Dbt(url, Path(folder)), asked.rows)
        store.close()
    print(json.dumps(figures))


def measure(store: Store, dbt: Dbt, rows: int) -> dict[str, Any]:
    """Load, build and change; return what each took."""
    data.load(store, rows)
    rollups.refresh(store)
    dbt("parse")  # read once; what is measured is building
    with store.transaction() as tx:
        events = tx.execute(sa.text("SELECT count(*) FROM processor_event")).scalar_one()
    first_s = _timed("first build", lambda: dbt.build(*MODELS))
    full_s = _median("full build", lambda: dbt.build("--full-refresh", *MODELS))
    unchanged_s = _median("nothing changed", lambda: dbt.build(*MODELS))
    day_s = _median("one day changed", lambda: dbt.build(*MODELS), before=lambda turn: _one_day(store, turn))
    tests_s = _timed("tests", lambda: dbt("test"))
    return {
        "rows": events,
        "first_build_s": first_s,
        "full_build_s": full_s,
        "full_build_rows_per_s": round(events / full_s),
        "one_day_changed_s": day_s,
        "nothing_changed_s": unchanged_s,
        "full_to_one_day": round(full_s / day_s, 1),
        "tests_s": tests_s,
    }


def _one_day(store: Store, turn: int) -> None:
    """Let events of one camera's day of long ago arrive late, and be summed up."""
    at = data.START + timedelta(days=100 + 10 * turn, hours=12)
    events = [
        Event(processor_id=1, ts=at + timedelta(seconds=n), kind=EventKind.ENTER, zone=0, track_id=10**9 + n)
        for n in range(LATE_EVENTS)
    ]
    with store.transaction() as tx:
        watching.add_events(tx, events)
    rollups.refresh(store)


def _median(what: str, act: Callable[[], object], before: Callable[[int], None] = lambda _: None) -> float:
    took = []
    for turn in range(ROUNDS):
        before(turn)
        took.append(_timed(what, act))
    return statistics.median(took)


def _timed(what: str, act: Callable[[], object]) -> float:
    started_s = time.perf_counter()
    act()
    took_s = round(time.perf_counter() - started_s, 2)
    print(f"{what}: {took_s} s", flush=True)
    return took_s


if __name__ == "__main__":
    main()
