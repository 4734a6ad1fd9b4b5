"""What the Dagster UI shows of a watcher's run that Dagster's engine did not execute."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterEventType as Kind
from dagster import DagsterRunStatus as Status

from hypersight_core.errors import Conflict, SecretUnreadable
from hypersight_core.sealing import SETTING
from hypersight_pipelines.defs.watchers.jobs import watch_camera
from hypersight_pipelines.defs.watchers.rounds import why_failed
from hypersight_pipelines.launching.calls import Fork
from hypersight_pipelines.launching.forked_run import ForkedRun, in_a_child
from hypersight_pipelines.launching.run_events import STEP

pytestmark = pytest.mark.integration
CONFIG = {"ops": {"watch": {"config": {"camera_id": 12}}}}


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield instance


class Watching:
    """Stands in for the watcher: does something to the run, then ends as told."""

    def __init__(self, instance: dg.DagsterInstance, becomes: Status | None = None) -> None:
        self._instance, self._becomes = instance, becomes
        self.asked: list[int] = []

    def __call__(self, camera_id: int, run_id: str, stop: threading.Event) -> str:
        self.asked.append(camera_id)
        if self._becomes is not None:
            become(self._instance, run_id, self._becomes)
            os.kill(os.getpid(), signal.SIGINT)
            assert stop.wait(1)
        return "stopped"


def become(instance: dg.DagsterInstance, run_id: str, status: Status) -> None:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    if status is Status.CANCELING:
        instance.report_run_canceling(run)
    elif status is Status.CANCELED:
        instance.report_run_canceled(run)
    elif status is Status.FAILURE:
        instance.report_run_failed(run, "closed by somebody")


def a_run(instance: dg.DagsterInstance, status: Status = Status.STARTING) -> str:
    return instance.create_run_for_job(watch_camera, run_config=CONFIG, status=status).run_id


def executed(run: ForkedRun, run_id: str) -> int:
    return run(Fork(run_id=run_id, camera_id=12, title="watcher 12"))


def status(instance: dg.DagsterInstance, run_id: str) -> Status:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def kinds(instance: dg.DagsterInstance, run_id: str) -> list[Kind]:
    events = [one.dagster_event for one in instance.all_logs(run_id)]
    return [event.event_type for event in events if event is not None]


def test_a_run_that_ends_by_itself_reads_like_one_of_the_engine(instance):
    run_id, watching = a_run(instance), Watching(instance)
    assert executed(ForkedRun(instance, watching), run_id) == 0
    assert watching.asked == [12]
    assert status(instance, run_id) is Status.SUCCESS
    expected = [Kind.RUN_START, Kind.STEP_START, Kind.STEP_SUCCESS, Kind.RUN_SUCCESS]
    assert [kind for kind in kinds(instance, run_id) if kind is not Kind.ENGINE_EVENT] == expected
    [step] = instance.get_run_step_stats(run_id)
    assert (step.step_key, step.status.value) == (STEP, "SUCCESS")
    [record] = instance.get_run_records(dg.RunsFilter(run_ids=[run_id]))
    assert record.start_time is not None
    assert record.end_time is not None
    assert record.end_time >= record.start_time


def test_the_engine_writes_the_same_kinds_of_events(instance):
    @dg.op(name=STEP)
    def nothing() -> None:
        return

    @dg.job(name=watch_camera.name, executor_def=dg.in_process_executor)
    def short() -> None:
        nothing()

    engine = short.execute_in_process(instance=instance)
    run_id = a_run(instance)
    executed(ForkedRun(instance, Watching(instance)), run_id)
    about_the_step_itself = {Kind.ENGINE_EVENT, Kind.STEP_OUTPUT, Kind.LOGS_CAPTURED}
    about_the_step_itself |= {Kind.RESOURCE_INIT_STARTED, Kind.RESOURCE_INIT_SUCCESS, Kind.HANDLED_OUTPUT}
    theirs, ours = (
        [kind for kind in kinds(instance, one) if kind not in about_the_step_itself]
        for one in (engine.run_id, run_id)
    )
    assert ours == theirs


def test_a_cancel_ends_as_canceled(instance):
    run_id = a_run(instance)
    assert executed(ForkedRun(instance, Watching(instance, Status.CANCELING)), run_id) == 0
    assert status(instance, run_id) is Status.CANCELED
    assert kinds(instance, run_id)[-1] is Kind.RUN_CANCELED


@pytest.mark.parametrize("closed_as", [Status.FAILURE, Status.CANCELED])
def test_a_run_that_was_closed_meanwhile_stays_as_it_is(instance, closed_as):
    run_id = a_run(instance)
    executed(ForkedRun(instance, Watching(instance, closed_as)), run_id)
    assert status(instance, run_id) is closed_as
    assert kinds(instance, run_id)[-1] is Kind.ENGINE_EVENT


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Conflict("camera 12 is watched already"), "camera 12 is watched already"),
        (
            SecretUnreadable("camera 12 (door)", SETTING),
            "camera 12 (door) cannot be decrypted by any key of HYPERSIGHT_SECRET_KEYS",
        ),
    ],
)
def test_the_supervisor_reads_why_a_watcher_failed(instance, error, said):
    def watch(_camera_id: int, _run_id: str, _stop: threading.Event) -> str:
        raise error

    run_id = a_run(instance)
    assert executed(ForkedRun(instance, watch), run_id) == 1
    assert status(instance, run_id) is Status.FAILURE
    assert said in why_failed(instance, run_id)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Status.CANCELING, Status.CANCELED),
        (Status.CANCELED, Status.CANCELED),
        (Status.STARTED, Status.STARTED),
        (Status.FAILURE, Status.FAILURE),
    ],
)
def test_nobody_watches_for_a_run_that_may_not_begin(instance, before, after):
    run_id, watching = a_run(instance, before), Watching(instance)
    assert executed(ForkedRun(instance, watching), run_id) == 0
    assert watching.asked == []
    assert status(instance, run_id) is after


def test_what_is_done_in_a_child_leaves_nothing_here():
    touched: list[int] = []

    def act() -> bool:
        touched.append(os.getpid())
        return bool(touched)

    assert in_a_child(act)
    assert touched == []
    assert not in_a_child(lambda: False)


def test_a_child_that_fails_is_an_error():
    def act() -> bool:
        raise ValueError("no")

    with pytest.raises(ChildProcessError, match="exit code 2"):
        in_a_child(act)
