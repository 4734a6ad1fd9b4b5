"""What Dagster hears of a watcher that was forked, in the words its own engine would use.

The engine itself plans, checks and wires up what a run may be made of; a watcher is one step that is always
the same, and the engine's way to it costs half a watcher's memory (decision 16). Runs, steps, their ends and
errors look in the UI as they do after Dagster's own launcher.
"""

import os
import time
from typing import Any

import dagster as dg
from dagster._core.definitions.dependency import NodeHandle
from dagster._core.events import (
    DagsterEvent,
    EngineEventData,
    EventSpecificData,
    JobCanceledData,
    JobFailureData,
    RunFailureReason,
)
from dagster._core.execution.plan.handle import StepHandle
from dagster._core.execution.plan.objects import (
    ErrorSource,
    StepFailureData,
    StepSuccessData,
    UserFailureData,
)
from dagster._core.execution.plan.step import StepKind
from dagster._utils.error import (  # type: ignore[attr-defined]
    SerializableErrorInfo,
    serializable_error_info_from_exc_info,
)

from hypersight_pipelines.defs.watchers.jobs import CANCELED, watch, watch_camera

Kind = dg.DagsterEventType
NOT_BEGUN = (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING)
STEP, JOB = watch.name, watch_camera.name
NODE = NodeHandle(STEP, None)
HANDLE = StepHandle(node_handle=NODE, key=STEP)

INTERRUPTED = SerializableErrorInfo(
    "the run was canceled", [], cls_name=dg.DagsterExecutionInterruptedError.__name__
)


class RunEvents:
    """Tells Dagster how one run goes; holds no connection between two events."""

    def __init__(self, instance: dg.DagsterInstance, run_id: str) -> None:
        self._instance, self._run_id = instance, run_id
        self._began_s = time.monotonic()

    def begin(self, process_id: int, camera_id: int) -> bool:
        """Say that the run begins; False when it may not: it was canceled, or was begun before."""
        run = self._run()
        if run.status not in NOT_BEGUN:
            self._say_why_not(run)
            return False
        said = f"Process {process_id} watches camera {camera_id}, see logs/watcher-{camera_id}.log"
        self._instance.report_engine_event(said, run, EngineEventData.in_process(process_id))
        self._report(Kind.RUN_START, f'Started execution of run for "{JOB}".')
        self._report_step(Kind.STEP_START, f'Started execution of step "{STEP}".')
        return True

    def end(self, reason: str) -> None:
        """Say that the watcher ended as it should; canceled, when that is why."""
        run = self._run()
        if run.is_finished:
            self._say_ended_already(run)
        elif run.status in CANCELED:
            self._cancel()
        else:
            lasted = _success(time.monotonic() - self._began_s)
            self._report_step(Kind.STEP_SUCCESS, f'Finished execution of step "{STEP}": {reason}.', lasted)
            self._report(Kind.RUN_SUCCESS, f'Finished execution of run for "{JOB}".')

    def fail(self, error: BaseException) -> None:
        """Say that an error ended the watcher."""
        run = self._run()
        failure = _failure(_told(error), str(error) if isinstance(error, dg.Failure) else None)
        if run.is_finished:
            self._say_ended_already(run)
            return
        self._report_step(Kind.STEP_FAILURE, f'Execution of step "{STEP}" failed.', failure)
        if run.status in CANCELED:
            said = "Run failed after it was requested to be terminated."
            self._report(Kind.RUN_CANCELED, said, JobCanceledData(failure.error))
            return
        said = f"Execution of run for \"{JOB}\" failed. Steps failed: ['{STEP}']."
        failed = JobFailureData(error=failure.error, failure_reason=RunFailureReason.STEP_FAILURE)
        self._report(Kind.RUN_FAILURE, said, failed)

    def _cancel(self) -> None:
        failure = _failure(INTERRUPTED)
        self._report_step(Kind.STEP_FAILURE, f'Execution of step "{STEP}" was canceled.', failure)
        said = f'Execution of run for "{JOB}" canceled.'
        self._report(Kind.RUN_CANCELED, said, JobCanceledData(failure.error))

    def _say_why_not(self, run: dg.DagsterRun) -> None:
        if run.status is dg.DagsterRunStatus.CANCELING:
            self._instance.report_run_canceled(run, "Canceled before its process began.")
            return
        said = f"A process began for a run that is {run.status.value} already, and left."
        self._instance.report_engine_event(said, run)

    def _say_ended_already(self, run: dg.DagsterRun) -> None:
        said = f"The watcher ended after its run had been closed as {run.status.value}."
        self._instance.report_engine_event(said, run)

    def _run(self) -> dg.DagsterRun:
        run = self._instance.get_run_by_id(self._run_id)
        if run is None:
            raise LookupError(f"Dagster knows no run {self._run_id}")
        return run

    def _report(self, kind: Kind, message: str, facts: EventSpecificData | None = None) -> None:
        event = DagsterEvent(kind.value, JOB, message=message, event_specific_data=facts, pid=os.getpid())
        self._instance.report_dagster_event(event, self._run_id)

    def _report_step(self, kind: Kind, message: str, facts: EventSpecificData | None = None) -> None:
        event = DagsterEvent(
            kind.value,
            JOB,
            step_handle=HANDLE,
            node_handle=NODE,
            step_kind_value=StepKind.COMPUTE.value,
            message=message,
            event_specific_data=facts,
            pid=os.getpid(),
        )
        self._instance.report_dagster_event(event, self._run_id)


def _success(lasted_s: float) -> StepSuccessData:
    return StepSuccessData(duration_ms=lasted_s * 1000)  # type: ignore[no-untyped-call]


def _failure(error: SerializableErrorInfo, said: str | None = None) -> StepFailureData:
    """Describe an error as the engine does; `said` on purpose, for people."""
    for_people = None if said is None else UserFailureData("intentional-failure", said)  # type: ignore[no-untyped-call]
    return StepFailureData(error, for_people, ErrorSource.USER_CODE_ERROR)  # type: ignore[no-untyped-call]


def _told(error: BaseException) -> SerializableErrorInfo:
    raised: Any = (type(error), error, error.__traceback__)
    return serializable_error_info_from_exc_info(raised)
