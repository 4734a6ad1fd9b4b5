"""Dagster's own tables, made before its processes start.

They would make them themselves, but of several that start at once, one fails on what another has made since
it looked.
"""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from hypersight_core.errors import SetupFailed
from hypersight_core.store.alone import alone
from hypersight_core.store.engine import Store
from hypersight_core.store.namespaces import ensure_namespace, has_tables
from hypersight_pipelines.instance import SCHEMA, STORAGE_VARIABLE, storage_url

STORAGE_LOCK = (7000, 4)
TABLES = ("runs", "event_logs", "jobs")
"""One of each of Dagster's three storages: by these it tells itself whether they have to be made."""


def prepare_storage(database_url: str) -> None:
    """Make Dagster's schema and tables where they are missing; one process at a time does.

    Raises:
        DatabaseUnavailable: the database does not answer.
        SetupFailed: Dagster could not make its tables.
    """
    with (
        closing(Store(database_url, application_name="hypersight dagster", pool_size=1)) as store,
        alone(store, "dagster", STORAGE_LOCK),
    ):
        with store.transaction() as tx:
            ensure_namespace(tx, SCHEMA)
            is_there = has_tables(tx, SCHEMA, TABLES)
        if not is_there:
            _make_tables(storage_url(database_url))


def _make_tables(url: str) -> None:
    """Have this module do it in a process of its own: Dagster takes 100 MB, which ours would keep."""
    made = subprocess.run(
        [sys.executable, "-m", __name__],
        cwd=Path(__file__).parents[1],
        env={**os.environ, STORAGE_VARIABLE: url},  # noqa: TID251 - handed on
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        said = made.stderr.strip().splitlines() or [f"it ended with {made.returncode}"]
        reason = next((line for line in said if line.startswith("sqlalchemy.exc.")), said[-1])
        raise SetupFailed(
            f"Dagster cannot make its tables: {reason}",
            hint=f"the database's user must be allowed to create tables in its schema {SCHEMA}",
        )


def _main() -> None:
    from dagster_postgres import DagsterPostgresStorage

    DagsterPostgresStorage(os.environ[STORAGE_VARIABLE])  # noqa: TID251 - an entry point


if __name__ == "__main__":
    _main()
