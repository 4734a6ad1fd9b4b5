"""Files with what was detected in the last ten minutes, one a minute: bounded, and removed as they grow old.

Not in the database and not for long: positions of persons are for trying zones on, not for keeping.
"""

import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from hypersight_core.domain.recent import RecentSegment

logger = logging.getLogger(__name__)

KEPT_MINUTES = 10
MAX_BYTES = 8 << 20
"""Of one camera; beyond it the oldest minutes go first."""
SUFFIX = ".jsonl"

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(RecentSegment)


class RecentDetections:
    """What one watcher leaves for others to try zones on; a disk that fails costs nothing but this."""

    def __init__(self, var_dir: Path, camera_id: int) -> None:
        self._folder = recent_folder(var_dir, camera_id)
        self._sizes: dict[int, int] | None = None
        self._is_failing = False

    def append(self, segment: RecentSegment, now: datetime) -> None:
        """Add a segment, and remove what is older than ten minutes.

        Args:
            now: the wall clock; the stream's own may be another.
        """
        try:
            self._append(_encoder.encode(segment) + b"\n", _minute(now))
            self._is_failing = False
        except OSError as error:
            self._sizes = None
            if not self._is_failing:
                reason = error.strerror or type(error).__name__
                logger.warning("recent detections not kept, counting goes on", extra={"reason": reason})
            self._is_failing = True

    def _append(self, line: bytes, minute: int) -> None:
        if self._sizes is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._sizes = {int(path.stem): path.stat().st_size for path in _files(self._folder)}
        self._remove_outdated(self._sizes, minute, MAX_BYTES - len(line))
        if len(line) > MAX_BYTES:
            return
        with self._path(minute).open("ab") as file:
            file.write(line)
        self._sizes[minute] = self._sizes.get(minute, 0) + len(line)

    def _remove_outdated(self, sizes: dict[int, int], minute: int, room_bytes: int) -> None:
        for known in sorted(sizes):
            is_outdated = not minute - KEPT_MINUTES < known <= minute
            if is_outdated or sum(sizes.values()) > room_bytes:
                self._path(known).unlink(missing_ok=True)
                del sizes[known]

    def _path(self, minute: int) -> Path:
        return self._folder / f"{minute}{SUFFIX}"


def recent_folder(var_dir: Path, camera_id: int) -> Path:
    """Return where a camera's recent detections are."""
    return var_dir / "recent" / str(camera_id)


def recent_segments(var_dir: Path, camera_id: int, scene: str, now: datetime) -> list[RecentSegment]:
    """Return what was detected in the last ten minutes of a stream, in the order it was.

    Args:
        scene: the stream; what another one showed is left out.
    """
    minute = _minute(now)
    paths = [
        path
        for path in _files(recent_folder(var_dir, camera_id))
        if minute - KEPT_MINUTES < int(path.stem) <= minute
    ]
    found = (segment for path in paths for segment in _segments(path))
    return [segment for segment in found if segment.scene == scene]


def _segments(path: Path) -> Iterator[RecentSegment]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError:  # it has just grown too old
        return
    for line in lines:
        try:
            yield _decoder.decode(line)
        except msgspec.DecodeError:  # half written: by a killed watcher, or at this very moment
            continue


def _files(folder: Path) -> list[Path]:
    found = (path for path in folder.glob(f"*{SUFFIX}") if path.stem.isdigit())
    return sorted(found, key=lambda path: int(path.stem))


def _minute(now: datetime) -> int:
    return int(now.timestamp() // 60)
