"""Serve the code location: `python -m hypersight_pipelines --socket PATH`, or `--host HOST --port PORT`.

Dagster's own server waits for its runs when it is told to end, without telling them; this one tells them.
"""

import ctypes
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
WATCHERS_END_WITHIN_S = 5.0
SERVER_ENDS_WITHIN_S = 2.0
PR_SET_PDEATHSIG = 1

_LIBC = ctypes.CDLL(None)


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM or SIGINT; then let every watcher finish the segment in hand, and end."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = _server(arguments)
    while server.poll() is None and not stop.wait(0.2):
        pass
    if server.poll() is None:
        _end(psutil.Process(server.pid))
        _wait(server)
    return 0 if stop.is_set() else server.returncode


def _server(arguments: list[str]) -> "subprocess.Popen[bytes]":
    what = ["--module-name", "hypersight_pipelines.definitions", "--working-directory", str(ROOT)]
    named = ["--location-name", "hypersight", "--log-level", "warning"]
    return subprocess.Popen(
        [sys.executable, "-m", "dagster", "api", "grpc", *arguments, *what, *named],
        start_new_session=True,  # Ctrl-C reaches us alone
        preexec_fn=_die_with_parent,  # noqa: PLW1509 - one prctl call, no lock is taken
    )


def _end(server: psutil.Process) -> None:
    """End the watchers, those launched meanwhile too, then the server."""
    for _ in range(2):
        watchers = [child for child in server.children(recursive=True) if not _is_tracker(child)]
        for watcher in watchers:
            _terminate(watcher)
        psutil.wait_procs(watchers, timeout=WATCHERS_END_WITHIN_S)
    _terminate(server)


def _is_tracker(process: psutil.Process) -> bool:
    """Whether this is Python's own helper, which outlives the runs and ignores SIGTERM."""
    try:
        return any("resource_tracker" in argument for argument in process.cmdline())
    except psutil.Error:
        return True


def _wait(server: "subprocess.Popen[bytes]") -> None:
    try:
        server.wait(timeout=SERVER_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _terminate(process: psutil.Process) -> None:
    try:
        process.terminate()
    except psutil.NoSuchProcess:
        return


def _die_with_parent() -> None:
    """End at once with the parent.

    Told to end, the server would wait for its runs, and then remove the socket that the next one listens on.
    """
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
