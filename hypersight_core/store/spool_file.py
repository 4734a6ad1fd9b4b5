"""One file of a spool: a line a record, each with its checksum, owned by one process at a time."""

import fcntl
import logging
import os
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Self

logger = logging.getLogger(__name__)

HEAD_BYTES = 30
"""`crc32 seq `, 8 and 20 digits: enough to find a record without decoding it."""


class SpoolFile:
    """Use `create` or `take_over`; the file is locked until `close` or the end of the process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._places: dict[int, tuple[int, int]] = {}
        self.size_bytes = 0
        """Length of the file, records acknowledged since included."""
        self.depth_bytes = 0
        """Length of the records not acknowledged yet."""
        self._load()

    @classmethod
    def create(cls, folder: Path, prefix: str) -> Self:
        """Make a new file, its name safe on disk."""
        descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=".spool", dir=folder)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sync_folder(folder)
        return cls(Path(name), descriptor)

    @classmethod
    def take_over(cls, path: Path) -> Self | None:
        """Open a file somebody left; None while its owner lives, or when it is gone."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its owner may have deleted it between the opening and the lock.
            is_same = os.fstat(descriptor).st_nlink > 0
        except BlockingIOError:
            is_same = False
        if not is_same:
            os.close(descriptor)
            return None
        return cls(path, descriptor)

    def seqs(self) -> list[int]:
        """Return the records not acknowledged yet, in the order they were written."""
        return list(self._places)

    def append(self, seq: int, payload: bytes) -> None:
        """Write a record; on disk when this returns, or not at all when it raises."""
        body = b"%020d %b" % (seq, payload)
        line = b"%08x %b\n" % (zlib.crc32(body), body)
        start = self.size_bytes
        try:
            _write_all(self._descriptor, line, start)
            os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, start)
            raise
        self._remember(seq, start, len(line))

    def read(self, seq: int) -> bytes | None:
        """Return a record's payload; None when it is not here."""
        place = self._places.get(seq)
        if place is None:
            return None
        start, length = place
        return os.pread(self._descriptor, length, start)[HEAD_BYTES:-1]

    def forget(self, up_to_seq: int) -> None:
        """Count the records up to this one as acknowledged."""
        while self._places and (oldest := next(iter(self._places))) <= up_to_seq:
            self.depth_bytes -= self._places.pop(oldest)[1]

    def clear(self) -> None:
        """Empty the file."""
        if self.size_bytes:
            os.ftruncate(self._descriptor, 0)
        self._places.clear()
        self.size_bytes = self.depth_bytes = 0

    def delete(self) -> None:
        """Remove the file; nobody can take it over any more."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Give the file up, its records kept for whoever takes it over."""
        self._places.clear()
        os.close(self._descriptor)

    def _load(self) -> None:
        """Find the whole records; cut off what a killed writer left half done."""
        start = 0
        for line in _lines(self._descriptor):
            if not line.endswith(b"\n"):
                logger.warning("spool ends in half a record", extra={"file": self.path.name, "at": start})
                os.ftruncate(self._descriptor, start)
                return
            seq = seq_of(line)
            if seq is None:
                logger.error("spool record is damaged", extra={"file": self.path.name, "at": start})
            else:
                self._remember(seq, start, len(line))
            start += len(line)
            self.size_bytes = start

    def _remember(self, seq: int, start: int, length: int) -> None:
        former = self._places.pop(seq, None)
        self.depth_bytes += length - (former[1] if former else 0)
        self._places[seq] = start, length
        self.size_bytes = start + length


def _lines(descriptor: int) -> Iterator[bytes]:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        yield from file


def seq_of(line: bytes) -> int | None:
    """Return which record a line of a file is; None when it is damaged."""
    checksum, _, body = line[:-1].partition(b" ")
    if checksum != b"%08x" % zlib.crc32(body):
        return None
    return int(body[:20])


def _write_all(descriptor: int, line: bytes, start: int) -> None:
    written = 0
    while written < len(line):
        written += os.pwrite(descriptor, line[written:], start + written)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
