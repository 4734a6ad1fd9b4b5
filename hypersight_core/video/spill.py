"""Bytes of segments: in memory while they are few, else in files that nothing has to remove.

The files have no name: the system takes them away with their last user, after `kill -9`, too.
"""

import tempfile
import weakref
from io import BytesIO, FileIO
from pathlib import Path

from hypersight_core.errors import SourceUnavailable

SMALL_BYTES = 2 << 20
"""Some seconds of a usual camera. Files that are gone within seconds mostly stay in the system's cache,
which gives them up when memory is short: many watchers share one machine."""
MODEST_BYTES = 8 << 20
"""More than 10 seconds of any usual camera: for so little a full disk does not stop counting."""
USUAL_MOST_BYTES = 512 << 20


class SegmentFolder:
    """Where large segments are kept until they are analysed, within a limit.

    Args:
        path: made when first needed; None: the system's folder for temporary files.
        most_bytes: all large segments of this process together.
        small_bytes: what a segment may have in memory.
        modest_bytes: what it may have there when the disk does not take it.
    """

    def __init__(
        self,
        path: Path | None = None,
        most_bytes: int = USUAL_MOST_BYTES,
        small_bytes: int = SMALL_BYTES,
        modest_bytes: int = MODEST_BYTES,
    ) -> None:
        self.path, self.most_bytes = path, most_bytes
        self.small_bytes, self.modest_bytes = small_bytes, modest_bytes
        self._kept: weakref.WeakSet[SegmentBytes] = weakref.WeakSet()

    @property
    def used_bytes(self) -> int:
        """What is on disk now."""
        return sum(one.size for one in self._kept if one.is_large and not one.file.closed)

    def new(self) -> "SegmentBytes":
        """Return an empty place for the bytes of one segment."""
        made = SegmentBytes(self)
        self._kept.add(made)
        return made

    def new_file(self) -> FileIO:
        """Return an empty file without a name, and without a buffer: no error waits for a later read.

        Raises:
            OSError: the disk does not take it.
        """
        if self.path is not None:
            self.path.mkdir(parents=True, exist_ok=True)
        file = tempfile.TemporaryFile(dir=self.path, buffering=0)  # noqa: SIM115 - closed with its last user
        assert isinstance(file, FileIO)  # noqa: S101 - what the system gives unbuffered
        return file


class SegmentBytes:
    """Bytes of one segment, written once; gone with the object, or when `file` is closed."""

    def __init__(self, folder: SegmentFolder) -> None:
        self._folder = folder
        self._refusal: OSError | None = None
        self.file: BytesIO | FileIO = BytesIO()
        self.size = 0

    @property
    def is_large(self) -> bool:
        """Whether the bytes are on disk."""
        return isinstance(self.file, FileIO)

    def add(self, data: bytes) -> int:
        """Write at the end; return where `data` begins.

        Raises:
            SourceUnavailable: the limit is reached, or the disk is full and there is too much for memory.
        """
        at = self.size
        self.size += len(data)
        if self._refusal is None:
            try:
                self._write(at, data)
            except OSError as error:
                self._refusal = error
            else:
                return at
        if self.size > self._folder.modest_bytes:
            why = self._refusal.strerror
            raise SourceUnavailable(f"a large segment can't be kept on disk: {why}") from self._refusal
        if self.is_large:
            self._move_to(BytesIO(), at)
        _put(self.file, at, data)
        return at

    def beside(self) -> "SegmentBytes":
        """Return an empty place in the same folder."""
        return self._folder.new()

    def read(self, at: int, size: int) -> bytes:
        """Return `size` bytes from `at` on."""
        self.file.seek(at)
        return self.file.read(size)

    def _write(self, at: int, data: bytes) -> None:
        if self.size > self._folder.small_bytes and not self.is_large:
            self._move_to(self._folder.new_file(), at)
        if self.is_large and self._folder.used_bytes > self._folder.most_bytes:
            raise SourceUnavailable(
                f"large segments need more than {self._folder.most_bytes >> 20} MB of disk: "
                "give HYPERSIGHT_SEGMENTS_MAX_MB more, or the camera shorter segments"
            )
        _put(self.file, at, data)

    def _move_to(self, file: BytesIO | FileIO, size: int) -> None:
        _put(file, 0, self.read(0, size))
        self.file.close()
        self.file = file
        weakref.finalize(self, file.close)


def _put(file: BytesIO | FileIO, at: int, data: bytes) -> None:
    file.seek(at)
    rest = memoryview(data)
    while rest:  # a disk that fills up takes the beginning
        rest = rest[file.write(rest) :]
