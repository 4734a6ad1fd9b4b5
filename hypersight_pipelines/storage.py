"""Dagster's own tables: made before its processes start, and brought to what a newer Dagster needs.

Its processes would make them themselves, but of several that start at once, one fails on what another has
made since it looked; and none of them changes tables that an older Dagster has made.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from hypersight_core.errors import SetupFailed
from hypersight_core.store.alone import alone
from hypersight_core.store.engine import Store
from hypersight_core.store.namespaces import ensure_namespace, note_on, write_note_on
from hypersight_pipelines.instance import SCHEMA, STORAGE_VARIABLE, storage_url

STORAGE_LOCK = (7000, 4)
NOTED_ON = "alembic_version"
"""The table of Dagster's that carries our note of which Dagster has made them all, or changed them last."""
NEWER = "Can't locate revision"
"""What Dagster says of tables that it does not know yet."""
RUN_NEWER = "a newer Dagster has made them: run that release of hypersight, or restore a backup made before"
ALLOW = f"the database's user must own the tables in its schema {SCHEMA}, and be allowed to create more"
CONFIG = Path(__file__).parents[1] / "deploy" / "dagster.yaml"


def prepare_storage(database_url: str) -> None:
    """Make Dagster's schema and tables, or bring them to the installed release; one process at a time does.

    Raises:
        DatabaseUnavailable: the database does not answer.
        SetupFailed: Dagster could not make or change its tables.
    """
    made_by = f"Dagster {version('dagster')}"
    with (
        closing(Store(database_url, application_name="hypersight dagster", pool_size=1)) as store,
        alone(store, "dagster", STORAGE_LOCK),
    ):
        with store.transaction() as tx:
            ensure_namespace(tx, SCHEMA)
            is_done = note_on(tx, SCHEMA, NOTED_ON) == made_by
        if not is_done:
            _migrate(storage_url(database_url))
            with store.transaction() as tx:
                write_note_on(tx, SCHEMA, NOTED_ON, made_by)


def _migrate(url: str) -> None:
    """Have Dagster do it in a process of its own: it takes 100 MB, which ours would keep."""
    with tempfile.TemporaryDirectory(prefix="hypersight-dagster-") as home:
        shutil.copy(CONFIG, home)
        done = subprocess.run(
            [sys.executable, "-m", "dagster", "instance", "migrate"],
            env={**os.environ, "DAGSTER_HOME": home, STORAGE_VARIABLE: url},  # noqa: TID251 - handed on
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        reason = next((line for line in said if line.startswith("sqlalchemy.exc.")), said[-1])
        is_newer = NEWER in reason
        raise SetupFailed(f"Dagster cannot make its tables: {reason}", hint=RUN_NEWER if is_newer else ALLOW)
