"""The watcher's only way to the database: lease, plan and records, in one thread of its own."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from hypersight_core.domain.cameras import WatchPlan
from hypersight_core.domain.events import SegmentRecord
from hypersight_core.domain.figures import Passed
from hypersight_core.errors import DatabaseUnavailable, LeaseLost, SecretUnreadable
from hypersight_core.redaction import redacted_text
from hypersight_core.sealing import Keyring
from hypersight_core.store import previews, watching
from hypersight_core.store.leases import Lease, WatcherState
from hypersight_core.store.spool import Spool
from hypersight_core.traces import spans
from hypersight_core.traces.origins import Origins
from hypersight_core.watcher.passages import Passages
from hypersight_core.watcher.watchdog import Watchdog, end_process

logger = logging.getLogger(__name__)

BEAT_S = 2.0
DRAIN_S = 5.0
RECORDS_A_ROUND = 50
"""Records written between two heartbeats, so that a long replay never looks like a dead watcher."""


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where to go on: the newest record, written or still waiting."""

    seq: int
    record: SegmentRecord | None
    seen_until: datetime | None
    """Up to when it is known whether the camera was watched."""


class DatabaseLink:
    """Keeps the lease, reads the plan afresh, and writes what waits in the spool.

    The watching loop only appends to the spool and reads `plan`; it never waits for the database.
    """

    def __init__(self, lease: Lease, token: int, spool: Spool, camera_id: int, keys: Keyring) -> None:
        self._lease, self._token, self._spool = lease, token, spool
        self._camera_id, self._keys = camera_id, keys
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="database", daemon=True)
        self.describe: Callable[[], WatcherState] = _starting
        """Called for each heartbeat to learn what the watcher is doing; the loop replaces it."""
        self.watchdog = Watchdog(BEAT_S)
        """Asked before each heartbeat; the loop tells it what it works on."""
        self.plan: WatchPlan | None = None
        self.plan_problem = ""
        """Why an edit does not take effect; empty when nothing stands in its way."""
        self._previews: frozenset[int] = frozenset()
        self._read_s = 0.0
        self._passages = Passages()
        self._is_untold = False
        self._origins = Origins()
        self.is_database_away = False
        self.is_stop_requested = False
        self.lost: LeaseLost | None = None
        """Set when another watcher took over; nothing more is written."""

    @property
    def must_stop(self) -> bool:
        """Whether the loop has to end: lease lost, stop requested, or camera no longer wanted."""
        return self.lost is not None or self.is_stop_requested or self.plan is None

    @property
    def wanted_previews(self) -> frozenset[int]:
        """Processors whose previews somebody looks at; none when the database has been away for long."""
        return self._previews if time.monotonic() - self._read_s < previews.LASTS_S else frozenset()

    def start(self) -> None:
        """Read the plan once, here and now, then go on in the background.

        Raises:
            DatabaseUnavailable: the database went away since the lease was taken.
            SecretUnreadable: the camera's password is encrypted by a key that is not here.
        """
        self._read_plan()
        self._thread.start()

    @property
    def spool_bytes(self) -> int:
        """Bytes of records on disk that wait for the database."""
        return self._spool.depth_bytes

    @property
    def passed(self) -> tuple[Passed, ...]:
        """Who passed, of the records that this watcher wrote; for `describe`."""
        return self._passages.passed()

    def append(self, record: SegmentRecord) -> bool:
        """Keep a record safe on disk and have it written soon; False when there is no room for it."""
        self._origins.keep(record.seq)
        with spans.span("spool"):
            is_kept = self._spool.append(record)
        self._wake.set()
        return is_kept

    def close(self, reason: str) -> None:
        """Write what still waits, for a few seconds at most, then give the lease back."""
        self._ending.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * DRAIN_S)
        self._spool.close()
        if not self._thread.is_alive():  # else it hangs in the database, and the lock ends with the process
            self._lease.release(reason)

    def _run(self) -> None:
        while not self._ending.is_set() and self.lost is None:
            if self.watchdog.is_stuck():
                end_process()
            self._round()
            self._wake.wait(BEAT_S)
            self._wake.clear()
        deadline_s = time.monotonic() + DRAIN_S
        while self.lost is None and self._has_more() and time.monotonic() < deadline_s:
            self._round()
            if self.is_database_away:
                time.sleep(0.2)

    def _has_more(self) -> bool:
        """Whether records wait, or what was written last is not in the figures yet."""
        return self._is_untold or self._spool.depth_bytes > 0

    def _round(self) -> None:
        try:
            order = self._lease.beat(self.describe())
            self._is_untold = False
            self.is_stop_requested = self.is_stop_requested or order.is_stop_requested
            self._follow_edits()
            self._write_records()
        except LeaseLost as error:
            logger.warning("lease lost", extra={"reason": str(error)})
            self.lost = error
        except DatabaseUnavailable as error:
            if not self.is_database_away:
                logger.warning(
                    "database away, events wait in the spool", extra={"reason": redacted_text(str(error))}
                )
            self.is_database_away = True
        else:
            if self.is_database_away:
                logger.info("database back", extra={"spool_bytes": self._spool.depth_bytes})
            self.is_database_away = False

    def _follow_edits(self) -> None:
        """Read the plan afresh; one that cannot be decrypted leaves the last one in force."""
        try:
            self._read_plan()
            self.plan_problem = ""
        except SecretUnreadable as error:
            if not self.plan_problem:
                logger.warning("an edit takes no effect", extra={"reason": str(error)})
            self.plan_problem = str(error)

    def _read_plan(self) -> None:
        with self._lease.transaction() as tx:
            stored = watching.watch_plan(tx, self._camera_id)
            self._previews = previews.wanted_previews(tx, self._camera_id)
        self._read_s = time.monotonic()
        self.plan = None if stored is None else replace(stored, camera=self._keys.opened(stored.camera))

    def _write_records(self) -> None:
        for written, record in enumerate(self._spool.pending(), start=1):
            with self._origins.back(record.seq), spans.span("write"), self._lease.transaction() as tx:
                is_new = watching.record_segment(tx, record, token=self._token)
            if is_new and record.events:
                self._passages.add(record.events)
                self._is_untold = True
            self._spool.acknowledge(record.seq)
            if written == RECORDS_A_ROUND:
                self._wake.set()
                return


def _starting() -> WatcherState:
    return WatcherState(phase="starting", position_at=None, lag_s=None)


def resumption(lease: Lease, spool: Spool, camera_id: int) -> Resumption:
    """Return the newest record of a camera, in the spool or in the database; before the link starts.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    newest: SegmentRecord | None = None
    for record in spool.pending():
        newest = record
    with lease.transaction() as tx:
        saved = watching.checkpoint(tx, camera_id)
        known = watching.seen_until(tx, camera_id)
    if newest is not None and newest.observations:
        known = newest.observations[-1].to_at
    if saved is not None and (newest is None or saved.seq >= newest.seq):
        newest = SegmentRecord(
            camera_id=camera_id, seq=saved.seq, position_at=saved.position_at, state=saved.state
        )
    return Resumption(newest.seq if newest is not None else 0, newest, known)
