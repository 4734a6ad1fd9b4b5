"""Watcher processes on this very machine: a lease names one by boot, pid and start time."""

import os
import signal
from pathlib import Path

from hypersight_core.store.leases import LeaseView
from hypersight_core.store.process_identity import BOOT_ID, process_start


def is_gone(lease: LeaseView) -> bool:
    """Whether the lease's process ended for certain; False when it ran on another machine."""
    return _is_of_this_boot(lease) and not _is_running(lease)


def kill(lease: LeaseView) -> bool:
    """Kill the lease's process if it runs here; tell whether it did."""
    if not _is_of_this_boot(lease) or not _is_running(lease):
        return False
    os.kill(lease.pid, signal.SIGKILL)
    return True


def _is_of_this_boot(lease: LeaseView) -> bool:
    return BOOT_ID.exists() and lease.boot_id == BOOT_ID.read_text(encoding="ascii").strip()


def _is_running(lease: LeaseView) -> bool:
    return process_start(lease.pid) == lease.pid_start and not _is_zombie(lease.pid)


def _is_zombie(pid: int) -> bool:
    """Whether the process is dead but not yet collected by its parent, the code server."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    return stat[stat.rindex(")") + 2] == "Z"
