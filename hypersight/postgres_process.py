"""What `postmaster.pid` tells about a PostgreSQL server on this machine."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class PostmasterFile:
    """The lock file of a cluster; it survives a killed server, so it is never believed alone."""

    cluster: Path

    @property
    def path(self) -> Path:
        """Where the server writes it."""
        return self.cluster / "postmaster.pid"

    def is_alive(self) -> bool:
        """Return whether its server runs: the process exists, is no zombie, and is a PostgreSQL."""
        return _serves(self._pid(), self.cluster)

    def ready_port(self, wait_s: float) -> int | None:
        """Return the port as soon as the server takes connections; None when there is no server."""
        deadline_s = time.monotonic() + wait_s
        while self.is_alive() and time.monotonic() < deadline_s:
            lines = self._lines()
            # Line 4 is the port, line 8 the state; they appear one by one while the server starts.
            if len(lines) >= 8 and lines[7].strip() == "ready":
                return int(lines[3])
            time.sleep(POLL_S)
        return None

    def stop(self, wait_s: float) -> bool:
        """Ask for a fast shutdown, then for an immediate one; return whether the server is gone."""
        pid = self._pid()
        for signal_number, share in ((signal.SIGINT, 0.8), (signal.SIGQUIT, 0.2)):
            if not _serves(pid, self.cluster):
                return True
            os.kill(pid, signal_number)
            self._wait_gone(pid, wait_s * share)
        return not _serves(pid, self.cluster)

    def outlives(self, wait_s: float) -> bool:
        """Return whether the server is still there after `wait_s`."""
        pid = self._pid()
        self._wait_gone(pid, wait_s)
        return _serves(pid, self.cluster)

    def clear_stale(self, wait_s: float) -> None:
        """Get the file of a dead server out of the way of a new one.

        PostgreSQL itself clears it, unless the process number still exists: as a zombie nobody
        has reaped yet (short after kill -9), or given to another program (after a reboot).
        """
        pid = self._pid()
        if not pid:
            return
        deadline_s = time.monotonic() + wait_s
        while _is_zombie(pid) and time.monotonic() < deadline_s:
            time.sleep(POLL_S)
        if psutil.pid_exists(pid) and not _serves(pid, self.cluster):
            self.path.unlink(missing_ok=True)

    def _wait_gone(self, pid: int, wait_s: float) -> None:
        deadline_s = time.monotonic() + wait_s
        while _serves(pid, self.cluster) and time.monotonic() < deadline_s:
            time.sleep(POLL_S)

    def _lines(self) -> list[str]:
        try:
            return self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return []

    def _pid(self) -> int:
        lines = self._lines()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else 0


def _serves(pid: int, cluster: Path) -> bool:
    """Return whether a process is a living PostgreSQL working in `cluster`, as every server does."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith("postgres"):
            return False
        return bool(process.cwd() == str(cluster))
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _is_zombie(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
