"""The API under test: in this process, or as the real process a user starts."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from hypersight_api.app import create_app
from hypersight_core.domain.events import Event, Observation, SegmentRecord
from hypersight_core.settings import Settings
from hypersight_core.store import watching
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import Lease, WatcherState

LOOPBACK = "http://127.0.0.1"
NO_DATABASE = "postgresql+psycopg://nobody:hush@127.0.0.1:1/none"


@contextlib.contextmanager
def api(
    database_url: str, var_dir: Path, *, base_url: str = LOOPBACK, **settings: Any
) -> Iterator[TestClient[Litestar]]:
    """Yield a client of an application in this process."""
    folders = {"var_dir": var_dir, "cache_dir": var_dir / "cache"}
    app = create_app(Settings(database_url=database_url, **folders | settings))
    with TestClient(app, base_url=base_url) as client:
        yield client


class ApiProcess:
    """`python -m hypersight_api` on a port of its own."""

    def __init__(self, database_url: str, var_dir: Path, **more: str) -> None:
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HYPERSIGHT_")},  # noqa: TID251
            "HYPERSIGHT_DATABASE_URL": database_url,
            "HYPERSIGHT_VAR_DIR": str(var_dir),
            "HYPERSIGHT_CACHE_DIR": str(var_dir / "cache"),
            "HYPERSIGHT_API_PORT": "0",
            **more,
        }
        self.log: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hypersight_api"], env=environ, stderr=subprocess.PIPE, text=True
        )
        self.port = self._port()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def url(self, path: str, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def stop(self, within_s: float = 8.0) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(timeout=within_s)
        finally:
            self.process.kill()
            self._reader.join(timeout=2)
            self._stderr.close()

    @property
    def _stderr(self) -> Any:
        return self.process.stderr

    def _port(self) -> int:
        for line in self._stderr:
            self.log.append(line)
            if found := re.search(r"listening.*port=(\d+)", line):
                return int(found[1])
        raise AssertionError("".join(self.log))

    def _read(self) -> None:
        with contextlib.suppress(ValueError):
            self.log.extend(self._stderr)


@contextlib.contextmanager
def api_process(database_url: str, var_dir: Path, **more: str) -> Iterator[ApiProcess]:
    """Yield a running API process; it is ended afterwards."""
    running = ApiProcess(database_url, var_dir, **more)
    try:
        wait_for_port(running.port)
        yield running
    finally:
        running.stop()


def wait_for_port(port: int) -> None:
    """Return once something accepts connections."""
    with socket.create_connection(("127.0.0.1", port), timeout=10):
        return


@contextlib.contextmanager
def watched(store: Store, camera_id: int, **state: Any) -> Iterator[None]:
    """Hold a camera's lease as a live watcher does."""
    lease = Lease(store, camera_id, f"test-{camera_id}")
    lease.acquire()
    usual: dict[str, Any] = {"phase": "watching", "position_at": None, "lag_s": 2.0}
    lease.beat(WatcherState(**usual | state))
    try:
        yield
    finally:
        lease.release("stopped")


def saved(store: Store, *events: Event) -> None:
    """Save events."""
    with store.transaction() as tx:
        watching.add_events(tx, events)


def observed(store: Store, camera_id: int, start: datetime, length: timedelta) -> None:
    """Save that a camera was watched without a gap."""
    lease = Lease(store, camera_id, "observed")
    token = lease.acquire()
    piece = Observation(
        camera_id=camera_id, from_at=start, to_at=start + length, frames_wanted=10, frames_detected=10
    )
    record = SegmentRecord(camera_id=camera_id, seq=1, position_at=start + length, observations=(piece,))
    with store.transaction() as tx:
        watching.record_segment(tx, record, token=token)
    lease.release("stopped")
