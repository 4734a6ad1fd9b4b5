"""A real Redis of the test's own: Debian's `redis-server` on a free port, nothing written to disk."""

import shutil
import socket
import subprocess
import time
from types import TracebackType
from typing import Self

from tests.chaos.children import free_port

PROGRAM = shutil.which("redis-server")
STARTS_WITHIN_S = 20.0


class RedisServer:
    """Runs from here to the end of the block; may be ended and started again on its port."""

    def __init__(self) -> None:
        self._port = free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        options = ("--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        self._process = subprocess.Popen(
            [str(PROGRAM), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until_s = time.monotonic() + STARTS_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until_s:
                self.kill()
                raise AssertionError(f"redis-server does not listen on port {self._port}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
