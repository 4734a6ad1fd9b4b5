import json
import os
import random
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import dagster as dg
import psutil
import pytest
from dagster._core.launcher import LaunchRunContext, WorkerStatus

from hypersight_core.store.process_identity import ProcessName, is_gone
from hypersight_pipelines.defs.watchers.jobs import watch_camera
from hypersight_pipelines.defs.watchers.tags import process_of
from hypersight_pipelines.launching.calls import Answer, Fork, Interrupt, Look, ask, listens

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
SCRIPT = textwrap.dedent("""
    import json, os, random, signal, sys, time
    from pathlib import Path
    from hypersight_pipelines.launching.calls import listener
    from hypersight_pipelines.launching.nursery import Nursery

    def begin(asked):
        run_id = asked.run_id
        name, _, argument = run_id.partition(":")
        if name == "exit":
            return int(argument)
        if name.startswith("00000000-"):
            return int(name[-1])
        if name == "raise":
            raise ValueError(argument)
        if name == "facts":
            fds = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if fd > "2"
                   and os.path.exists(f"/proc/self/fd/{fd}")]
            facts = {
                "sockets": [one for one in fds if one.startswith("socket")],
                "is_session_leader": os.getsid(0) == os.getpid(),
                "sigterm": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
                "sigint": signal.getsignal(signal.SIGINT) == signal.default_int_handler,
                "name": Path("/proc/self/comm").read_text().strip(),
                "random": random.random(),
            }
            Path(argument).write_text(json.dumps(facts))
            return 0
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            return 7

    random.seed(1)
    nursery = Nursery(listener(Path(sys.argv[1])), begin)
    print("ready", flush=True)
    nursery.serve()
""")


EXIT_0, EXIT_3, SLEEP = (str(UUID(int=number)) for number in (0, 3, 1 << 120))
"""Ids of runs, and what the processes of these tests do with them."""


@contextmanager
def a_nursery(path: Path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    # Far longer than the kernel lets the path of a socket be.
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    return folder / "nursery.sock"


@pytest.fixture
def nursery(path: Path) -> Iterator["subprocess.Popen[str]"]:
    with a_nursery(path) as process:
        yield process


def forked(path: Path, run_id: str) -> ProcessName:
    return ask(path, Fork(run_id=run_id, camera_id=12, title="watcher 12")).process


def eventually(check: Callable[[], Any]) -> Any:
    for _ in range(200):
        if found := check():
            return found
        time.sleep(0.05)
    raise AssertionError("not within 10 s")


def ended(path: Path, process: ProcessName) -> Answer:
    def look() -> Answer | None:
        answer = ask(path, Look(process))
        return None if answer.is_running else answer

    answer: Answer = eventually(look)
    return answer


@pytest.mark.parametrize(("run_id", "code"), [("exit:0", 0), ("exit:3", 3), ("raise:oh", 1)])
def test_the_end_of_a_run_is_known(nursery, path, run_id, code):
    assert ended(path, forked(path, run_id)).exit_code == code


def test_whoever_sees_the_end_of_a_run_knows_its_code(nursery, path):
    for _ in range(60):  # looked at without a pause, since it is about the moment of the end
        process = forked(path, "exit:3")
        while (answer := ask(path, Look(process))).is_running:
            pass
        assert answer.exit_code == 3


def test_a_run_that_is_killed_is_seen_as_killed_and_leaves_no_zombie(nursery, path):
    process = forked(path, "sleep")
    assert ask(path, Look(process)).is_running
    os.kill(process.pid, signal.SIGKILL)
    assert ended(path, process).exit_code == -signal.SIGKILL
    assert psutil.Process(nursery.pid).children() == []


def test_a_run_is_interrupted_when_asked(nursery, path):
    process = forked(path, "sleep")
    time.sleep(0.2)
    assert ask(path, Interrupt(process)).is_running
    assert ended(path, process).exit_code == 7
    assert not ask(path, Interrupt(process)).is_running


def test_a_child_has_nothing_of_the_nursery_but_its_memory(nursery, path, tmp_path):
    facts = []
    for number in (1, 2):
        ended(path, forked(path, f"facts:{tmp_path}/{number}"))
        facts.append(json.loads((tmp_path / str(number)).read_text()))
    for one in facts:
        assert one["sockets"] == []
        assert one["is_session_leader"]
        assert one["sigterm"]
        assert one["sigint"]
        assert one["name"] == "watcher 12"
    # Children that draw the same numbers would reconnect in step.
    first, second = (one["random"] for one in facts)
    assert len({first, second, random.Random(1).random()}) == 3


def test_children_outlive_a_killed_nursery_and_the_next_one_knows_them(nursery, path):
    process = forked(path, "sleep")
    nursery.kill()
    nursery.wait()
    eventually(lambda: not listens(path))  # a child that has just begun closes what it inherited
    with a_nursery(path):
        assert ask(path, Look(process)).is_running
        assert ask(path, Interrupt(process)).is_running
        eventually(lambda: is_gone(process))
        assert ended(path, process).exit_code is None


def test_nonsense_is_survived(nursery, path):
    with socket.socket(socket.AF_UNIX) as stranger, pytest.MonkeyPatch.context() as patch:
        patch.chdir(path.parent)
        stranger.connect(path.name)
        stranger.sendall(b"nonsense\n")
        assert stranger.recv(100) == b""
    assert ended(path, forked(path, "exit:0")).exit_code == 0


class TestLauncher:
    @pytest.fixture
    def instance(self, tmp_path: Path, path: Path) -> Iterator[dg.DagsterInstance]:
        module = "hypersight_pipelines.launching.launcher"
        config = {"socket_path": str(path)}
        launcher = {"module": module, "class": "ForkingRunLauncher", "config": config}
        with dg.DagsterInstance.local_temp(str(tmp_path), overrides={"run_launcher": launcher}) as instance:
            yield instance

    @staticmethod
    def launched(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRun:
        run = instance.create_run_for_job(
            watch_camera,
            run_id=run_id,
            run_config={"ops": {"watch": {"config": {"camera_id": 12}}}},
            tags={"kind": "watcher", "camera_id": "12"},
            status=dg.DagsterRunStatus.STARTED,
        )
        instance.run_launcher.launch_run(LaunchRunContext(run, workspace=None))
        return fresh(instance, run_id)

    def test_a_watcher_is_forked_and_its_process_written_down(self, nursery, instance):
        run = self.launched(instance, SLEEP)
        process = process_of(run)
        assert process is not None
        assert psutil.Process(process.pid).ppid() == nursery.pid
        assert instance.run_launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING

    def test_a_cancel_interrupts_the_process(self, nursery, instance, path):
        run = self.launched(instance, SLEEP)
        time.sleep(0.2)
        assert instance.run_launcher.terminate(run.run_id)
        assert fresh(instance, run.run_id).status is dg.DagsterRunStatus.CANCELING
        process = process_of(run)
        assert process is not None
        assert ended(path, process).exit_code == 7

    @pytest.mark.parametrize(
        ("run_id", "status"), [(EXIT_0, WorkerStatus.SUCCESS), (EXIT_3, WorkerStatus.FAILED)]
    )
    def test_run_monitoring_hears_how_a_process_ended(self, nursery, instance, path, run_id, status):
        run = self.launched(instance, run_id)
        process = process_of(run)
        assert process is not None
        ended(path, process)
        assert instance.run_launcher.check_run_worker_health(run).status is status

    def test_without_a_nursery_a_cancel_is_left_to_the_supervisor(self, nursery, instance):
        run = self.launched(instance, SLEEP)
        nursery.kill()
        nursery.wait()
        assert instance.run_launcher.terminate(run.run_id)
        assert fresh(instance, run.run_id).status is dg.DagsterRunStatus.CANCELING
        assert instance.run_launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING

    def test_without_a_nursery_a_watcher_is_launched_in_dagsters_own_way(self, instance):
        # That way needs a workspace, which this test has not.
        with pytest.raises(dg.DagsterInvariantViolationError, match="workspace"):
            self.launched(instance, SLEEP)
        said = [event.message for event in instance.all_logs(SLEEP)]
        assert any("started by Dagster's default launcher" in message for message in said)


def fresh(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRun:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run
