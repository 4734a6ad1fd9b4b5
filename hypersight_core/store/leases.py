"""Who may watch a camera: a lock that dies with its connection, and a token that fences latecomers.

The lock is a session advisory lock on a connection of the lease's own (so the database must be reached
directly, not through a pooler that shares connections); the row beside it says who holds it, for how long
and how it fares. Whoever writes for a camera proves to have the newest token.
"""

import logging
import os
import time
from dataclasses import asdict, dataclass
from datetime import datetime

import msgspec
import psycopg
import sqlalchemy as sa
from psycopg.rows import TupleRow
from sqlalchemy import Connection

from hypersight_core.domain.figures import WatcherFigures
from hypersight_core.errors import Conflict, DatabaseUnavailable, LeaseLost
from hypersight_core.store import lease_sql
from hypersight_core.store.engine import Store
from hypersight_core.store.process_identity import ProcessName

logger = logging.getLogger(__name__)

PHASES = ("starting", "watching", "reconnecting", "detector_away", "database_away", "stopping")
FRESH_S = 8.0
"""A heartbeat older than this is a watcher that is stuck or gone."""
RETRY_S = 0.2
STATEMENT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class WatcherState:
    """What a watcher says about itself with each heartbeat."""

    phase: str
    """One of `PHASES`."""
    position_at: datetime | None
    lag_s: float | None
    detail: str = ""
    figures: WatcherFigures | None = None


@dataclass(frozen=True, slots=True)
class LeaseOrder:
    """What a watcher is told in return."""

    is_wanted: bool
    """Whether the camera should still be watched: enabled, with an enabled processor."""
    is_stop_requested: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseView:
    """A lease as others see it; the columns of `watcher_lease` and three judgements."""

    camera_id: int
    token: int
    run_id: str
    host: str
    boot_id: str
    pid: int
    pid_start: int
    """Clock ticks after boot; with `pid` and `boot_id` it names one process for ever."""
    backend_pid: int
    acquired_at: datetime
    heartbeat_at: datetime
    state: str
    position_at: datetime | None
    lag_s: float | None
    detail: str
    released_at: datetime | None
    release_reason: str | None
    stop_run_id: str | None
    figures: WatcherFigures | None = None
    """What it counted since it took the camera; None before it said so."""
    is_locked: bool
    """Whether somebody's connection holds the camera's lock now."""
    heartbeat_age_s: float

    @property
    def is_live(self) -> bool:
        """Whether a process really watches: locked, not given back, heard of just now."""
        return self.is_locked and self.released_at is None and self.heartbeat_age_s < FRESH_S


class Lease:
    """One run's right to watch one camera."""

    def __init__(self, store: Store, camera_id: int, run_id: str) -> None:
        self._store = store
        self._camera_id = camera_id
        self._run_id = run_id
        self._token = 0
        self._connection: psycopg.Connection[TupleRow] | None = None

    def acquire(self, wait_s: float = 0.0) -> int:
        """Take the camera, waiting `wait_s` at most for whoever has it.

        Returns:
            The fencing token: greater than all before it for this camera.

        Raises:
            Conflict: somebody else keeps it.
            DatabaseUnavailable: the database does not answer.
        """
        try:
            connection = self._connect()
            self._await_lock(connection, wait_s)
            facts = asdict(ProcessName.of(os.getpid())) | {
                "camera_id": self._camera_id, "run_id": self._run_id,
            }  # fmt: skip
            self._token = _one(connection.execute(lease_sql.ACQUIRE, facts))[0]
        except psycopg.Error as error:
            self._disconnect()
            raise self._store.away(error) from error
        except Conflict:
            self._disconnect()
            raise
        logger.info("lease taken", extra={"camera_id": self._camera_id, "token": self._token})
        return self._token

    def beat(self, state: WatcherState) -> LeaseOrder:
        """Say how it goes, and hear what is wanted; after a broken connection, take the lock back first.

        Raises:
            LeaseLost: another run took over, or this one was fenced off.
            DatabaseUnavailable: the database does not answer; try again.
        """
        try:
            if self._connection is None or self._connection.closed:
                self._reacquire()
            return self._beat(state)
        except psycopg.Error as error:
            self._disconnect()
            raise self._store.away(error) from error
        except LeaseLost:
            self._disconnect()
            raise

    def release(self, reason: str) -> None:
        """Give the camera back and say why; never fails, since the lock dies with the connection anyway."""
        try:
            if self._connection is not None and not self._connection.closed:
                self._connection.execute(lease_sql.RELEASE, self._key() | {"reason": reason})
        except psycopg.Error as error:
            logger.warning("lease not given back properly", extra={"reason": str(self._store.away(error))})
        finally:
            self._disconnect()

    def _beat(self, state: WatcherState) -> LeaseOrder:
        if state.phase not in PHASES:
            raise ValueError(f"no such phase: {state.phase}")
        said = {
            "state": state.phase, "position_at": state.position_at, "lag_s": state.lag_s,
            "detail": state.detail[:500],
            "figures": msgspec.json.encode(state.figures).decode() if state.figures else None,
        }  # fmt: skip
        row = _connected(self._connection).execute(lease_sql.BEAT, self._key() | said).fetchone()
        if row is None:
            raise LeaseLost(f"camera {self._camera_id}: token {self._token} is no longer the newest")
        return LeaseOrder(is_wanted=row[0], is_stop_requested=row[1])

    def _reacquire(self) -> None:
        """Take the lock back on a new connection, if the token is still the newest."""
        connection = self._connect()
        if connection.execute(lease_sql.IS_OURS, self._key()).fetchone() is None:
            raise LeaseLost(f"camera {self._camera_id}: token {self._token} is no longer the newest")
        if not self._lock(connection):
            # Our own former connection may linger on the server's side: end it, the next beat gets the lock.
            connection.execute(lease_sql.END_FORMER, self._key())
            self._disconnect()
            raise DatabaseUnavailable(f"the lock of camera {self._camera_id} is not free again yet")
        connection.execute(lease_sql.MOVE, self._key())
        logger.info("lease kept on a new connection", extra={"camera_id": self._camera_id})

    def _connect(self) -> psycopg.Connection[TupleRow]:
        self._disconnect()
        name = f"hypersight lease {self._camera_id}"
        self._connection = self._store.dedicated(name, statement_timeout_s=STATEMENT_TIMEOUT_S)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _await_lock(self, connection: psycopg.Connection[TupleRow], wait_s: float) -> None:
        deadline_s = time.monotonic() + wait_s
        while not self._lock(connection):
            if time.monotonic() >= deadline_s:
                raise Conflict(f"camera {self._camera_id} is watched already{self._holder(connection)}")
            time.sleep(RETRY_S)

    def _lock(self, connection: psycopg.Connection[TupleRow]) -> bool:
        return bool(_one(connection.execute(lease_sql.LOCK, self._key()))[0])

    def _holder(self, connection: psycopg.Connection[TupleRow]) -> str:
        row = connection.execute(lease_sql.HOLDER, self._key()).fetchone()
        return f" by run {row[0]} (process {row[1]} on {row[2]})" if row else ""

    def _key(self) -> dict[str, object]:
        return {"camera_id": self._camera_id, "token": self._token, "run_id": self._run_id}


def read_leases(tx: Connection) -> list[LeaseView]:
    """Return the leases of all cameras that were ever watched."""
    rows = tx.execute(sa.text(lease_sql.READ), {"lock_class": lease_sql.LOCK_CLASS}).mappings()
    return [LeaseView(**{**row, "figures": _figures(row["figures"])}) for row in rows]


def request_stop(tx: Connection, camera_id: int, run_id: str) -> None:
    """Ask a run to stop watching; it hears so with its next heartbeat. Fine if it has ended."""
    tx.execute(sa.text(lease_sql.REQUEST_STOP), {"camera_id": camera_id, "run_id": run_id})


def fence(tx: Connection, lease: LeaseView) -> None:
    """Shut a stuck watcher out: its token is outdated and its connection ended, so that another may start."""
    camera = {"camera_id": lease.camera_id}
    if tx.execute(sa.text(lease_sql.OUTDATE), camera | {"token": lease.token}).rowcount:
        tx.execute(sa.text(lease_sql.END_HOLDER), camera | {"lock_class": lease_sql.LOCK_CLASS})


def _figures(stored: object) -> WatcherFigures | None:
    try:
        return msgspec.convert(stored, WatcherFigures) if stored is not None else None
    except msgspec.ValidationError:  # said by a watcher of another version, which is being replaced
        return None


def _one(cursor: psycopg.Cursor[TupleRow]) -> TupleRow:
    row = cursor.fetchone()
    if row is None:
        raise psycopg.OperationalError("the server answered no row")
    return row


def _connected(connection: psycopg.Connection[TupleRow] | None) -> psycopg.Connection[TupleRow]:
    if connection is None:
        raise psycopg.OperationalError("the lease has no connection")
    return connection
