"""The second code location: dbt models as assets with checks, partitions, charts; files of events."""

import base64
import io
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as parquet
import pytest
from PIL import Image

from hypersight_core.settings import Settings
from hypersight_core.store import watching
from hypersight_core.store.engine import Store
from hypersight_pipelines.location import build_defs as build_watching_defs
from hypersight_pipelines.metrics.dbt import DAYS
from hypersight_pipelines.metrics.location import build_defs
from tests import sql_example
from tests.builders import an_event

# Dagster warns about parameters of its own that nobody here passes.
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:Parameter .owners. of initializer .SensorDefinition"),
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning"),
]
ROOT = Path(__file__).parents[2]
BY_DAY = {
    "fct_coverage_hourly", "fct_traffic_hourly", "fct_occupancy_hourly", "fct_dwell_daily", "fct_flows_daily",
    "fct_camera_uptime_daily",
}  # fmt: skip
FIRST = (
    "stg_cameras", "stg_processors", "stg_zones", "stg_events", "stg_observations", "stg_changes",
    "int_camera_days", "int_changed_days", "dim_cameras", "dim_processors",
)  # fmt: skip
MODULE = "hypersight_pipelines.metrics.definitions"


def test_models_are_assets_downstream_of_the_event_tables():
    graph = build_defs(Settings()).resolve_asset_graph()
    names = {key.to_user_string() for key in graph.materializable_asset_keys}
    assert len(names) == 24
    upstream = {key.to_user_string() for key in graph.get(dg.AssetKey("stg_events")).parent_keys}
    assert upstream == {"processor_event"}
    parted = {name for name in names if graph.get(dg.AssetKey(name)).partitions_def is not None}
    assert parted == BY_DAY | {"parquet_files"}
    checks = {key.asset_key.to_user_string() for key in graph.asset_check_keys}
    assert checks >= BY_DAY
    assert all(graph.get(dg.AssetKey(name)).automation_condition is not None for name in names)


def test_watchers_pay_nothing_for_it():
    code = (
        "import sys, hypersight_pipelines.definitions; print(sys.modules.keys() & {'dagster_dbt', 'pyarrow'})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={"PATH": ""}, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "set()"


def test_models_are_built_checked_and_charted(store: Store, database_url: str, tmp_path: Path):
    sql_example.fill(store)
    materialize(database_url, tmp_path, "--select", ",".join(FIRST))
    materialize(database_url, tmp_path, "--select", ",".join(sorted(BY_DAY)), "--partition", "2026-03-24")
    materialize(database_url, tmp_path, "--select", "parquet_files", "--partition", "2026-03-24")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        traffic = latest(instance, "fct_traffic_hourly")
        assert traffic.partition == "2026-03-24"
        assert pictured(str(traffic.metadata["last days"].value)) == (480, 96)
        assert latest(instance, "parquet_files").metadata["processor_event_rows"].value == 700
        run = instance.get_runs(filters=dg.RunsFilter(tags={"dagster/partition": "2026-03-24"}))[-1]
        checks = [
            record.event_log_entry.dagster_event.asset_check_evaluation_data
            for record in instance.get_records_for_run(
                run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
            ).records
            if record.event_log_entry.dagster_event is not None
        ]
    assert len(checks) > 30
    assert all(check.passed for check in checks)
    file = tmp_path / "var" / "export" / "processor_event" / "day=2026-03-24" / "processor_event.parquet"
    assert parquet.ParquetFile(file).metadata.num_rows == 700


def test_new_rows_are_reported_once_and_start_the_models(store: Store, database_url: str, tmp_path: Path):
    sql_example.fill(store)  # sums everything up, so that nothing is new
    job = (
        build_watching_defs(Settings(database_url=database_url))
        .get_repository_def()
        .get_job("refresh_rollups")
    )
    with dg.DagsterInstance.ephemeral() as instance:
        assert reported(job.execute_in_process(instance=instance)) == set()
        with store.transaction() as tx:
            watching.add_events(tx, [an_event(processor_id=1, ts=datetime(2026, 3, 24, 3, tzinfo=UTC))])
        assert reported(job.execute_in_process(instance=instance)) == {"processor_event", "observation"}
        models = build_defs(Settings())
        ticked = dg.evaluate_automation_conditions(defs=models, instance=instance)
        # the first time what is missing is asked for; by the second that is done with
        ticked = dg.evaluate_automation_conditions(defs=models, instance=instance, cursor=ticked.cursor)
        with store.transaction() as tx:
            watching.add_events(tx, [an_event(processor_id=1, ts=datetime(2026, 3, 24, 4, tzinfo=UTC))])
        job.execute_in_process(instance=instance)
        ticked = dg.evaluate_automation_conditions(defs=models, instance=instance, cursor=ticked.cursor)
        assert ticked.get_num_requested(dg.AssetKey("stg_events")) == 1


def test_on_a_new_server_all_models_are_built_each_after_what_it_reads():
    models = build_defs(Settings())
    graph = models.resolve_asset_graph()
    wanted = {key for key in graph.materializable_asset_keys if key != dg.AssetKey("parquet_files")}
    built: list[set[dg.AssetKey]] = []
    cursor = None
    with dg.DagsterInstance.ephemeral() as instance:
        while not built or built[-1]:
            ticked = dg.evaluate_automation_conditions(defs=models, instance=instance, cursor=cursor)
            cursor = ticked.cursor
            built.append({key for key in wanted if ticked.get_num_requested(key)})
            for key in built[-1]:
                day = DAYS.get_last_partition_key() if graph.get(key).partitions_def else None
                instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=day))
            assert len(built) < 10
    known: set[dg.AssetKey] = set()
    for requested in built:  # those of a day run apart from the others: what they read must be there before
        for key in requested:
            is_by_day = graph.get(key).partitions_def is not None
            together = {one for one in requested if (graph.get(one).partitions_def is not None) == is_by_day}
            assert graph.get(key).parent_keys & wanted <= known | together
        known |= requested
    assert known == wanted


def materialize(database_url: str, folder: Path, *arguments: str) -> None:
    environ = {
        **os.environ,  # noqa: TID251
        "DAGSTER_HOME": str(folder),
        "HYPERSIGHT_DATABASE_URL": database_url,
        "HYPERSIGHT_VAR_DIR": str(folder / "var"),
    }
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    command = [sys.executable, "-m", "dagster", "asset", "materialize", "-m", MODULE, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def latest(instance: dg.DagsterInstance, name: str) -> dg.AssetMaterialization:
    event = instance.get_latest_materialization_event(dg.AssetKey(name))
    assert event is not None
    assert event.asset_materialization is not None
    return event.asset_materialization


def reported(result: Any) -> set[str]:
    """Return which assets a run says there is news of, besides its own."""
    found = result.get_asset_materialization_events()
    return {event.asset_key.to_user_string() for event in found} - {"rollups"}


def pictured(markdown: str) -> tuple[int, int]:
    """Return how large the picture in a Markdown text is."""
    data = re.search(r"base64,([A-Za-z0-9+/=]+)", markdown)
    assert data is not None
    return Image.open(io.BytesIO(base64.b64decode(data[1]))).size
