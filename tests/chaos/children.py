"""Programs around the system under test that can be killed and started again at the same address."""

import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """Return a loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Child:
    """A Python program that says in its first line that it is ready, and takes orders line by line."""

    def __init__(self, *argv: str, log_path: Path) -> None:
        self.argv, self._log_path = argv, log_path
        self.process = self._started(argv)

    @property
    def pid(self) -> int:
        return self.process.pid

    def order(self, line: str) -> None:
        """Send a line to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """Kill it, as `kill -9` does."""
        self.process.kill()
        self.process.wait()

    def restart(self, *argv: str) -> None:
        """Start it again, with other arguments if some are given."""
        if self.process.poll() is None:
            self.kill()
        self.argv = argv or self.argv
        self.process = self._started(self.argv)

    def _started(self, argv: Sequence[str]) -> "subprocess.Popen[str]":
        with self._log_path.open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *argv],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert process.stdout is not None
        assert process.stdout.readline(), f"{argv[0]} did not start, see {self._log_path}"
        return process
