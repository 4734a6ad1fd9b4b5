"""Child processes of the local stack: real ones."""

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from hypersight.ports import free_port
from hypersight.processes import LOG_MAX_BYTES, Running, Service, keep_short, stop_together
from hypersight_core.errors import SetupFailed

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

SLEEPER = "import time; print('here', flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
PARENT = (
    "import subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print(child.pid, flush=True); time.sleep(600)"
)


LATE_PARENT = (
    "import signal, subprocess, sys, time\n"
    "def begin(*_):\n"
    "    sleeper = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
    "    child = subprocess.Popen(sleeper, start_new_session=True)\n"
    "    print(child.pid, flush=True)\n"
    "signal.signal(signal.SIGTERM, begin)\n"
    "print('here', flush=True)\n"
    "while True: time.sleep(1)"
)
ADOPTER = """
import subprocess, sys, psutil
from hypersight.processes import stop_adopted
from hypersight_pipelines import orphans
orphans.adopt()
inner = "import time; print('here', flush=True); time.sleep(600)"
for _ in range(3):
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
outer = subprocess.Popen([sys.executable, "-c", inner], stdout=subprocess.PIPE)
outer.stdout.readline()
outer.kill()
outer.wait()
stop_adopted(set(), 20.0)
print(psutil.Process().children(recursive=True))
"""
ROOT = Path(__file__).parents[2]


def service(code: str, **changes) -> Service:
    usual: dict[str, Any] = {"is_ready": lambda: True, "ready_within_s": 20.0, "stop_within_s": 1.0}
    return Service("test", [sys.executable, "-c", code], **(usual | changes))


@pytest.fixture
def start(tmp_path):
    started: list[Running] = []

    def start(wanted: Service) -> Running:
        started.append(Running(wanted, tmp_path / "test.log", tmp_path))
        return started[-1]

    yield start
    stop_together(started)


def wait_for_line(running: Running) -> str:
    deadline_s = time.monotonic() + 20
    while not running.tail():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    return running.tail()


def test_a_service_that_ends_at_once_is_reported_with_its_last_words(start):
    running = start(service("import sys; print('no such model'); sys.exit(3)", is_ready=lambda: False))
    with pytest.raises(SetupFailed, match=r"(?s)exit code 3.*no such model"):
        running.wait_ready()


def test_a_service_that_never_answers_is_reported(start):
    running = start(service(SLEEPER, is_ready=lambda: False, ready_within_s=0.3))
    with pytest.raises(SetupFailed, match="did not answer"):
        running.wait_ready()


def test_a_service_deaf_to_sigterm_is_killed(start):
    running = start(service(DEAF))
    time.sleep(0.5)
    stop_together([running])
    assert running.process.poll() is not None


def test_grandchildren_end_with_their_parent(start):
    running = start(service(PARENT))
    grandchild = psutil.Process(int(wait_for_line(running)))
    stop_together([running])
    assert psutil.wait_procs([grandchild], timeout=5)[1] == []


def test_what_a_deaf_service_starts_after_it_was_told_to_end_ends_too(start):
    # A run that had just begun dbt when the stack ended left it behind.
    running = start(service(LATE_PARENT))
    wait_for_line(running)
    running.ask_to_stop()
    deadline_s = time.monotonic() + 20
    while len(said := running.tail().split()) < 2:
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    running.ensure_stopped()
    assert not psutil.pid_exists(int(said[1])) or is_dead(int(said[1]))


def is_dead(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_what_killed_services_leave_ends_with_all_it_started():
    done = subprocess.run(
        [sys.executable, "-c", ADOPTER], check=True, capture_output=True, text=True, cwd=ROOT, timeout=50
    )
    assert done.stdout.split() == ["[]"]


def test_a_service_that_ended_is_started_again(start):
    running = start(service("print('short life')"))
    before = running.process
    before.wait(timeout=20)
    assert running.restart_if_ended()
    assert running.process.pid != before.pid


def test_the_next_free_port_is_taken_where_one_is_in_use():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) > port


def test_a_long_log_begins_anew_while_its_service_goes_on_writing(start):
    printing = "import time\nwhile True:\n    print('x' * 999_999, flush=True); time.sleep(0.01)"
    running = start(service(printing))
    older = running.log_path.with_suffix(".1.log")
    deadline_s = time.monotonic() + 20
    while not older.exists() or not running.log_path.stat().st_size:
        assert time.monotonic() < deadline_s
        assert running.log_path.stat().st_size < 3 * LOG_MAX_BYTES
        keep_short(running.log_path)
    assert older.stat().st_size > LOG_MAX_BYTES
    with running.log_path.open("rb") as log:
        assert log.read(1) == b"x"  # appended at the new end, no hole before it
