"""Cameras whose watchers end badly again and again, with the reason, for people to see."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from hypersight_core.store.tables import watcher_failure


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherFailure:
    """Why a camera is not watched although it should be."""

    camera_id: int
    run_id: str
    """The newest run that failed."""
    failed_at: datetime
    bad_ends: int
    """How many runs in a row ended badly."""
    reason: str
    next_try_at: datetime


COLUMNS = tuple(watcher_failure.c[field.name] for field in fields(WatcherFailure))


def read_failures(tx: Connection) -> dict[int, WatcherFailure]:
    """Return the cameras that count as failed, by id."""
    return {row["camera_id"]: WatcherFailure(**row) for row in tx.execute(sa.select(*COLUMNS)).mappings()}


def write_failure(tx: Connection, failure: WatcherFailure) -> None:
    """Say that a camera failed, in the place of what was said before."""
    values = asdict(failure)
    add = insert(watcher_failure).values(**values)
    tx.execute(add.on_conflict_do_update(index_elements=["camera_id"], set_=values))


def forget_failure(tx: Connection, camera_id: int) -> None:
    """Say that a camera works again, or is to be tried afresh."""
    tx.execute(sa.delete(watcher_failure).where(watcher_failure.c.camera_id == camera_id))
