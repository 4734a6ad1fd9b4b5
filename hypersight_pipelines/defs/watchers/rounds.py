"""One round of the supervisor: read the world, and carry out what was decided about it."""

import logging
import signal
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg

from hypersight_core.redaction import redacted_text
from hypersight_core.store.cameras import list_cameras
from hypersight_core.store.engine import Store
from hypersight_core.store.failures import forget_failure, read_failures, write_failure
from hypersight_core.store.leases import fence, read_leases, request_stop
from hypersight_core.store.process_identity import is_gone, send_signal
from hypersight_core.store.watching import desired_cameras
from hypersight_pipelines.defs.watchers.actions import Actions, Burial
from hypersight_pipelines.defs.watchers.restarts import BUDGET_WINDOW_S, UNFINISHED, WatcherRun
from hypersight_pipelines.defs.watchers.supervision import Seen
from hypersight_pipelines.defs.watchers.tags import KIND_TAG, WATCHER, camera_id_of, process_of

logger = logging.getLogger(__name__)

FAILURE_PREFIX = "dagster._core.definitions.events.Failure: "


def look(store: Store, instance: dg.DagsterInstance) -> tuple[Seen, Mapping[int, str]]:
    """Read what is wanted and what is there; return it with the cameras' names by id.

    Runs are read before leases: a run that starts in between is then a lease too many, which is looked
    at again, and never a lease too few, for which a living run would be closed.
    """
    now = datetime.now(UTC)
    runs = list(_runs(instance, now))
    with store.transaction() as tx:
        desired, leases, failures = desired_cameras(tx), read_leases(tx), read_failures(tx)
        names = {camera.camera_id: camera.name for camera in list_cameras(tx)}
    dead = {lease.run_id for lease in leases if not lease.is_locked and is_gone(lease)}
    dead |= {run.run_id for run in runs if run.process is not None and is_gone(run.process)}
    seen = Seen(
        desired=frozenset(desired), leases=leases, runs=runs, now=now, dead=dead,
        changed_at=desired, failures=failures,
    )  # fmt: skip
    return seen, names


def carry_out(actions: Actions, store: Store, instance: dg.DagsterInstance) -> None:
    """Do all that is asked for except launching, which is the sensor's result."""
    _stop(actions, store)
    for burial in actions.bury:
        _bury(burial, instance)
    for run in actions.cancel:
        instance.run_coordinator.cancel_run(run.run_id)
    if actions.fail or actions.forgive:
        failures = [failed.because(why_failed(instance, failed.run_id)) for failed in actions.fail]
        with store.transaction() as tx:
            for camera_id in actions.forgive:
                forget_failure(tx, camera_id)
            for failure in failures:
                write_failure(tx, failure)


def why_failed(instance: dg.DagsterInstance, run_id: str) -> str:
    """Return what went wrong in a run, in the words of its step, else of whoever closed it."""
    for record in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = record.dagster_event
        error = None if event is None else event.step_failure_data.error
        if error is not None:
            said = (error.cause or error).message
            return redacted_text(said.strip().removeprefix(FAILURE_PREFIX))
    ends = instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    words = [end.dagster_event.message or "" for end in ends if end.dagster_event is not None]
    return redacted_text(words[-1]) if words else "its runs end without a word"


def _stop(actions: Actions, store: Store) -> None:
    """Ask watchers to stop, and shut out those that cannot hear it any more."""
    if not actions.ask_to_stop and not actions.fence:
        return
    with store.transaction() as tx:
        for lease in actions.ask_to_stop:
            request_stop(tx, lease.camera_id, lease.run_id)
        for lease in actions.fence:
            request_stop(tx, lease.camera_id, lease.run_id)
            fence(tx, lease)
    for lease in actions.fence:
        if send_signal(lease, signal.SIGKILL):
            logger.warning("stuck watcher killed", extra={"camera_id": lease.camera_id, "pid": lease.pid})


def _bury(burial: Burial, instance: dg.DagsterInstance) -> None:
    run = instance.get_run_by_id(burial.run.run_id)
    if run is None or run.status is not burial.run.status:
        return
    said = f"closed by the supervisor: {burial.reason}"
    if run.status is dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, said)
    else:
        instance.report_run_failed(run, said)


def _runs(instance: dg.DagsterInstance, now: datetime) -> Iterator[WatcherRun]:
    unfinished = dg.RunsFilter(tags={KIND_TAG: WATCHER}, statuses=list(UNFINISHED))
    ended = dg.RunsFilter(
        tags={KIND_TAG: WATCHER},
        statuses=[dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS],
        updated_after=now - timedelta(seconds=BUDGET_WINDOW_S),
    )
    for runs_filter in (unfinished, ended):
        for record in instance.get_run_records(runs_filter):
            camera_id = camera_id_of(record.dagster_run)
            if camera_id is not None:
                yield WatcherRun(
                    run_id=record.dagster_run.run_id,
                    camera_id=camera_id,
                    status=record.dagster_run.status,
                    updated_at=_aware(record.update_timestamp),
                    process=process_of(record.dagster_run),
                    started_at=_instant(record.start_time),
                    ended_at=_instant(record.end_time),
                )


def _instant(epoch_s: float | None) -> datetime | None:
    return None if epoch_s is None else datetime.fromtimestamp(epoch_s, UTC)


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
