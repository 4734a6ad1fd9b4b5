"""What is said between the launcher and the nursery: one JSON line each way over a Unix socket."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from hypersight_core.store.process_identity import ProcessName

ANSWER_WITHIN_S = 10.0
LONGEST_LINE_BYTES = 1 << 20


class Fork(msgspec.Struct, tag="fork", frozen=True):
    """Begin a watcher in a process of its own."""

    run_id: str
    camera_id: int
    title: str
    """What `ps` shows, 15 characters at most."""


class Interrupt(msgspec.Struct, tag="interrupt", frozen=True):
    """Ask a process to end."""

    process: ProcessName


class Look(msgspec.Struct, tag="look", frozen=True):
    """Say how a process fares."""

    process: ProcessName


Request = Fork | Interrupt | Look


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the nursery did or knows."""

    process: ProcessName
    is_running: bool
    exit_code: int | None = None
    """How it ended, where that is known; negative: the signal that killed it."""


def ask(path: Path, request: Request) -> Answer:
    """Send a request to the nursery that listens at `path`.

    Raises:
        OSError: nobody listens there, or it did not answer in time.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_WITHIN_S)
        with _short(path) as name:
            connection.connect(name)
        connection.sendall(msgspec.json.encode(request) + b"\n")
        return msgspec.json.decode(read_line(connection), type=Answer)


def listens(path: Path) -> bool:
    """Whether somebody listens at `path`."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            with _short(path) as name:
                connection.connect(name)
        except OSError:
            return False
    return True


def listener(path: Path) -> socket.socket:
    """Listen at `path`, in the place of whoever listened there before; only this user may connect."""
    listening = socket.socket(socket.AF_UNIX)
    path.unlink(missing_ok=True)
    with _short(path) as name:
        listening.bind(name)
    path.chmod(0o600)
    listening.listen(64)
    return listening


def read_line(connection: socket.socket) -> bytes:
    """Read until the end of a line; nothing when the other side only looked whether somebody listens.

    Raises:
        ConnectionError: the other side ended in the middle, or sent far too much.
    """
    line = bytearray()
    while not line.endswith(b"\n"):
        block = connection.recv(65536)
        if not block and not line:
            break
        if not block or len(line) > LONGEST_LINE_BYTES:
            raise ConnectionError("no whole line came")
        line += block
    return bytes(line)


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """Yield another name of `path`: the kernel allows a socket's about a hundred characters."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
