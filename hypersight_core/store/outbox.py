"""Events that others are still to be told of; filled in the transaction that writes the events.

One row an event and address: no reader can pass over rows of a transaction that commits late, as a cursor
over numbers could.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.domain.event_messages import EventMessage
from hypersight_core.domain.events import Event, EventKind

KEPT_FOR = timedelta(hours=24)
"""Events wait so long for an address, and for somebody who asks for them on its behalf."""
TAKEN_FOR = timedelta(minutes=2)
"""A batch is sent again when nobody has said by then what became of it: its process was killed."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The events an address gets next, in order."""

    target: str
    outbox_ids: Sequence[int]
    events: Sequence[EventMessage]
    skipped: int
    """Events before these that waited too long and are never told."""
    failures: int
    """Attempts before this one that failed, in a row."""


def subscribe(tx: Connection, targets: Sequence[str]) -> None:
    """Have these addresses, by their fingerprints, told of all events from now on, and no others."""
    wanted = {"targets": list(targets)}
    tx.execute(_FORGET_OTHERS, wanted)
    tx.execute(_UNSUBSCRIBE_OTHERS, wanted)
    tx.execute(_SUBSCRIBE, wanted)


def take(tx: Connection, target: str, limit: int) -> Batch | None:
    """Take what an address gets next, for a while; None: nothing, somebody has it, or it is left alone."""
    if not tx.scalar(_IS_WAITING, {"target": target}):
        return None
    taken = tx.execute(_TAKE, {"target": target, "pause": TAKEN_FOR}).first()
    if taken is None:
        return None
    gone = tx.execute(_FORGET_OLD, {"target": target, "kept": KEPT_FOR}).rowcount
    rows = tx.execute(_OLDEST, {"target": target, "limit": limit}).all()
    if gone:
        tx.execute(_SKIP, {"target": target, "count": gone})
    if not rows:
        _leave(tx, target, timedelta())
        return None
    return Batch(
        target=target,
        outbox_ids=[row.outbox_id for row in rows],
        events=[EventMessage(row.camera_id, _event(row)) for row in rows],
        skipped=taken.skipped + gone,
        failures=taken.failures,
    )


def told(tx: Connection, batch: Batch) -> None:
    """Note that a batch arrived."""
    tx.execute(_FORGET, {"ids": list(batch.outbox_ids)})
    tx.execute(_WELL, {"target": batch.target, "skipped": batch.skipped})


def failed(tx: Connection, batch: Batch, problem: str, again_in: timedelta) -> None:
    """Note that a batch did not arrive: it stays, and is taken again after a pause."""
    tx.execute(_FAILED, {"target": batch.target, "problem": problem})
    _leave(tx, batch.target, again_in)


def forget_lapsed(tx: Connection) -> int:
    """Forget the addresses that nobody asked on behalf of for long; return how many."""
    tx.execute(_FORGET_LAPSED, {"kept": KEPT_FOR})
    return tx.execute(_UNSUBSCRIBE_LAPSED, {"kept": KEPT_FOR}).rowcount


def _leave(tx: Connection, target: str, pause: timedelta) -> None:
    tx.execute(_LEAVE, {"target": target, "pause": pause})


def _event(row: sa.Row[tuple[object, ...]]) -> Event:
    return Event(
        processor_id=row.processor_id,
        ts=row.ts,
        kind=EventKind(row.kind),
        value=row.value,
        zone=row.zone,
        track_id=row.track_id,
        dwell_s=row.dwell_s,
        processor_version=row.processor_version,
    )


_FORGET_OTHERS = sa.text("DELETE FROM event_outbox WHERE target <> ALL (CAST(:targets AS text[]))")
_UNSUBSCRIBE_OTHERS = sa.text("DELETE FROM event_subscriber WHERE target <> ALL (CAST(:targets AS text[]))")
_SUBSCRIBE = sa.text("""
INSERT INTO event_subscriber (target) SELECT unnest(CAST(:targets AS text[]))
ON CONFLICT (target) DO UPDATE SET renewed_at = clock_timestamp()
""")
_IS_WAITING = sa.text("SELECT EXISTS (SELECT FROM event_outbox WHERE target = :target)")
_TAKE = sa.text("""
UPDATE event_subscriber SET next_try_at = clock_timestamp() + CAST(:pause AS interval)
WHERE target = :target AND next_try_at <= clock_timestamp()
RETURNING failures, skipped
""")
_FORGET_OLD = sa.text("""
DELETE FROM event_outbox WHERE target = :target AND written_at < clock_timestamp() - CAST(:kept AS interval)
""")
_OLDEST = sa.text("SELECT * FROM event_outbox WHERE target = :target ORDER BY outbox_id LIMIT :limit")
_SKIP = sa.text("UPDATE event_subscriber SET skipped = skipped + :count WHERE target = :target")
_FORGET = sa.text("DELETE FROM event_outbox WHERE outbox_id = ANY (CAST(:ids AS bigint[]))")
_WELL = sa.text("""
UPDATE event_subscriber
SET failures = 0, problem = '', skipped = skipped - :skipped, next_try_at = clock_timestamp()
WHERE target = :target
""")
_FAILED = sa.text("""
UPDATE event_subscriber SET failures = failures + 1, problem = :problem WHERE target = :target
""")
_LEAVE = sa.text("""
UPDATE event_subscriber SET next_try_at = clock_timestamp() + CAST(:pause AS interval) WHERE target = :target
""")
_FORGET_LAPSED = sa.text("""
DELETE FROM event_outbox USING event_subscriber AS lapsed
WHERE event_outbox.target = lapsed.target
  AND lapsed.renewed_at < clock_timestamp() - CAST(:kept AS interval)
""")
_UNSUBSCRIBE_LAPSED = sa.text("""
DELETE FROM event_subscriber WHERE renewed_at < clock_timestamp() - CAST(:kept AS interval)
""")
