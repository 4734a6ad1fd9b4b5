"""What a forked watcher does from its first line to its last."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg

from hypersight_pipelines.defs.watchers.jobs import stop_on_signals, watched
from hypersight_pipelines.defs.watchers.resources import Watch
from hypersight_pipelines.launching.calls import Fork
from hypersight_pipelines.launching.run_events import RunEvents

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ForkedRun:
    """Watches a camera as the job `watch_camera` does, without Dagster's engine in its memory.

    Args:
        instance: shared by all children: it holds no connection between two questions.
    """

    instance: dg.DagsterInstance
    watch: Watch

    def __call__(self, asked: Fork) -> int:
        """Be the run until it ends; return its exit code."""
        events = RunEvents(self.instance, asked.run_id)
        process_id = os.getpid()
        with stop_on_signals() as stop:
            if not in_a_child(lambda: events.begin(process_id, asked.camera_id)):
                return 0
            try:
                reason = watched(self.watch, asked.camera_id, asked.run_id, stop)
            except Exception as error:
                logger.exception("watcher failed", extra={"camera_id": asked.camera_id})
                events.fail(error)
                return 1
            events.end(reason)
            return 0


def in_a_child(act: Callable[[], bool]) -> bool:
    """Return what `act` does, and leave what it touches to a process that ends with it.

    Memory shared with the nursery is copied by whoever touches it: here for a moment, not for months.

    Raises:
        ChildProcessError: it failed; why is in the log.
    """
    child = os.fork()
    if child == 0:
        code = 2
        try:
            code = 0 if act() else 1
        except BaseException:
            logger.exception("nothing could be said to Dagster")
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in {0, 1}:
        raise ChildProcessError(f"telling Dagster ended with exit code {code}")
    return code == 0
