"""Child processes of the local stack: started together, ended together, nothing left behind."""

import contextlib
import ctypes
import logging
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from hypersight_core.errors import SetupFailed

logger = logging.getLogger(__name__)

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
TAIL_LINES = 12
LOG_MAX_BYTES = 10_000_000
KILLED_WITHIN_S = 2.0


@dataclass(slots=True)
class Service:
    """One long-running program."""

    name: str
    argv: Sequence[str]
    is_ready: Callable[[], bool]
    environ: Mapping[str, str] = field(default_factory=dict)
    ready_within_s: float = 90.0
    stop_within_s: float = 5.0
    is_needed_by_next: bool = False
    """Whether the services after it can only start once it answers."""


def answers(url: str) -> Callable[[], bool]:
    """Return a check that `url` answers with success."""

    def is_ready() -> bool:
        try:
            return httpx.get(url, timeout=2.0, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    return is_ready


class Running:
    """A started service, with its output in `log_path`."""

    def __init__(self, service: Service, log_path: Path, cwd: Path) -> None:
        self.service = service
        self.log_path = log_path
        self._cwd = cwd
        self.process = self._started()
        self._family: list[psutil.Process] = []
        self._ends_s = 0.0

    def wait_ready(self, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Wait until the service answers.

        Raises:
            SetupFailed: it ended, or did not answer in time; the message shows its last lines.
        """
        deadline_s = time.monotonic() + self.service.ready_within_s
        while not self.service.is_ready():
            if self.process.poll() is not None:
                raise self._failure(f"{self.service.name} ended with exit code {self.process.returncode}")
            if should_stop():
                return
            if time.monotonic() > deadline_s:
                raise self._failure(
                    f"{self.service.name} did not answer in {self.service.ready_within_s:.0f} s"
                )
            time.sleep(0.1)

    def restart_if_ended(self) -> bool:
        """Start the service again when it is gone; tell whether that was needed."""
        if self.process.poll() is None:
            return False
        self.process = self._started()
        return True

    def ask_to_stop(self) -> None:
        """Send SIGTERM, without waiting."""
        # Looked up before the end: orphans would belong to nobody.
        self._family = _family(self.process.pid)
        self._ends_s = time.monotonic() + self.service.stop_within_s
        if self.process.poll() is None:
            self.process.terminate()

    def ensure_stopped(self) -> None:
        """Wait for the end; `stop_within_s` after it was asked for, kill the process and all it started."""
        try:
            self.process.wait(timeout=max(0.0, self._ends_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            logger.warning("killed, it did not end in time", extra={"service": self.service.name})
            self._family += _family(self.process.pid)  # what it started after it was asked to end
            self.process.kill()
        for process in self._family:
            _kill(process)
        self.process.wait()
        # Only then are we the parent of what is left.
        psutil.wait_procs(self._family, timeout=KILLED_WITHIN_S)

    def tail(self) -> str:
        """Return the last lines of the output."""
        try:
            lines = self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-TAIL_LINES:])

    def _started(self) -> "subprocess.Popen[bytes]":
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                self.service.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._cwd,
                env={**os.environ, **self.service.environ},  # noqa: TID251 - children inherit PATH, HOME and the like
                start_new_session=True,  # Ctrl-C reaches us alone; we end the children in order
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one prctl call, no lock is taken
            )

    def _failure(self, problem: str) -> SetupFailed:
        return SetupFailed(
            f"{problem}; its last lines:\n{self.tail()}", hint=f"the whole log: {self.log_path}"
        )


def stop_together(running: Sequence[Running]) -> None:
    """End services that do not need each other to end, at the same time."""
    for one in running:
        one.ask_to_stop()
    for one in running:
        one.ensure_stopped()


def stop_adopted(known: Collection[int], within_s: float) -> None:
    """End children whose pid is not `known`: what killed services left to us, and what these leave in turn.

    The database's server, which detaches itself, may be a child of ours too; it is not ended here.
    """
    ends_s = time.monotonic() + within_s
    while (adopted := _adopted(known)) and time.monotonic() < ends_s + KILLED_WITHIN_S:
        for process in adopted:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        _, left = psutil.wait_procs(adopted, timeout=max(0.0, ends_s - time.monotonic()))
        for process in left:
            _kill(process)
        psutil.wait_procs(left, timeout=KILLED_WITHIN_S)


def _adopted(known: Collection[int]) -> list[psutil.Process]:
    children = psutil.Process().children()
    return [one for one in children if one.pid not in known and not _is_database(one)]


def _is_database(process: psutil.Process) -> bool:
    try:
        return process.name().startswith("postgres")
    except psutil.NoSuchProcess:
        return False


def keep_short(log_path: Path) -> None:
    """Begin a log anew when it is long, with one older one beside it; its writers append, and go on."""
    if log_path.exists() and log_path.stat().st_size > LOG_MAX_BYTES:
        shutil.copyfile(log_path, _older(log_path))
        os.truncate(log_path, 0)


def rotate(log_path: Path) -> None:
    """Keep one older log beside the one to be written."""
    if log_path.exists():
        log_path.replace(_older(log_path))


def _older(log_path: Path) -> Path:
    return log_path.with_suffix(".1.log")


def _family(pid: int) -> list[psutil.Process]:
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
