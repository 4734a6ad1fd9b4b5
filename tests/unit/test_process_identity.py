import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from hypersight_core.store.process_identity import ProcessName, is_gone, send_signal


@pytest.fixture
def child():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_living_process_is_not_gone_and_takes_signals(child):
    name = ProcessName.of(child.pid)
    assert not is_gone(name)
    assert send_signal(name, signal.SIGKILL)
    child.wait()
    assert is_gone(name)
    assert not send_signal(name, signal.SIGKILL)


def test_a_process_nobody_collected_is_gone(child):
    name = ProcessName.of(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(name)


def test_another_process_with_the_same_number_is_another(child):
    later = replace(ProcessName.of(child.pid), pid_start=1)
    assert is_gone(later)
    assert not send_signal(later, signal.SIGKILL)
    assert child.poll() is None


def test_what_ran_before_this_machine_started_anew_is_gone_though_its_number_is_in_use():
    assert is_gone(replace(ProcessName.of(os.getpid()), boot_id="the boot before"))


def test_nobody_knows_about_processes_of_other_machines():
    name = replace(ProcessName.of(os.getpid()), host="elsewhere", boot_id="its boot")
    assert not is_gone(name)
    assert not send_signal(name, signal.SIGTERM)


def test_nobody_knows_about_processes_of_other_pods_which_share_the_machines_boot():
    name = replace(ProcessName.of(os.getpid()), host="another-pod", pid_start=1)
    assert not is_gone(name)
    assert not send_signal(replace(name, pid_start=ProcessName.of(os.getpid()).pid_start), signal.SIGTERM)
