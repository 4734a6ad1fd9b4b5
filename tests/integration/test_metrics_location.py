"""The second code location: dbt models as assets with checks, partitions, charts; files of events."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from hypersight_core.settings import Settings
from hypersight_pipelines.metrics.location import build_defs

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
