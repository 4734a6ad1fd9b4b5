"""Records on disk until the database has them: ordered, checked, bounded, safe from a kill at any moment."""

import logging
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hypersight_core.domain.events import SegmentRecord
from hypersight_core.store.spool_file import SpoolFile

logger = logging.getLogger(__name__)

FILE_BYTES = 1024**2
"""A file beyond this takes no more; it is deleted when all its records are acknowledged."""
PREDECESSOR_WAIT_S = 3.0
"""How long a predecessor that just gave up its lease may still hold its files."""


class Spool:
    """One camera's records that wait for the database; safe to use from two threads.

    Each spool writes files of its own and takes over those of processes that are gone. Which records the
    database has is not kept on disk: after a restart up to `FILE_BYTES` come again, with the `seq` by which
    the database knows them.
    """

    def __init__(self, folder: Path, camera_id: int, *, max_bytes: int) -> None:
        self._folder = folder
        self._camera_id = camera_id
        self._max_bytes = max_bytes
        self._lock = threading.RLock()
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(SegmentRecord)
        self._opened: list[SpoolFile] | None = None
        self._refused_count = 0

    @property
    def depth_bytes(self) -> int:
        """Bytes of records not acknowledged yet."""
        with self._lock:
            return sum(file.depth_bytes for file in self._files())

    @property
    def refused_count(self) -> int:
        """Records refused for lack of room since this spool was opened; each is a gap in coverage."""
        return self._refused_count

    def append(self, record: SegmentRecord) -> bool:
        """Have a record on disk for good when this returns.

        Returns:
            False when there was no room: `max_bytes` are waiting, or the disk is full.
        """
        payload = self._encoder.encode(record)
        with self._lock:
            depth_bytes = self.depth_bytes
            if depth_bytes + len(payload) > self._max_bytes:
                return self._refuse(record, depth_bytes, "limit reached")
            try:
                self._writable().append(record.seq, payload)
            except OSError as error:
                return self._refuse(record, depth_bytes, error.strerror or "write failed")
        return True

    def pending(self) -> Iterator[SegmentRecord]:
        """Yield the records not acknowledged yet, oldest first; acknowledge them while going through."""
        with self._lock:
            files = list(self._files())
        for file in files:
            with self._lock:
                seqs = file.seqs()
            for seq in seqs:
                with self._lock:
                    payload = file.read(seq)
                if payload is not None and (record := self._decoded(seq, payload)) is not None:
                    yield record

    def acknowledge(self, seq: int) -> None:
        """Forget the record with this `seq` and all before it: the database has them."""
        with self._lock:
            files = self._files()
            for file in files:
                file.forget(seq)
            for done in [file for file in files[:-1] if not file.depth_bytes]:
                done.delete()
                files.remove(done)
            if files and not files[-1].depth_bytes:
                files[-1].clear()

    def close(self) -> None:
        """Let a successor take over what is left; do this before giving the lease back."""
        with self._lock:
            for file in self._opened or ():
                if file.depth_bytes:
                    file.close()
                else:
                    file.delete()
            self._opened = None

    def _decoded(self, seq: int, payload: bytes) -> SegmentRecord | None:
        try:
            return self._decoder.decode(payload)
        except msgspec.DecodeError as error:
            # Written by another release: one record less beats a watcher that never starts again.
            facts = {"camera_id": self._camera_id, "seq": seq, "reason": str(error)}
            logger.exception("spool record cannot be understood", extra=facts)
            return None

    def _refuse(self, record: SegmentRecord, depth_bytes: int, reason: str) -> bool:
        self._refused_count += 1
        logger.error(
            "record lost: no room in the spool",
            extra={
                "camera_id": record.camera_id, "seq": record.seq, "events": len(record.events),
                "depth_bytes": depth_bytes, "refused": self._refused_count, "reason": reason,
            },
        )  # fmt: skip
        return False

    def _writable(self) -> SpoolFile:
        files = self._files()
        if not files or files[-1].size_bytes >= FILE_BYTES:
            files.append(SpoolFile.create(self._folder, self._prefix))
        return files[-1]

    def _files(self) -> list[SpoolFile]:
        if self._opened is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._opened = self._taken_over()
        return self._opened

    def _taken_over(self) -> list[SpoolFile]:
        """Open the files other processes left; wait a little for those whose owner is just ending."""
        left, taken = sorted(self._folder.glob(f"{self._prefix}*")), []
        deadline_s = time.monotonic() + PREDECESSOR_WAIT_S
        while left:
            found = {path: SpoolFile.take_over(path) for path in left}
            taken += [file for file in found.values() if file is not None]
            left = [path for path, file in found.items() if file is None and path.exists()]
            if not left or time.monotonic() > deadline_s:
                break
            time.sleep(0.1)
        if left:
            logger.warning("spool files are still in use elsewhere", extra={"files": [p.name for p in left]})
        return sorted(taken, key=lambda file: min(file.seqs(), default=0))

    @property
    def _prefix(self) -> str:
        return f"camera-{self._camera_id}-"


def spooled_cameras(folder: Path) -> list[int]:
    """Return the cameras that have files in a folder of spools, their watchers alive or not."""
    found = (_FILE.fullmatch(path.name) for path in folder.glob("camera-*.spool"))
    return sorted({int(name.group(1)) for name in found if name is not None})


def forget_spool(folder: Path, camera_id: int) -> None:
    """Remove a camera's files: the camera and all that was known of it are gone."""
    for path in folder.glob(f"camera-{camera_id}-*.spool"):
        path.unlink(missing_ok=True)


_FILE = re.compile(r"camera-(\d+)-.*\.spool")
