"""What names this process for ever: machine, boot, number and start."""

import os
import socket
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def own_identity() -> dict[str, str | int]:
    """Return `host`, `boot_id`, `pid` and `pid_start` of this process."""
    return {
        "host": socket.gethostname(),
        "boot_id": BOOT_ID.read_text(encoding="ascii").strip() if BOOT_ID.exists() else "",
        "pid": os.getpid(),
        "pid_start": process_start(os.getpid()) or 0,
    }


def process_start(pid: int) -> int | None:
    """Return when a process started, in clock ticks after boot; None when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the program's name and may hold anything; the 22nd, after it, is the start.
    return int(stat[stat.rindex(")") + 2 :].split()[19])
