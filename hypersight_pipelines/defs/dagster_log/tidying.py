"""Removes old entries of the event log and old runs; what the UI shows as the newest always stays.

Dagster has no call that removes single entries, so its own tables are used, by its own names.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

EVENTS, CHECKS = SqlEventLogStorageTable.c, AssetCheckExecutionsTable.c
OF_ASSETS = (dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.ASSET_OBSERVATION)
ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
BATCH = 100
NO_RUN = ""
"""The run of entries that no run wrote."""


def remove_old_entries(
    instance: dg.DagsterInstance, asset_key: dg.AssetKey, partitions: Sequence[str], before: datetime
) -> int:
    """Remove what no run wrote about an asset before an instant, except the newest entry of each partition.

    Args:
        partitions: those that there are; of others nothing is kept.

    Returns:
        How many entries were removed.
    """
    log = _log(instance)
    if log is None:
        return 0
    removed = 0
    for kind in OF_ASSETS:
        newest = log.get_latest_storage_id_by_partition(asset_key, kind)
        ours = (
            (EVENTS.asset_key == asset_key.to_string())
            & (EVENTS.run_id == NO_RUN)
            & (EVENTS.dagster_event_type == kind.value)
        )
        old = (EVENTS.timestamp < _naive(before)) & EVENTS.id.not_in(list(newest.values()))
        gone = EVENTS.partition.not_in(list(partitions))
        with log.index_connection() as connection:
            removed += connection.execute(
                SqlEventLogStorageTable.delete().where(ours & (old | gone))
            ).rowcount
    return removed


def remove_old_evaluations(
    instance: dg.DagsterInstance, check_keys: Sequence[dg.AssetCheckKey], before: datetime
) -> int:
    """Remove what checks came to before an instant, except the newest of each; return how many."""
    log = _log(instance)
    if log is None:
        return 0
    newest = [one.id for one in log.get_latest_asset_check_execution_by_key(list(check_keys)).values()]
    removed = 0
    for key in check_keys:
        old = (
            (CHECKS.asset_key == key.asset_key.to_string())
            & (CHECKS.check_name == key.name)
            & (CHECKS.create_timestamp < _naive(before))
            & CHECKS.id.not_in(newest)
        )
        with log.index_connection() as connection:
            removed += connection.execute(AssetCheckExecutionsTable.delete().where(old)).rowcount
    of_checks = (EVENTS.dagster_event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION.value) & (
        EVENTS.run_id == NO_RUN
    )
    with log.index_connection() as connection:
        connection.execute(
            SqlEventLogStorageTable.delete().where(of_checks & (EVENTS.timestamp < _naive(before)))
        )
    return removed


def remove_old_runs(
    instance: dg.DagsterInstance, job_name: str, before: datetime, *, most: int, until_s: float
) -> int:
    """Remove runs of a job that ended before an instant, and those beyond the `most` newest; return how many.

    Args:
        until_s: monotonic time at which to leave the rest to the next time.
    """
    removed = 0
    for run_id in _old_runs(instance, job_name, before, most):
        if time.monotonic() > until_s:
            break
        instance.delete_run(run_id)
        removed += 1
    return removed


def _old_runs(instance: dg.DagsterInstance, job_name: str, before: datetime, most: int) -> Iterator[str]:
    aged = dg.RunsFilter(job_name=job_name, statuses=list(ENDED), updated_before=before)
    while found := instance.get_run_records(aged, limit=BATCH, ascending=True):
        yield from (one.dagster_run.run_id for one in found)
    every = dg.RunsFilter(job_name=job_name, statuses=list(ENDED))
    for _ in range(max(0, instance.get_runs_count(every) - most)):
        [oldest] = instance.get_run_records(every, limit=1, ascending=True)
        yield oldest.dagster_run.run_id


def _log(instance: dg.DagsterInstance) -> SqlEventLogStorage | None:
    log = instance.event_log_storage
    return log if isinstance(log, SqlEventLogStorage) else None


def _naive(at: datetime) -> datetime:
    """Return an instant as Dagster's tables hold it: UTC, and without saying so."""
    return at.astimezone(UTC).replace(tzinfo=None)


def age(days: float) -> datetime:
    """Return the instant so many days ago."""
    return datetime.now(UTC) - timedelta(days=days)
