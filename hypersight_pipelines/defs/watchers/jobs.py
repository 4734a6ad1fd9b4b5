"""The job behind every watched camera."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import dagster as dg

from hypersight_core.errors import HypersightError
from hypersight_pipelines.defs.watchers.resources import Watch
from hypersight_pipelines.defs.watchers.tags import KIND_TAG, WATCHER

CANCELED = (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED)


class WatchConfig(dg.Config):
    """Which camera a run watches."""

    camera_id: int


@dg.op
def watch(context: dg.OpExecutionContext, config: WatchConfig, watch: dg.ResourceParam[Watch]) -> None:
    """Watch one camera until it is disabled, the run is canceled or the machine stops."""
    context.log.info("watching camera %s, see logs/watcher-%s.log", config.camera_id, config.camera_id)
    with stop_on_signals() as stop:
        reason = watched(watch, config.camera_id, context.run_id, stop)
        raise_if_canceled(context)
    context.log.info("ended: %s", reason)


@dg.job(
    executor_def=dg.in_process_executor,
    tags={KIND_TAG: WATCHER},
    description="Watches one camera; launched and replaced by the sensor watcher_supervisor.",
)
def watch_camera() -> None:
    """Hold the only step; one process does everything."""
    watch()


def watched(watch: Watch, camera_id: int, run_id: str, stop: threading.Event) -> str:
    """Watch; return why it ended.

    Raises:
        Failure: it could not be watched, or not any longer; the message is for people.
    """
    try:
        return watch(camera_id, run_id, stop)
    except HypersightError as error:
        raise dg.Failure(
            f"camera {camera_id} is not watched by this run: {error}", allow_retries=False
        ) from error


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Turn SIGINT and SIGTERM into an event, so that nothing is torn in the middle of writing.

    Dagster's own handlers raise at the next instruction and leave runs that ended as failed.
    Outside the main thread, where no handler can be set, nothing sets the event.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def raise_if_canceled(context: dg.OpExecutionContext) -> None:
    """End the run as canceled when that is what its stop was for; a shutdown's stop is a success.

    Raises:
        DagsterExecutionInterruptedError: somebody canceled the run.
    """
    run = context.instance.get_run_by_id(context.run_id)
    if run is not None and run.status in CANCELED:
        raise dg.DagsterExecutionInterruptedError
