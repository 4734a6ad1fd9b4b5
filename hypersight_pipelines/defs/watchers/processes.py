"""Watcher processes on this very machine: a lease names one by boot, pid and start time."""

import os
import signal
from pathlib import Path

from hypersight_core.store.leases import LeaseView

START_TIME_FIELD = 19
"""Of /proc/<pid>/stat, counted after the parenthesised name: start time in clock ticks since boot."""
STATE_FIELD = 0


def is_gone(lease: LeaseView) -> bool:
    """Whether the lease's process ended for certain; False when it ran on another machine."""
    return lease.boot_id == _boot_id() and not _is_running(lease)


def kill(lease: LeaseView) -> bool:
    """Kill the lease's process if it runs here; tell whether it did."""
    if lease.boot_id != _boot_id() or not _is_running(lease):
        return False
    os.kill(lease.pid, signal.SIGKILL)
    return True


def _is_running(lease: LeaseView) -> bool:
    try:
        stat = Path(f"/proc/{lease.pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    fields = stat.rpartition(")")[2].split()
    return fields[STATE_FIELD] != "Z" and int(fields[START_TIME_FIELD]) == lease.pid_start


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
