"""The job that keeps Dagster's own tables small, and when it runs."""

import time

import dagster as dg
from pydantic import Field

from hypersight_pipelines.defs.cameras.assets import CAMERA
from hypersight_pipelines.defs.cameras.checks import QUESTIONS
from hypersight_pipelines.defs.dagster_log.tidying import (
    age,
    remove_old_entries,
    remove_old_evaluations,
    remove_old_runs,
)

WORK_FOR_S = 300.0
"""What is left then is removed the next time."""
WATCHERS = "watch_camera"
OTHERS = (
    "check_cameras", "check_storage", "keep_up_storage", "rebuild_rollups", "refresh_rollups",
    "replay_spool", "tidy_dagster",
)  # fmt: skip
"""Jobs whose old runs nobody misses; those of films say which films were counted, and stay."""


class TidyConfig(dg.Config):
    """How long Dagster remembers; no event or metric of a camera is touched by it."""

    camera_entries_kept_hours: float = Field(
        default=24.0, gt=0, description="Hours that entries about the asset camera and its checks are kept"
    )
    watcher_runs_kept_days: float = Field(
        default=7.0, gt=0, description="Days that ended runs of watch_camera are kept"
    )
    watcher_runs_kept: int = Field(
        default=5000, ge=1, description="Ended runs of watch_camera that are kept at most, the newest ones"
    )
    other_runs_kept_days: float = Field(
        default=30.0, gt=0, description="Days that ended runs of upkeep are kept"
    )


@dg.op
def tidy(context: dg.OpExecutionContext, config: TidyConfig) -> None:
    """Remove old entries and runs."""
    instance, until_s = context.instance, time.monotonic() + WORK_FOR_S
    before = age(config.camera_entries_kept_hours / 24)
    key = dg.AssetKey(CAMERA)
    entries = remove_old_entries(instance, key, instance.get_dynamic_partitions(CAMERA), before)
    checks = [dg.AssetCheckKey(key, question.name) for question in QUESTIONS]
    evaluations = remove_old_evaluations(instance, checks, before)
    watchers_before = age(config.watcher_runs_kept_days)
    watchers = remove_old_runs(
        instance, WATCHERS, watchers_before, most=config.watcher_runs_kept, until_s=until_s
    )
    others_before = age(config.other_runs_kept_days)
    others = sum(
        remove_old_runs(instance, job, others_before, most=config.watcher_runs_kept, until_s=until_s)
        for job in OTHERS
    )
    context.add_output_metadata(
        {
            "camera_entries_removed": entries, "check_evaluations_removed": evaluations,
            "watcher_runs_removed": watchers, "other_runs_removed": others,
        }
    )  # fmt: skip


@dg.job(
    executor_def=dg.in_process_executor,
    description="Removes old entries and runs from Dagster's own tables, so that the UI stays quick; hourly.",
)
def tidy_dagster() -> None:
    """Hold the only step."""
    tidy()


tidying = dg.ScheduleDefinition(
    job=tidy_dagster, cron_schedule="52 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING
)
