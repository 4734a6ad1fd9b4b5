"""How long the supervisor looks at hundreds of cameras, and how it starts them.

    python -m benchmarks.supervisor --cameras 500

Real databases (the embedded PostgreSQL, Dagster's runs in it too), the real rounds of the supervisor, and in
the place of launcher and watchers something that counts, adds runs and holds leases. All cameras are enabled
at once; each look is timed. The last line is one JSON object.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from hypersight.postgres import EmbeddedPostgres
from hypersight_core.store import schema
from hypersight_core.store.engine import Store
from hypersight_pipelines.defs.watchers.sensors import supervise
from hypersight_pipelines.defs.watchers.supervision import STARTING_AT_ONCE
from hypersight_pipelines.instance import storage_url
from hypersight_pipelines.storage import prepare_storage
from tests.fakes.many_watchers import ManyWatchers, add_cameras

QUIET_LOOKS = 40


def main() -> None:
    """Measure; the last line printed is the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cameras", type=int, default=500)
    count = parser.parse_args().cameras
    with (
        tempfile.TemporaryDirectory(prefix="supervisor-") as folder,
        _databases(Path(folder)) as (
            store,
            instance,
        ),
    ):
        add_cameras(store, count)
        watchers = ManyWatchers(store, instance)
        starting = _looks_until_all(store, instance, watchers, count)
        quiet = [_look(store, instance, watchers) for _ in range(QUIET_LOOKS)]
        watchers.close()
    figures = {
        "cameras": count,
        "looks_until_all_are_launched": len(starting),
        "starting_at_a_time_at_most": watchers.most_starting,
        "launched_more_than_once": len(watchers.launched) - len(set(watchers.launched)),
        "look_while_starting": _spread(starting),
        "look_when_all_are_watched": _spread(quiet),
        "load": os.getloadavg()[0],
    }
    print(json.dumps(figures))


def _looks_until_all(
    store: Store, instance: dg.DagsterInstance, watchers: ManyWatchers, count: int
) -> list[tuple[float, float]]:
    looks: list[tuple[float, float]] = []
    while len(watchers.launched) < count and len(looks) < 5 * count / STARTING_AT_ONCE:
        looks.append(_look(store, instance, watchers))
    return looks


def _look(store: Store, instance: dg.DagsterInstance, watchers: ManyWatchers) -> tuple[float, float]:
    """Return what one look took: seconds, and seconds of CPU here."""
    began_s, cpu_s = time.monotonic(), time.process_time()
    result = supervise(store, instance, 0.0)
    took = time.monotonic() - began_s, time.process_time() - cpu_s
    watchers.launch(list(result.run_requests or ()))
    return took


def _spread(looks: Sequence[tuple[float, float]]) -> dict[str, Any]:
    wall, cpu = zip(*looks, strict=True)
    return {
        "wall_ms_median": round(statistics.median(wall) * 1000, 1),
        "wall_ms_most": round(max(wall) * 1000, 1),
        "cpu_ms_median": round(statistics.median(cpu) * 1000, 1),
    }


@contextmanager
def _databases(folder: Path) -> Iterator[tuple[Store, dg.DagsterInstance]]:
    with EmbeddedPostgres(folder / "postgres") as server:
        schema.upgrade(server.url)
        prepare_storage(server.url)
        storage = {"postgres": {"postgres_url": storage_url(server.url)}}
        store = Store(server.url, application_name="benchmark", pool_size=1)
        with dg.DagsterInstance.local_temp(str(folder), overrides={"storage": storage}) as instance:
            yield store, instance
        store.close()


if __name__ == "__main__":
    main()
