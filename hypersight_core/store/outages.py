"""Outages of cameras, and what is told of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from hypersight_core.domain.outages import Condition, Ending, Outage
from hypersight_core.store.tables import camera_outage, notification

COLUMNS = tuple(camera_outage.c[field.name] for field in fields(Outage))
ROUND_LOCK = 7002
"""Advisory lock of whoever compares cameras with outages: two daemons would tell everything twice."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message on its way to one address."""

    notification_id: int
    target: str
    body: Mapping[str, Any]
    created_at: datetime
    attempts: int


def only_one(tx: Connection) -> bool:
    """Take the right to change outages until the transaction ends; False while somebody else has it."""
    return bool(tx.scalar(sa.text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": ROUND_LOCK}))


def open_outages(tx: Connection) -> list[Outage]:
    """Return the outages that last, each of another camera."""
    query = sa.select(*COLUMNS).where(camera_outage.c.ended_at.is_(None))
    return [_outage(row) for row in tx.execute(query.order_by(camera_outage.c.camera_id)).mappings()]


def newest_outages(tx: Connection, camera_id: int | None = None, limit: int = 100) -> list[Outage]:
    """Return the outages that people were told of, the newest first."""
    query = sa.select(*COLUMNS).where(camera_outage.c.told_at.is_not(None))
    if camera_id is not None:
        query = query.where(camera_outage.c.camera_id == camera_id)
    query = query.order_by(camera_outage.c.began_at.desc(), camera_outage.c.outage_id.desc()).limit(limit)
    return [_outage(row) for row in tx.execute(query).mappings()]


def begin_outages(tx: Connection, begun: Sequence[Outage]) -> None:
    """Store outages that have begun."""
    if begun:
        tx.execute(sa.insert(camera_outage), [_values(one) for one in begun])


def change_outage(tx: Connection, outage: Outage) -> None:
    """Store what has become of an outage."""
    change = sa.update(camera_outage).where(camera_outage.c.outage_id == outage.outage_id)
    tx.execute(change.values(**_values(outage)))


def forget_outages(tx: Connection, forgotten: Iterable[Outage]) -> None:
    """Remove outages that were told to nobody."""
    ids = [one.outage_id for one in forgotten]
    if ids:
        tx.execute(sa.delete(camera_outage).where(camera_outage.c.outage_id.in_(ids)))


def forget_before(tx: Connection, before: datetime) -> int:
    """Remove outages that ended before an instant, and what was told of them; return how many."""
    return tx.execute(sa.delete(camera_outage).where(camera_outage.c.ended_at < before)).rowcount


def add_notifications(
    tx: Connection, outage_id: int, targets: Iterable[str], body: Mapping[str, Any]
) -> None:
    """Have a message sent to each address, by its fingerprint."""
    rows = [{"outage_id": outage_id, "target": target, "body": dict(body)} for target in targets]
    if rows:
        tx.execute(sa.insert(notification), rows)


def due_notifications(tx: Connection, pause: timedelta, limit: int) -> list[Waiting]:
    """Take the messages that are to be sent now, the oldest of each address, in their order.

    Args:
        pause: how long nobody else takes them.
    """
    asked = {"pause": pause, "limit": limit}
    taken = [Waiting(*row) for row in tx.execute(_TAKE, asked)]
    return sorted(taken, key=lambda one: one.notification_id)


def settle_notification(
    tx: Connection, notification_id: int, *, problem: str = "", again_in: timedelta | None = None
) -> None:
    """Say what became of an attempt.

    Args:
        again_in: when it is tried again; None: it arrived, or is given up.
    """
    asked = {"notification_id": notification_id, "problem": problem, "again_in": again_in}
    tx.execute(_SETTLE, asked)


def _values(outage: Outage) -> dict[str, Any]:
    values = asdict(outage)
    values.pop("outage_id")
    return values


def _outage(row: RowMapping) -> Outage:
    ended_by = Ending(row["ended_by"]) if row["ended_by"] else None
    return Outage(**{**row, "condition": Condition(row["condition"]), "ended_by": ended_by})


# A recovery waits for the failure it ends, and for all before: one message of an address and camera at a
# time, so that what a broker retains is the newest.
_TAKE = sa.text("""
UPDATE notification AS due
SET attempts = attempts + 1, next_try_at = clock_timestamp() + CAST(:pause AS interval)
WHERE notification_id IN (
  SELECT notification_id FROM notification AS waiting JOIN camera_outage AS about USING (outage_id)
  WHERE done_at IS NULL AND next_try_at <= clock_timestamp()
    AND NOT EXISTS (SELECT FROM notification AS earlier JOIN camera_outage AS before USING (outage_id)
                    WHERE earlier.target = waiting.target AND before.camera_id = about.camera_id
                      AND earlier.done_at IS NULL AND earlier.notification_id < waiting.notification_id)
  ORDER BY notification_id LIMIT :limit FOR UPDATE OF waiting SKIP LOCKED
)
RETURNING notification_id, target, body, created_at, attempts
""")

_SETTLE = sa.text("""
UPDATE notification
SET problem = :problem,
    next_try_at = coalesce(clock_timestamp() + CAST(:again_in AS interval), next_try_at),
    done_at = CASE WHEN CAST(:again_in AS interval) IS NULL THEN clock_timestamp() END
WHERE notification_id = :notification_id
""")
