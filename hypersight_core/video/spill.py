"""Bytes of segments: in memory while they are few, else in files that nothing has to remove.

The files have no name: the system takes them away with their last user, after `kill -9`, too.
"""

import tempfile
import weakref
from pathlib import Path

from hypersight_core.errors import SourceUnavailable

SMALL_BYTES = 8 << 20
"""More than 10 seconds of any usual camera; up to here memory is cheaper."""
USUAL_MOST_BYTES = 512 << 20


class SegmentFolder:
    """Where large segments are kept until they are analysed, within a limit.

    Args:
        path: made when first needed; None: the system's folder for temporary files.
        most_bytes: all large segments of this process together.
    """

    def __init__(
        self, path: Path | None = None, most_bytes: int = USUAL_MOST_BYTES, small_bytes: int = SMALL_BYTES
    ) -> None:
        self.path, self.most_bytes, self.small_bytes = path, most_bytes, small_bytes
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


class SegmentBytes:
    """Bytes of one segment, written once; gone with the object, or when `file` is closed."""

    def __init__(self, folder: SegmentFolder) -> None:
        self._folder = folder
        place = None if folder.path is None else str(folder.path)
        self.file = tempfile.SpooledTemporaryFile(folder.small_bytes, dir=place)  # noqa: SIM115 - see above
        weakref.finalize(self, self.file.close)
        self.size = 0

    @property
    def is_large(self) -> bool:
        """Whether the bytes are on disk."""
        return self.size > self._folder.small_bytes

    def add(self, data: bytes) -> int:
        """Write at the end; return where `data` begins.

        Raises:
            SourceUnavailable: the limit is reached, or the disk is full.
        """
        at = self.size
        self.size += len(data)
        if self.is_large and self._folder.used_bytes > self._folder.most_bytes:
            raise SourceUnavailable(
                f"large segments need more than {self._folder.most_bytes >> 20} MB of disk: "
                "give HYPERSIGHT_SEGMENTS_MAX_MB more, or the camera shorter segments"
            )
        try:
            if self.is_large and self._folder.path is not None:
                self._folder.path.mkdir(parents=True, exist_ok=True)
            self.file.seek(at)
            self.file.write(data)
        except OSError as error:
            raise SourceUnavailable(f"a large segment can't be kept on disk: {error.strerror}") from error
        return at

    def beside(self) -> "SegmentBytes":
        """Return an empty place in the same folder."""
        return self._folder.new()

    def read(self, at: int, size: int) -> bytes:
        """Return `size` bytes from `at` on."""
        self.file.seek(at)
        return self.file.read(size)
