"""Jobs that keep the database small and quick, and when they run."""

from datetime import UTC, datetime

import dagster as dg

from hypersight_core.settings import Settings
from hypersight_core.store import upkeep
from hypersight_core.store.engine import Store
from hypersight_pipelines.defs.storage.assets import ROLLUPS
from hypersight_pipelines.defs.storage.checks import partitions_are_ahead, rollups_are_current

RUNNING = dg.DefaultScheduleStatus.RUNNING


@dg.op
def keep_up(
    context: dg.OpExecutionContext,
    store: dg.ResourceParam[Store],
    settings: dg.ResourceParam[Settings],
) -> None:
    """Make partitions, keep old rows by column, drop what is older than what is to be kept."""
    done = upkeep.keep_up(store, settings, datetime.now(UTC))
    context.add_output_metadata(
        {
            "partitions_made": list(done.partitions), "chunks_by_column": list(done.by_column),
            "dropped": list(done.dropped), "postponed": list(done.postponed),
            "heat_rows_dropped": done.heat_rows, "took_s": round(done.took_s, 3),
        }
    )  # fmt: skip
    if done.postponed:
        raise dg.Failure(
            f"nothing was dropped of {', '.join(done.postponed)}: materialize {ROLLUPS} first, since sums of "
            "what would be dropped are missing",
            allow_retries=False,
        )


@dg.job(
    executor_def=dg.in_process_executor,
    description="Partitions ahead of time, columnstore for old rows, retention; daily.",
)
def keep_up_storage() -> None:
    """Hold the only step."""
    keep_up()


# One process each: the work is the database's.
refresh_rollups = dg.define_asset_job(
    "refresh_rollups",
    selection=dg.AssetSelection.assets(ROLLUPS),
    executor_def=dg.in_process_executor,
    description="Sums up the hours that have ended or changed, and checks that none is left; hourly.",
)
check_storage = dg.define_asset_job(
    "check_storage",
    selection=dg.AssetSelection.checks(rollups_are_current, partitions_are_ahead),
    executor_def=dg.in_process_executor,
    description="Looks whether the upkeep of the database keeps up; hourly.",
)
schedules = [
    dg.ScheduleDefinition(job=refresh_rollups, cron_schedule="7 * * * *", default_status=RUNNING),
    dg.ScheduleDefinition(job=check_storage, cron_schedule="37 * * * *", default_status=RUNNING),
    dg.ScheduleDefinition(job=keep_up_storage, cron_schedule="17 3 * * *", default_status=RUNNING),
]
