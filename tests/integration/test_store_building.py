"""Builds of the dbt models at once, by hand and by Dagster: each waits for the one before it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from hypersight_core.store.engine import Store
from hypersight_core.store.models import building
from tests import sql_example

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.needs_real_backends("the lock keeps other server processes out; several connect at once"),
]
ROOT = Path(__file__).parents[2]
BY_HAND = (
    "-m", "hypersight", "dbt", "build", "--select", "+fct_traffic_hourly", "--exclude", "resource_type:test",
)  # fmt: skip
BY_DAGSTER = (
    "-m", "dagster", "asset", "materialize", "-m", "hypersight_pipelines.metrics.definitions",
    "--select", "stg_cameras,stg_processors,stg_zones,stg_events",
)  # fmt: skip
WAITING = sa.text("""
    SELECT count(*) FROM pg_stat_activity JOIN pg_locks USING (pid)
    WHERE application_name = 'hypersight dbt' AND locktype = 'advisory' AND NOT granted
""")


def test_builds_at_once_wait_for_one_another(store: Store, database_url: str, tmp_path: Path):
    sql_example.fill(store)
    with building(store, print):
        builds = [_start(arguments, database_url, tmp_path) for arguments in (BY_HAND, BY_HAND, BY_DAGSTER)]
        _until_waiting(store, builds)
    for build in builds:
        said, _ = build.communicate()
        assert build.returncode == 0, said
        assert "dbt: another process is at it; waiting until it is done" in said


def _start(arguments: tuple[str, ...], database_url: str, folder: Path) -> subprocess.Popen[str]:
    var = folder / str(time.monotonic_ns())  # dbt writes there: one each, as on several machines
    var.mkdir()
    (var / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    environ = {
        **os.environ,  # noqa: TID251
        "DAGSTER_HOME": str(var),
        "HYPERSIGHT_DATABASE_URL": database_url,
        "HYPERSIGHT_VAR_DIR": str(var),
    }
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def _until_waiting(store: Store, builds: list[subprocess.Popen[str]]) -> None:
    waiting = 0
    until_s = time.monotonic() + 120
    while waiting < len(builds):
        assert time.monotonic() < until_s
        assert all(build.poll() is None for build in builds), [build.args for build in builds]
        with store.transaction() as tx:
            waiting = tx.execute(WAITING).scalar_one()
        time.sleep(0.2)
