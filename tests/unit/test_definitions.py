import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from hypersight_core.settings import Settings
from hypersight_pipelines.location import build_defs

# Dagster warns about a parameter of its own that nobody here passes.
pytestmark = pytest.mark.filterwarnings("ignore:Parameter .owners. of initializer .SensorDefinition")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository() -> dg.RepositoryDefinition:
    repository = build_defs(Settings()).get_repository_def()
    repository.load_all_definitions()
    return repository


def test_the_code_location_offers_exactly_this(repository):
    jobs = {job.name for job in repository.get_all_jobs()}
    assert jobs - {"__ASSET_JOB"} == {
        "watch_camera", "check_cameras", "count_recording", "validate_counting",
        "refresh_rollups", "check_storage", "keep_up_storage",
        "rebuild_rollups", "replay_spool", "tidy_dagster",
    }  # fmt: skip
    assert {sensor.name for sensor in repository.sensor_defs} == {
        "watcher_supervisor", "cameras_seen", "camera_outages", "recordings_found",
    }  # fmt: skip
    assert {key.to_user_string() for key in repository.asset_checks_defs_by_key} == {
        "camera:cameras_are_fresh", "camera:cameras_are_covered", "camera:cameras_keep_up",
        "camera:detectors_answer", "rollups:rollups_are_current", "processor_event:partitions_are_ahead",
    }  # fmt: skip
    assert {schedule.job_name for schedule in repository.schedule_defs} == {
        "refresh_rollups", "check_storage", "keep_up_storage", "replay_spool", "tidy_dagster",
    }  # fmt: skip
    assert {key.to_user_string() for key in repository.assets_defs_by_key} == {
        "camera", "processor_event", "observation", "rollups", "recording",
    }  # fmt: skip


def test_upkeep_runs_without_anybody_switching_that_on(repository):
    assert all(s.default_status is dg.DefaultScheduleStatus.RUNNING for s in repository.schedule_defs)


def test_watchers_are_supervised_without_anybody_switching_that_on(repository):
    assert all(s.default_status is dg.DefaultSensorStatus.RUNNING for s in repository.sensor_defs)


def test_events_are_told_only_where_somebody_wants_to_hear_of_them(repository):
    wanted = build_defs(Settings(event_urls="http://hook.invalid/")).get_repository_def()
    sensors = {sensor.name for sensor in wanted.sensor_defs}
    assert sensors - {sensor.name for sensor in repository.sensor_defs} == {"event_messages"}


def test_a_watcher_is_one_process(repository):
    job = repository.get_job("watch_camera")
    assert job.executor_def is dg.in_process_executor
    assert job.tags["kind"] == "watcher"


def test_resources_can_be_put_in_the_place_of_the_real_ones():
    defs = build_defs(Settings(), {"watch": dg.ResourceDefinition.hardcoded_resource(print)})
    resources = defs.get_repository_def().get_top_level_resources()
    assert set(resources) == {"store", "watch", "settings", "pods"}
    assert defs.resources is not None
    assert defs.resources["watch"].resource_fn(None) is print


def test_the_workspace_names_a_module_that_dagster_can_load():
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text())
    location = workspace["load_from"][0]
    module = location["python_module"]["module_name"]
    loaded = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print('av' in sys.modules, 'numpy' in sys.modules)"],
        cwd=ROOT / location["python_module"]["working_directory"],
        env={"PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (loaded.returncode, loaded.stdout.split()) == (0, ["False", "False"]), loaded.stderr


def test_the_instance_configuration_limits_each_camera_to_one_run():
    configuration: Mapping[str, Any] = yaml.safe_load((ROOT / "deploy" / "dagster.yaml").read_text())
    runs = configuration["concurrency"]["runs"]
    assert {"key": "camera_id", "value": {"applyLimitPerUniqueValue": True}, "limit": 1} in runs[
        "tag_concurrency_limits"
    ]
    assert runs["max_concurrent_runs"] >= 500
    assert configuration["telemetry"] == {"enabled": False}


def test_watchers_leave_room_for_other_runs_and_films_take_turns(repository):
    configuration = yaml.safe_load((ROOT / "deploy" / "dagster.yaml").read_text())
    runs = configuration["concurrency"]["runs"]
    [watchers] = [one for one in runs["tag_concurrency_limits"] if one["key"] == "kind"]
    assert (watchers["value"], watchers["limit"]) == ("watcher", 950)
    assert watchers["limit"] <= runs["max_concurrent_runs"] - 50
    assert configuration["concurrency"]["pools"] == {"granularity": "run", "default_limit": 1}
    assert repository.assets_defs_by_key[dg.AssetKey("recording")].op.pool == "films"
