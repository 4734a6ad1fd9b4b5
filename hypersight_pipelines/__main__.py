"""Serve a code location: `python -m hypersight_pipelines --socket PATH`, or `--host HOST --port PORT`.

With `--nursery PATH` watchers can be forked through the socket PATH (`launching`); `--location metrics`
serves the second code location. Dagster's own server waits for its runs when it is told to end, without
telling them; this one tells them.
"""

import argparse
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import psutil

from hypersight_pipelines import orphans
from hypersight_pipelines.instance import with_storage

ROOT = Path(__file__).parents[1]
LOCATIONS: Mapping[str, str] = MappingProxyType(
    {"hypersight": "hypersight_pipelines.definitions", "metrics": "hypersight_pipelines.metrics.definitions"}
)
"""Code locations by name, and the module that defines each."""
RUNS_END_WITHIN_S = 5.0
SERVER_ENDS_WITHIN_S = 1.0
"""Longer only where a tick of the supervisor is under way, which may be cut off."""
LOOK_S = 0.5
NURSERY_AGAIN_S = 2.0
"""A nursery that ends at once is not started more often than this."""
LEAN: Mapping[str, str] = MappingProxyType({"MALLOC_ARENA_MAX": "1", "OPENBLAS_NUM_THREADS": "1"})
"""One heap however many threads, and no threads of numpy's, which nothing here needs."""
NOTHING: Mapping[str, str] = MappingProxyType({})
PR_SET_PDEATHSIG = 1

_LIBC = ctypes.CDLL(None)


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM or SIGINT; then let runs end in order, watchers with the segment in hand."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    orphans.adopt()
    asked, for_server = _parser().parse_known_args(arguments)
    server = _started("dagster", "api", "grpc", *for_server, *_what_is_served(asked.location))
    nursery = _Nursery(asked.nursery)
    while server.poll() is None and not stop.wait(LOOK_S):
        nursery.keep_up()
        orphans.collect({server.pid, nursery.pid})
    nursery.end()
    if server.poll() is None:
        _end(psutil.Process(server.pid))
        _wait(server)
    return 0 if stop.is_set() else server.returncode


class _Nursery:
    """The process that watchers are forked from; started again when it ended. No path: none at all."""

    def __init__(self, socket_path: Path | None) -> None:
        self._socket_path = socket_path
        self._process: subprocess.Popen[bytes] | None = None
        self._began_s = 0.0
        self.keep_up()

    @property
    def pid(self) -> int:
        """0 when there is none."""
        return self._process.pid if self._process else 0

    def keep_up(self) -> None:
        """Start it if it does not run."""
        if self._socket_path is None or (self._process and self._process.poll() is None):
            return
        if time.monotonic() - self._began_s > NURSERY_AGAIN_S:
            self._began_s = time.monotonic()
            self._process = _started(
                "hypersight_pipelines.launching.nursery", str(self._socket_path), environ=LEAN
            )

    def end(self) -> None:
        """End it first, so that nothing is forked any more; its children become ours."""
        if self._process is not None:
            self._process.kill()  # it has nothing to finish
            self._process.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hypersight_pipelines", description=__doc__, allow_abbrev=False)
    parser.add_argument("--location", choices=LOCATIONS, default="hypersight", help="which to serve")
    parser.add_argument("--nursery", type=Path, help="fork watchers, asked for at this socket")
    return parser


def _what_is_served(location: str) -> tuple[str, ...]:
    code = ("--module-name", LOCATIONS[location], "--working-directory", str(ROOT))
    return (*code, "--location-name", location, "--log-level", "warning")


def _started(module: str, *arguments: str, environ: Mapping[str, str] = NOTHING) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**with_storage(os.environ), **environ},
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches us alone
        preexec_fn=_die_with_parent,  # noqa: PLW1509 - one prctl call, no lock is taken
    )


def _end(server: psutil.Process) -> None:
    """End the runs, those launched meanwhile too, then the server."""
    for _ in range(2):
        family = psutil.Process().children(recursive=True)
        runs = [child for child in family if child != server and not _is_tracker(child)]
        for run in runs:
            _terminate(run)
        psutil.wait_procs(runs, timeout=RUNS_END_WITHIN_S)
    _terminate(server)


def _is_tracker(process: psutil.Process) -> bool:
    """Whether this is Python's own helper, which outlives the runs and ignores SIGTERM."""
    try:
        return any("resource_tracker" in argument for argument in process.cmdline())
    except psutil.Error:
        return True


def _wait(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(timeout=SERVER_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


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
