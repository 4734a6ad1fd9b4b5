"""The process that serves the code location to Dagster."""

import signal
import subprocess
import sys

import psutil
import pytest

from hypersight_pipelines.launching.calls import listens
from tests.e2e.running_demo import ROOT, eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def test_a_killed_code_server_takes_its_listener_along_so_that_the_next_one_keeps_the_socket(tmp_path):
    # The listener of a killed one waited for its watchers, and then removed the socket of its successor.
    address = tmp_path / "code.sock"
    command = [sys.executable, "-m", "hypersight_pipelines", "--socket", str(address)]
    with subprocess.Popen(command, cwd=ROOT) as server:
        try:
            eventually(lambda: listens(address), within_s=60, what="the code server listens")
            children = psutil.Process(server.pid).children(recursive=True)
            assert children
            server.send_signal(signal.SIGKILL)
            gone, left = psutil.wait_procs(children, timeout=10)
            assert left == []
            assert len(gone) == len(children)
            assert address.exists()
        finally:
            server.kill()
