"""Who may watch a camera: a lock that dies with its connection, and a token that fences latecomers.

The lock is a session advisory lock on the watcher's only connection (so the database must be reached
directly, not through a pooler that shares connections); the row beside it says who holds it, for how long
and how it fares. Whoever writes for a camera does so on that connection, and proves to have the newest token.
"""

import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.domain.cameras import ConfigVersion
from hypersight_core.domain.figures import WatcherFigures
from hypersight_core.errors import Conflict, DatabaseUnavailable, LeaseLost
from hypersight_core.store import lease_sql
from hypersight_core.store.engine import HeldConnection, Store
from hypersight_core.store.process_identity import ProcessName

logger = logging.getLogger(__name__)

Said = TypeVar("Said", WatcherFigures, ConfigVersion)
REPLAYING = "replaying"
"""Nobody watches: what was left on disk is written."""
PHASES = ("starting", "watching", "reconnecting", "detector_away", "database_away", "stopping", REPLAYING)
FRESH_S = 8.0
"""A heartbeat older than this is a watcher that is stuck or gone."""
RETRY_S = 0.2
STATEMENT_TIMEOUT_S = 5
"""What takes longer is tried again, after a heartbeat that says that the watcher lives."""


@dataclass(frozen=True, slots=True)
class WatcherState:
    """What a watcher says about itself with each heartbeat."""

    phase: str
    """One of `PHASES`."""
    position_at: datetime | None
    lag_s: float | None
    detail: str = ""
    figures: WatcherFigures | None = None
    config: ConfigVersion | None = None
    """What it works by."""


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
    state_since: datetime | None = None
    """When it began to do so; None: a watcher of an earlier release said it."""
    position_at: datetime | None
    lag_s: float | None
    detail: str
    released_at: datetime | None
    release_reason: str | None
    stop_run_id: str | None
    figures: WatcherFigures | None = None
    """What it counted since it took the camera; None before it said so."""
    config: ConfigVersion | None = None
    """What it works by; an edit shows here once it took effect. None before its first segment."""
    is_locked: bool
    """Whether somebody's connection holds the camera's lock now."""
    heartbeat_age_s: float

    @property
    def is_live(self) -> bool:
        """Whether a process really watches: locked, not given back, heard of just now."""
        is_held = self.is_locked and self.released_at is None and self.state != REPLAYING
        return is_held and self.heartbeat_age_s < FRESH_S


class Lease:
    """One run's right to watch one camera; for one thread at a time."""

    def __init__(self, store: Store, camera_id: int, run_id: str) -> None:
        self._store = store
        self._camera_id = camera_id
        self._run_id = run_id
        self._token = 0
        self._connection: HeldConnection | None = None

    def acquire(self, wait_s: float = 0.0) -> int:
        """Take the camera, waiting `wait_s` at most for whoever has it.

        Returns:
            The fencing token: greater than all before it for this camera.

        Raises:
            Conflict: somebody else keeps it.
            DatabaseUnavailable: the database does not answer.
        """
        try:
            self._connect()
            self._await_lock(wait_s)
            facts = asdict(ProcessName.of(os.getpid())) | {
                "camera_id": self._camera_id, "run_id": self._run_id,
            }  # fmt: skip
            self._token = self._one(lease_sql.ACQUIRE, facts)[0]
        except (DatabaseUnavailable, Conflict):
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
            if self._connection is None or self._connection.is_broken:
                self._reacquire()
            return self._beat(state)
        except (DatabaseUnavailable, LeaseLost):
            self._disconnect()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Begin a transaction on the connection that holds the lock; the next beat mends a broken one.

        Raises:
            DatabaseUnavailable: the database does not answer; as `Store.transaction` otherwise.
        """
        if self._connection is None:
            raise DatabaseUnavailable(f"the lease of camera {self._camera_id} has no connection now")
        with self._connection.transaction() as tx:
            yield tx

    def release(self, reason: str) -> None:
        """Give the camera back and say why; never fails, since the lock dies with the connection anyway."""
        try:
            if self._connection is not None and not self._connection.is_broken:
                self._run(lease_sql.RELEASE, self._key() | {"reason": reason})
                self._run(lease_sql.UNLOCK, self._key())  # a closed session keeps it for a moment
        except DatabaseUnavailable as error:
            logger.warning("lease not given back properly", extra={"reason": str(error)})
        finally:
            self._disconnect()

    def _beat(self, state: WatcherState) -> LeaseOrder:
        if state.phase not in PHASES:
            raise ValueError(f"no such phase: {state.phase}")
        said = {
            "state": state.phase, "position_at": state.position_at, "lag_s": state.lag_s,
            "detail": state.detail[:500],
            "figures": _json(state.figures), "config": _json(state.config),
        }  # fmt: skip
        rows = self._run(lease_sql.BEAT, self._key() | said)
        if not rows:
            raise LeaseLost(f"camera {self._camera_id}: token {self._token} is no longer the newest")
        return LeaseOrder(is_wanted=rows[0][0], is_stop_requested=rows[0][1])

    def _reacquire(self) -> None:
        """Take the lock back on a new connection, if the token is still the newest."""
        self._connect()
        if not self._run(lease_sql.IS_OURS, self._key()):
            raise LeaseLost(f"camera {self._camera_id}: token {self._token} is no longer the newest")
        if not self._is_locked():
            # Our own former connection may linger on the server's side: end it, the next beat gets the lock.
            self._run(lease_sql.END_FORMER, self._key())
            raise DatabaseUnavailable(f"the lock of camera {self._camera_id} is not free again yet")
        self._run(lease_sql.MOVE, self._key())
        logger.info("lease kept on a new connection", extra={"camera_id": self._camera_id})

    def _connect(self) -> None:
        self._disconnect()
        self._connection = self._store.hold()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _await_lock(self, wait_s: float) -> None:
        deadline_s = time.monotonic() + wait_s
        while not self._is_locked():
            if time.monotonic() >= deadline_s:
                raise Conflict(f"camera {self._camera_id} is watched already{self._holder()}")
            time.sleep(RETRY_S)

    def _is_locked(self) -> bool:
        """Take the lock if it is free."""
        return bool(self._one(lease_sql.LOCK, self._key())[0])

    def _holder(self) -> str:
        rows = self._run(lease_sql.HOLDER, self._key())
        return f" by run {rows[0][0]} (process {rows[0][1]} on {rows[0][2]})" if rows else ""

    def _one(self, statement: str, values: Mapping[str, object]) -> tuple[Any, ...]:
        rows = self._run(statement, values)
        if not rows:
            raise DatabaseUnavailable("the server answered no row")
        return rows[0]

    def _run(self, statement: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        with self.transaction() as tx:
            result = tx.exec_driver_sql(statement, dict(values))
            return [tuple(row) for row in result] if result.returns_rows else []

    def _key(self) -> dict[str, object]:
        return {"camera_id": self._camera_id, "token": self._token, "run_id": self._run_id}


def read_leases(tx: Connection) -> list[LeaseView]:
    """Return the leases of all cameras that were ever watched."""
    rows = tx.execute(sa.text(lease_sql.READ), {"lock_class": lease_sql.LOCK_CLASS}).mappings()
    return [
        LeaseView(
            **{
                **row,
                "figures": _said(row["figures"], WatcherFigures),
                "config": _said(row["config"], ConfigVersion),
            }
        )
        for row in rows
    ]


def is_seeing(tx: Connection, camera_id: int) -> bool:
    """Whether a live process watches a camera and gets its pictures analysed."""
    return any(
        lease.camera_id == camera_id and lease.is_live and lease.state == "watching"
        for lease in read_leases(tx)
    )


def request_stop(tx: Connection, camera_id: int, run_id: str) -> None:
    """Ask a run to stop watching; it hears so with its next heartbeat. Fine if it has ended."""
    tx.execute(sa.text(lease_sql.REQUEST_STOP), {"camera_id": camera_id, "run_id": run_id})


def fence(tx: Connection, lease: LeaseView) -> None:
    """Shut a stuck watcher out: its token is outdated and its connection ended, so that another may start."""
    camera = {"camera_id": lease.camera_id}
    if tx.execute(sa.text(lease_sql.OUTDATE), camera | {"token": lease.token}).rowcount:
        tx.execute(sa.text(lease_sql.END_HOLDER), camera | {"lock_class": lease_sql.LOCK_CLASS})


def _json(said: WatcherFigures | ConfigVersion | None) -> str | None:
    return None if said is None else msgspec.json.encode(said).decode()


def _said(stored: object, kind: type[Said]) -> Said | None:
    try:
        return msgspec.convert(stored, kind) if stored is not None else None
    except msgspec.ValidationError:  # said by a watcher of another version, which is being replaced
        return None
