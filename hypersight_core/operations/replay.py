"""Writing what watchers left on disk when they died, without waiting for their successors."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

from hypersight_core.errors import Conflict
from hypersight_core.settings import Settings
from hypersight_core.store import watching
from hypersight_core.store.cameras import camera_names
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import REPLAYING, STATEMENT_TIMEOUT_S, Lease, WatcherState
from hypersight_core.store.spool import Spool, forget_spool, spooled_cameras

logger = logging.getLogger(__name__)

RECORDS_A_BEAT = 50
"""Records between two heartbeats, so that a long replay never looks like a dead watcher."""
TURN_S, PAUSE_S = 8.0, 0.5
"""A watcher that starts meanwhile waits for 15 s: it gets its turn in between, and goes on by itself."""
REPLAYED = "replayed"
"""Release reason of the lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What became of one camera's records on disk."""

    written: int = 0
    known: int = 0
    """Left out: the database has them, or a successor has counted that time."""
    is_watched: bool = False
    """A live watcher has them in hand and writes them itself."""
    is_unreadable: bool = False
    """Some are left that nobody understands: damaged, or of another release."""
    is_purged: bool = False
    """The camera was purged: its files were removed."""


def replay_spool(settings: Settings, who: str) -> Mapping[int, Replayed]:
    """Write the records that wait in the spools of cameras nobody watches; doing it again changes nothing.

    Args:
        who: recorded in the leases that are held meanwhile; no id of a run.

    Returns:
        What became of them, by camera that has files.

    Raises:
        DatabaseUnavailable: the database does not answer; what is not written stays on disk.
    """
    store = Store(
        settings.database_url, application_name="hypersight replay", pool_size=1,
        statement_timeout_s=STATEMENT_TIMEOUT_S,
    )  # fmt: skip
    folder = settings.var_dir / "spool"
    try:
        with store.transaction() as tx:
            known = camera_names(tx)
        found = {}
        for camera_id in spooled_cameras(folder):
            if camera_id in known:
                spool = Spool(folder, camera_id, max_bytes=settings.spool_max_mb * 1024**2)
                found[camera_id] = _replay(store, spool, camera_id, who)
            else:
                forget_spool(folder, camera_id)
                found[camera_id] = Replayed(is_purged=True)
        return found
    finally:
        store.close()


def _replay(store: Store, spool: Spool, camera_id: int, who: str) -> Replayed:
    """Write one camera's records as its watcher would: in order, each once, under the lease."""
    written = known = 0
    while True:
        lease = Lease(store, camera_id, who)
        try:
            token = lease.acquire()
        except Conflict:
            return Replayed(written=written, known=known, is_watched=True)
        new, old = _turn(lease, token, spool)
        written, known = written + new, known + old
        has_more = _has_more(spool)
        if not has_more or not (new or old):
            logger.info("spool replayed", extra={"camera_id": camera_id, "written": written, "known": known})
            return Replayed(written=written, known=known, is_unreadable=has_more)
        time.sleep(PAUSE_S)


def _turn(lease: Lease, token: int, spool: Spool) -> tuple[int, int]:
    """Write for a while; return how many records were new, and how many known."""
    written = known = 0
    ends_s = time.monotonic() + TURN_S
    try:
        for number, record in enumerate(spool.pending()):
            if number % RECORDS_A_BEAT == 0:
                lease.beat(WatcherState(phase=REPLAYING, position_at=None, lag_s=None))
            with lease.transaction() as tx:
                is_new = watching.record_segment(tx, record, token=token)
            spool.acknowledge(record.seq)
            written, known = written + is_new, known + (not is_new)
            if time.monotonic() > ends_s:
                break
    finally:
        spool.close()
        lease.release(REPLAYED)
    return written, known


def _has_more(spool: Spool) -> bool:
    """Whether something still waits; the files are given up again."""
    try:
        return spool.depth_bytes > 0
    finally:
        spool.close()
