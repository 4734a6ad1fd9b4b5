"""Real RTSP and RTMP servers in processes of their own, which can be stopped, killed and started again."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

DEBIAN_PYTHON = "/usr/bin/python3"
DEBIAN_PACKAGES = (
    "gir1.2-gst-rtsp-server-1.0", "python3-gi", "gstreamer1.0-rtsp", "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-bad",
)  # fmt: skip


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


def gstreamer_problem() -> str:
    """Return why GStreamer's server can't be run here; empty when it can."""
    argv = [DEBIAN_PYTHON, "-c", "import gi; gi.require_version('GstRtspServer', '1.0')"]
    if (
        Path(DEBIAN_PYTHON).exists()
        and subprocess.run(argv, capture_output=True, check=False).returncode == 0
    ):
        return ""
    return f"apt-get install {' '.join(DEBIAN_PACKAGES)}"


@contextmanager
def gstreamer_server(film: Path, transport: str, login: tuple[str, ...] = ()) -> Iterator[RtspServer]:
    """Serve an MP4 film over RTSP by `tcp` or `udp`, with sender reports, asking for digest where told."""
    port = _free_port()
    script = str(Path(__file__).with_name("rtsp_gstreamer.py"))
    command = [DEBIAN_PYTHON, script, str(film), str(port), transport, *login]
    yield from _running(RtspServer(f"rtsp://127.0.0.1:{port}/film", port, command))


@contextmanager
def rtmp_server() -> Iterator[RtspServer]:
    """Pass on over RTMP what is published to it."""
    port = _free_port()
    script = Path(sys.executable).with_name("rtmplite3")
    command = [str(script), "-i", "127.0.0.1", "-p", str(port)]
    yield from _running(RtspServer(f"rtmp://127.0.0.1:{port}/live/camera", port, command))


@contextmanager
def published(film: Path, url: str) -> Iterator[None]:
    """Send a film to an RTMP server, at its own speed, as a camera does."""
    command = [sys.executable, "-m", "tests.fakes.rtmp_camera", str(film), url]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


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
