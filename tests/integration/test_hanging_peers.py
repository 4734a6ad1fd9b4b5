"""Peers that take a connection and never say a word must not keep a watcher from ending."""

import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hypersight_core.store import cameras, processors
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import read_leases
from tests.builders import camera_settings, processor_settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]
ROOT = Path(__file__).parents[2]
ENDS_WITHIN_S = 5.0
SCRIPT = textwrap.dedent("""
    import os, sys
    from pathlib import Path
    from hypersight_core.settings import Settings
    from hypersight_core.watcher.watch import watch_camera
    from hypersight_pipelines.defs.watchers.jobs import stop_on_signals

    database_url, var_dir, camera_id = sys.argv[1:]
    settings = Settings(database_url=database_url, var_dir=Path(var_dir))
    with stop_on_signals() as stop:
        print(watch_camera(settings, int(camera_id), "by hand", stop), flush=True)
    os._exit(0)  # as the nursery's children do: what hangs in a thread must not keep the process
""")


class SilentServer:
    """Accepts whoever comes, reads, and never answers."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []
        self.visited = threading.Event()
        threading.Thread(target=self._hold, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listening.getsockname()[1]}"

    def close(self) -> None:
        self._listening.close()
        for connection in self._held:
            connection.close()

    def _hold(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._held.append(connection)
            self.visited.set()


@pytest.fixture
def silent() -> Iterator[SilentServer]:
    server = SilentServer()
    yield server
    server.close()


@contextmanager
def a_watcher(database_url: str, var_dir: Path, camera_id: int) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", SCRIPT, database_url, str(var_dir), str(camera_id)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("address", [
    "http://{}/live.m3u8", "http://{}/video.mjpeg", "rtsp://{}/stream", "rtsps://{}/stream", "rtmp://{}/live/stream",
])  # fmt: skip
def test_sigterm_ends_a_watcher_whose_camera_hangs(store: Store, database_url, tmp_path, silent, address):
    url = address.format(silent.address)
    with store.transaction() as tx:
        camera_id = cameras.create_camera(tx, camera_settings(stream_url=url)).camera_id
        processors.create_processor(tx, camera_id, processor_settings())
    with a_watcher(database_url, tmp_path, camera_id) as process:
        assert silent.visited.wait(60), "the watcher does not even try"
        time.sleep(0.5)
        asked_s = time.monotonic()
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
        took_s = time.monotonic() - asked_s
    assert said.strip() == "stopped"
    assert took_s < ENDS_WITHIN_S
    with store.transaction() as tx:
        [lease] = read_leases(tx)
    assert lease.release_reason == "stopped"
    assert not lease.is_locked
