"""What waits in all cameras' spools, seen from outside: no lock is taken, and no database is needed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from hypersight_core.store.spool import spooled_cameras
from hypersight_core.store.spool_file import HEAD_BYTES, seq_of


@dataclass(frozen=True, slots=True)
class SpoolDepth:
    """The records of one camera that wait for the database."""

    record_count: int = 0
    size_bytes: int = 0
    oldest_at: datetime | None = None
    """Stream time of the oldest; None when none waits."""


class _Position(msgspec.Struct):
    position_at: datetime


@dataclass(frozen=True, slots=True)
class _Line:
    seq: int
    length: int
    start: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as it was when its size and time were these."""

    stamp: tuple[int, int]
    lines: tuple[_Line, ...]


class SpoolDepths:
    """Looks into a folder of spools; a file that has not changed is not read again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[Path, _Seen] = {}

    def read(self, written: Mapping[int, int]) -> dict[int, SpoolDepth]:
        """Return what waits for each camera that has files; cameras whose files cannot be read are left out.

        Args:
            written: `seq` of the newest record in the database, by camera; empty while it does not answer.
                Then records that were written just before count too, a file (1 MiB) of them at most.
        """
        self._seen = {path: seen for path, seen in self._seen.items() if path.exists()}
        depths = {}
        for camera_id in spooled_cameras(self._folder):
            paths = sorted(self._folder.glob(f"camera-{camera_id}-*.spool"))
            try:
                depths[camera_id] = self._depth(paths, written.get(camera_id, 0))
            except OSError:  # of another account: better unknown than nothing
                continue
        return depths

    def _depth(self, paths: list[Path], written_seq: int) -> SpoolDepth:
        waiting = {
            line.seq: (path, line) for path in paths for line in self._lines(path) if line.seq > written_seq
        }
        if not waiting:
            return SpoolDepth()
        oldest_at = _position_at(*waiting[min(waiting)])
        return SpoolDepth(len(waiting), sum(line.length for _, line in waiting.values()), oldest_at)

    def _lines(self, path: Path) -> tuple[_Line, ...]:
        try:
            found = path.stat()
            stamp = (found.st_size, found.st_mtime_ns)
            if path not in self._seen or self._seen[path].stamp != stamp:
                self._seen[path] = _Seen(stamp, tuple(_whole_lines(path)))
        except FileNotFoundError:  # its watcher has just written the last of it
            return ()
        return self._seen[path].lines


def _whole_lines(path: Path) -> Iterator[_Line]:
    start = 0
    with path.open("rb") as file:
        for line in file:
            seq = seq_of(line) if line.endswith(b"\n") else None
            if seq is not None:
                yield _Line(seq, len(line), start)
            start += len(line)


def _position_at(path: Path, line: _Line) -> datetime | None:
    try:
        with path.open("rb") as file:
            file.seek(line.start)
            payload = file.read(line.length)[HEAD_BYTES:-1]
        return msgspec.json.decode(payload, type=_Position).position_at
    except (FileNotFoundError, msgspec.DecodeError):
        return None
