"""What names a process for ever: machine, boot, number and start."""

import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class NamedProcess(Protocol):
    """Whatever says which process is meant; leases do."""

    @property
    def host(self) -> str:
        """Name of its machine."""
        ...

    @property
    def boot_id(self) -> str:
        """Which boot of that machine."""
        ...

    @property
    def pid(self) -> int:
        """Its number, used again after its end."""
        ...

    @property
    def pid_start(self) -> int:
        """When it started, in clock ticks after boot."""
        ...


@dataclass(frozen=True, slots=True)
class ProcessName:
    """One process for ever; the properties of `NamedProcess`."""

    host: str
    boot_id: str
    pid: int
    pid_start: int

    @classmethod
    def of(cls, pid: int) -> Self:
        """Name a process of this machine; one that ended already gets the start 0."""
        return cls(socket.gethostname(), _boot_id(), pid, process_start(pid) or 0)


def is_gone(process: NamedProcess) -> bool:
    """Whether a process ended for certain; False when it may run on another machine, or in another pod.

    Containers of one machine share its boot and not its process numbers: only the host's name tells.
    """
    if process.host != socket.gethostname():
        return False
    if process.boot_id == _boot_id():
        return not _is_running(process)
    return bool(process.boot_id and _boot_id())


def send_signal(process: NamedProcess, number: signal.Signals) -> bool:
    """Send a signal to a process if it lives on this machine; tell whether it did."""
    is_here = process.host == socket.gethostname() and process.boot_id == _boot_id()
    if not is_here or not _is_running(process):
        return False
    os.kill(process.pid, number)
    return True


def process_start(pid: int) -> int | None:
    """Return when a process started, in clock ticks after boot; None when there is no such process."""
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def _boot_id() -> str:
    return BOOT_ID.read_text(encoding="ascii").strip() if BOOT_ID.exists() else ""


def _is_running(process: NamedProcess) -> bool:
    return process_start(process.pid) == process.pid_start and not _is_zombie(process.pid)


def _is_zombie(pid: int) -> bool:
    """Whether the process is dead but not yet collected by its parent."""
    fields = _stat(pid)
    return not fields or fields[0] == "Z"


def _stat(pid: int) -> list[str]:
    """Return the fields of `/proc/<pid>/stat` from the third on; none when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    # The second field is the program's name and may hold anything.
    return stat[stat.rindex(")") + 2 :].split()
