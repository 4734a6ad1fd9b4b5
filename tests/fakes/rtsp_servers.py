"""Real RTSP servers in processes of their own, which can be stopped, killed and started again."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class RtspServer:
    """One server; `url` stays the same over restarts."""

    url: str
    port: int
    command: list[str]
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ends_s = time.monotonic() + 15
        while not _is_listening(self.port):
            if time.monotonic() > ends_s:
                raise TimeoutError(f"{self.command[0]} does not listen")
            time.sleep(0.05)

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()


@contextmanager
def tcp_server(film: Path) -> Iterator[RtspServer]:
    """Serve an MP4 film over RTSP in TCP, with sender reports."""
    port = _free_port()
    script = Path(sys.executable).with_name("rtsp-server")
    command = [str(script), "-d", str(film.parent), "-p", str(port), "-cp", str(_free_port())]
    yield from _running(RtspServer(f"rtsp://127.0.0.1:{port}/{film.name}", port, command))


@contextmanager
def udp_server(film: Path) -> Iterator[RtspServer]:
    """Serve a transport stream over RTSP in UDP, without sender reports."""
    port = _free_port()
    command = [sys.executable, "-m", "tests.fakes.rtsp_udp", str(film), str(port)]
    yield from _running(RtspServer(f"rtsp://127.0.0.1:{port}/stream", port, command))


def _running(server: RtspServer) -> Iterator[RtspServer]:
    server.start()
    try:
        yield server
    finally:
        if server.process is not None:
            with suppress(ProcessLookupError):
                server.process.kill()
            server.process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
