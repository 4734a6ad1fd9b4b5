import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterRunStatus as Status

from hypersight_core.errors import Conflict, LeaseLost
from hypersight_core.settings import Settings
from hypersight_core.store.cameras import change_camera, create_camera, get_camera
from hypersight_core.store.changes import listening
from hypersight_core.store.engine import Store
from hypersight_core.store.failures import read_failures
from hypersight_core.store.leases import Lease, WatcherState, read_leases
from hypersight_core.store.processors import create_processor
from hypersight_pipelines.defs.watchers.jobs import watch_camera
from hypersight_pipelines.defs.watchers.restarts import BUDGET
from hypersight_pipelines.defs.watchers.sensors import supervise, watcher_supervisor
from hypersight_pipelines.location import build_defs
from tests.builders import camera_settings, processor_settings

pytestmark = [
    pytest.mark.integration,
    # Dagster warns about a parameter of its own that nobody here passes.
    pytest.mark.filterwarnings("ignore:Parameter .owners. of initializer .SensorDefinition"),
]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def camera_id(store: Store) -> int:
    with store.transaction() as tx:
        camera = create_camera(tx, camera_settings(name="gate"))
        create_processor(tx, camera.camera_id, processor_settings())
    return camera.camera_id


def tick(instance: dg.DagsterInstance, store: Store, look_for_s: float = 0.0) -> dg.SensorResult:
    return supervise(store, instance, look_for_s)


def launched(result: dg.SensorResult) -> list[dg.RunRequest]:
    return list(result.run_requests or ())


def a_run(instance: dg.DagsterInstance, camera_id: int, status: Status = Status.STARTED) -> dg.DagsterRun:
    return instance.create_run_for_job(
        watch_camera,
        run_config={"ops": {"watch": {"config": {"camera_id": camera_id}}}},
        tags={"kind": "watcher", "camera_id": str(camera_id)},
        status=status,
    )


def status_of(instance: dg.DagsterInstance, run_id: str) -> Status:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def leased(store: Store, camera_id: int, run_id: str) -> Lease:
    lease = Lease(store, camera_id, run_id)
    lease.acquire()
    lease.beat(WatcherState(phase="watching", position_at=None, lag_s=None))
    return lease


class TestSupervisor:
    def test_an_enabled_camera_gets_a_run_tagged_with_it(self, instance, store, camera_id):
        [request] = launched(tick(instance, store))
        assert request.run_config == {"ops": {"watch": {"config": {"camera_id": camera_id}}}}
        assert request.tags == {"kind": "watcher", "camera_id": str(camera_id), "camera": "gate"}

    def test_a_run_links_to_the_page_of_its_camera(self, instance, store, camera_id):
        [request] = launched(supervise(store, instance, 0.0, "https://counts.example/"))
        assert request.tags["page"] == f"https://counts.example/cameras/{camera_id}"

    def test_a_watched_camera_gets_no_second_run(self, instance, store, camera_id):
        run = a_run(instance, camera_id)
        lease = leased(store, camera_id, run.run_id)
        result = tick(instance, store)
        lease.release("disabled")
        assert launched(result) == []
        assert "1 cameras, nothing to do" in str(result.skip_reason)

    def test_a_run_whose_watcher_was_killed_is_closed_and_replaced(
        self, instance, store, database_url, camera_id
    ):
        run = a_run(instance, camera_id)
        killed_while_leasing(store, database_url, camera_id, run.run_id)
        [request] = launched(tick(instance, store))
        assert request.tags["camera_id"] == str(camera_id)
        assert status_of(instance, run.run_id) is Status.FAILURE

    def test_a_canceled_run_whose_watcher_was_killed_ends_as_canceled(
        self, instance, store, database_url, camera_id
    ):
        run = a_run(instance, camera_id, Status.CANCELING)
        killed_while_leasing(store, database_url, camera_id, run.run_id)
        tick(instance, store)
        assert status_of(instance, run.run_id) is Status.CANCELED

    def test_a_watcher_of_a_run_that_is_over_is_asked_to_stop(self, instance, store, camera_id):
        run = a_run(instance, camera_id, Status.FAILURE)
        lease = leased(store, camera_id, run.run_id)
        tick(instance, store)
        order = lease.beat(WatcherState(phase="watching", position_at=None, lag_s=None))
        lease.release("stop_requested")
        assert order.is_stop_requested

    def test_dagster_evaluates_it_with_the_resources_of_the_code_location(
        self, instance, store, database_url, tmp_path, camera_id
    ):
        defs = build_defs(Settings(database_url=database_url, var_dir=tmp_path))
        with dg.build_sensor_context(
            instance=instance, repository_def=defs.get_repository_def(), resources=defs.resources
        ) as context:
            data = watcher_supervisor.evaluate_tick(context)
        assert [request.tags["camera_id"] for request in data.run_requests or ()] == [str(camera_id)]
        with store.transaction() as tx:
            assert "secret" not in get_camera(tx, camera_id).stream_url, "it came by SQL, in the clear"

    def test_a_tick_sees_a_camera_that_is_added_while_it_looks(self, instance, store):
        def add() -> None:
            time.sleep(0.3)
            with store.transaction() as tx:
                create_processor(tx, create_camera(tx, camera_settings()).camera_id, processor_settings())

        adding = threading.Thread(target=add)
        adding.start()
        began_s = time.monotonic()
        result = tick(instance, store, look_for_s=60.0)
        adding.join()
        assert len(launched(result)) == 1
        assert time.monotonic() - began_s < 30

    def test_a_camera_that_fails_again_and_again_says_why_until_it_is_edited(
        self, instance, store, camera_id
    ):
        def watch(*_: Any) -> str:
            raise ValueError("no such codec at rtsp://me:secret@camera/")

        for _ in range(BUDGET):
            watch_camera.execute_in_process(
                run_config={"ops": {"watch": {"config": {"camera_id": camera_id}}}},
                instance=instance,
                resources={"watch": watch},
                raise_on_error=False,
            )
        result = tick(instance, store)
        assert launched(result) == []
        assert f"camera {camera_id} counts as failed" in str(result.skip_reason)
        with store.transaction() as tx:
            failure = read_failures(tx)[camera_id]
        assert "no such codec" in failure.reason
        assert "secret" not in failure.reason
        assert failure.bad_ends == BUDGET
        with store.transaction() as tx:
            change_camera(tx, camera_id, camera_settings(name="gate", watch_fps=3))
        assert len(launched(tick(instance, store))) == 1
        with store.transaction() as tx:
            assert read_failures(tx) == {}

    def test_a_tick_is_woken_by_an_edit_and_by_a_watcher_that_ends(self, store, camera_id):
        with listening(store) as changes:
            assert not changes.wait(0.05)
            with store.transaction() as tx:
                change_camera(tx, camera_id, camera_settings(name="gate", enabled=False))
            assert changes.wait(10)
            lease = leased(store, camera_id, "run")
            assert not changes.wait(0.05)
            lease.release("stopped")
            assert changes.wait(10)

    def test_a_tick_ends_when_the_machine_seems_to_be_stopping(self, instance, store, camera_id):
        run = a_run(instance, camera_id)
        lease = leased(store, camera_id, run.run_id)
        lease.release("stopped")
        instance.report_dagster_event(
            dg.DagsterEvent(event_type_value="PIPELINE_SUCCESS", job_name=run.job_name), run.run_id
        )
        began_s = time.monotonic()
        result = tick(instance, store, look_for_s=120.0)
        assert "stopped by a signal" in str(result.skip_reason)
        assert time.monotonic() - began_s < 60


class TestRun:
    """One run of the job, in this process, around a watch function of the test's own."""

    @staticmethod
    def status_after(
        instance: dg.DagsterInstance, watch: Callable[[int, str, threading.Event], str]
    ) -> tuple[Status, list[str]]:
        result = watch_camera.execute_in_process(
            run_config={"ops": {"watch": {"config": {"camera_id": 7}}}},
            instance=instance,
            resources={"watch": watch},
            raise_on_error=False,
        )
        failures = [event.step_failure_data for event in result.all_events if event.is_step_failure]
        said = [failure.error.message for failure in failures if failure.error is not None]
        return status_of(instance, result.run_id), said

    def test_a_disabled_camera_ends_its_run_with_success(self, instance):
        assert self.status_after(instance, lambda *_: "disabled") == (Status.SUCCESS, [])

    def test_it_is_told_its_camera_and_its_run(self, instance):
        seen: list[tuple[int, str]] = []

        def watch(camera_id: int, run_id: str, stop: threading.Event) -> str:
            seen.append((camera_id, run_id))
            return "disabled"

        self.status_after(instance, watch)
        [run] = instance.get_runs()
        assert seen == [(7, run.run_id)]

    @pytest.mark.parametrize(
        "error", [Conflict("camera 7 is watched by run x"), LeaseLost("token 4 is current")]
    )
    def test_a_lost_camera_fails_the_run_with_the_reason_and_without_retries(self, instance, error):
        def watch(*_: Any) -> str:
            raise error

        status, [said] = self.status_after(instance, watch)
        assert status is Status.FAILURE
        assert f"camera 7 is not watched by this run: {error}" in said

    def test_sigterm_lets_the_watcher_finish_and_the_run_succeed(self, instance):
        finished = []

        def watch(camera_id: int, run_id: str, stop: threading.Event) -> str:
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop.wait(5)
            finished.append(camera_id)
            return "stopped"

        before = signal.getsignal(signal.SIGTERM)
        assert self.status_after(instance, watch) == (Status.SUCCESS, [])
        assert finished == [7]
        assert signal.getsignal(signal.SIGTERM) is before


def killed_while_leasing(store: Store, database_url: str, camera_id: int, run_id: str) -> None:
    """Let a process of its own take the camera and die of SIGKILL."""
    script = textwrap.dedent("""
        import os, signal, sys
        from hypersight_core.store.engine import Store
        from hypersight_core.store.leases import Lease
        Lease(Store(sys.argv[1]), int(sys.argv[2]), sys.argv[3]).acquire()
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    ended = subprocess.run(
        [sys.executable, "-c", script, database_url, str(camera_id), run_id],
        cwd=ROOT,
        check=False,
        timeout=60,
    )
    assert ended.returncode == -signal.SIGKILL
    for _ in range(100):
        with store.transaction() as tx:
            [lease] = read_leases(tx)
        if not lease.is_locked:
            return
        time.sleep(0.05)
    raise AssertionError("the lock outlived its process")


def test_a_cancel_reaches_a_running_process_and_the_run_ends_as_canceled(tmp_path):
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    script = textwrap.dedent("""
        import dagster as dg
        from hypersight_pipelines.defs.watchers.jobs import watch_camera

        def watch(camera_id, run_id, stop):
            print(run_id, flush=True)
            return "stopped" if stop.wait(60) else "disabled"

        with dg.DagsterInstance.get() as instance:
            watch_camera.execute_in_process(
                run_config={"ops": {"watch": {"config": {"camera_id": 7}}}},
                instance=instance, resources={"watch": watch}, raise_on_error=False,
            )
    """)
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env={"PATH": os.defpath, "DAGSTER_HOME": str(tmp_path)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        run_id = process.stdout.readline().strip()
        with dg.DagsterInstance.from_ref(dg.DagsterInstance.local_temp(str(tmp_path)).get_ref()) as instance:
            run = instance.get_run_by_id(run_id)
            assert run is not None
            instance.report_run_canceling(run)
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
            assert status_of(instance, run_id) is Status.CANCELED
