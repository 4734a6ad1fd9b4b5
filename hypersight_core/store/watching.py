"""What watchers read and write: their plan, how far they are, and what they saw."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.domain.cameras import WatchPlan
from hypersight_core.domain.events import Event, Observation, SegmentRecord
from hypersight_core.errors import InvalidInput, LeaseLost, NotFound
from hypersight_core.store import cameras, heat, outbox, processors
from hypersight_core.store.tables import camera, observation, processor, processor_version, watcher_checkpoint

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a camera is counted, and what its processors remember."""

    seq: int
    position_at: datetime
    state: dict[str, Any]


def watch_plan(tx: Connection, camera_id: int) -> WatchPlan | None:
    """Return what to do for a camera; None: it is gone, disabled, or has no enabled processor."""
    try:
        plan = counting_plan(tx, camera_id)
    except (NotFound, InvalidInput):
        return None
    return plan if plan.camera.enabled else None


def counting_plan(tx: Connection, camera_id: int) -> WatchPlan:
    """Return how the camera's films are counted, whether or not it is switched on.

    Raises:
        NotFound: there is no such camera.
        InvalidInput: it has no enabled processor.
    """
    wanted = cameras.get_camera(tx, camera_id)
    enabled = tuple(found for found in processors.list_processors(tx, camera_id) if found.enabled)
    if not enabled:
        raise InvalidInput(
            f"camera {camera_id} has no enabled processor: hypersight processor add {camera_id} traffic"
        )
    return WatchPlan(camera=wanted, processors=enabled)


def desired_cameras(tx: Connection) -> dict[int, datetime]:
    """Return the ids of cameras that should be watched, each with when its configuration was changed last.

    Those are enabled and have an enabled processor.
    """
    in_use_version = sa.and_(
        processor_version.c.processor_id == processor.c.processor_id,
        processor_version.c.version == processor.c.version,
    )
    newest = sa.func.max(processor_version.c.created_at)
    query = (
        sa.select(camera.c.camera_id, sa.func.greatest(camera.c.changed_at, newest))
        .join(processor, processor.c.camera_id == camera.c.camera_id)
        .join(processor_version, in_use_version)
        .where(processors.IN_USE, camera.c.enabled, processor_version.c.enabled)
        .group_by(camera.c.camera_id)
        .order_by(camera.c.camera_id)
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def checkpoint(tx: Connection, camera_id: int) -> Checkpoint | None:
    """Return how far a camera is counted; None when it was never watched."""
    saved = watcher_checkpoint.c
    query = sa.select(saved.seq, saved.position_at, saved.state).where(saved.camera_id == camera_id)
    row = tx.execute(query).first()
    return None if row is None else Checkpoint(*row)


def written_seqs(tx: Connection) -> dict[int, int]:
    """Return `seq` of the newest record in the database, by camera."""
    saved = watcher_checkpoint.c
    return {row.camera_id: row.seq for row in tx.execute(sa.select(saved.camera_id, saved.seq))}


def seen_until(tx: Connection, camera_id: int) -> datetime | None:
    """Return up to when it is known whether a camera was watched; None when it never was."""
    seen = observation.c
    query = sa.select(seen.to_at).where(seen.camera_id == camera_id).order_by(seen.from_at.desc()).limit(1)
    return tx.scalar(query)


def seen_span(tx: Connection, camera_id: int) -> tuple[datetime, datetime] | None:
    """Return from when up to when it is known whether a camera was watched; None when it never was."""
    seen = observation.c
    query = sa.select(seen.from_at).where(seen.camera_id == camera_id).order_by(seen.from_at).limit(1)
    first_at, last_at = tx.scalar(query), seen_until(tx, camera_id)
    return None if first_at is None or last_at is None else (first_at, last_at)


def record_segment(tx: Connection, record: SegmentRecord, *, token: int) -> bool:
    """Write all of one segment's record, once.

    Events, observations and heat of processors and cameras purged meanwhile are left out.

    Args:
        token: the writer's fencing token.

    Returns:
        False when a record with this `seq`, or a later one, was written before.

    Raises:
        LeaseLost: the token is no longer the newest; nothing was written.
    """
    # The lock keeps a successor from taking over before this transaction ends.
    newest = tx.execute(_TOKEN, {"camera_id": record.camera_id}).scalar()
    if newest != token:
        raise LeaseLost(f"camera {record.camera_id}: token {token} is no longer the newest ({newest})")
    position = {
        "camera_id": record.camera_id, "seq": record.seq, "position_at": record.position_at,
        "state": dict(record.state),
    }  # fmt: skip
    if tx.execute(_ADVANCE, position).first() is None:
        return False
    _add_live_events(tx, record.events)
    add_observations(tx, record.observations)
    heat.add_cells(tx, record.camera_id, record.heat)
    return True


def replace_recording(tx: Connection, plan: WatchPlan, records: Sequence[SegmentRecord]) -> int:
    """Write what a film shows in the place of all that was known about its stretch of time.

    Doing it again, or again with other zones, leaves what the last time found and nothing twice.

    Returns:
        How many events were written.
    """
    seen = [observation for record in records for observation in record.observations]
    if not seen:
        return 0
    span = {
        "camera_id": plan.camera.camera_id, "ids": [one.processor_id for one in plan.processors],
        "from_at": min(one.from_at for one in seen), "to_at": max(one.to_at for one in seen),
    }  # fmt: skip
    tx.execute(_FORGET_EVENTS, span)
    tx.execute(_FORGET_OBSERVATIONS, span)
    add_observations(tx, seen)
    return add_events(tx, (event for record in records for event in record.events))


def add_events(tx: Connection, events: Iterable[Event]) -> int:
    """Write events, except known and too old ones, and those of unknown processors.

    Returns:
        How many were new.
    """
    rows = _event_rows(events)
    return tx.execute(_ADD_EVENTS, _columns(_EVENT_COLUMNS, rows)).rowcount if rows else 0


def _add_live_events(tx: Connection, events: Iterable[Event]) -> None:
    """Write events as `add_events` does, and have the new ones told to whoever wants to hear of them."""
    rows = _event_rows(events)
    if rows:
        tx.execute(_ADD_LIVE_EVENTS, {**_columns(_EVENT_COLUMNS, rows), "kept": outbox.KEPT_FOR})


def _event_rows(events: Iterable[Event]) -> list[tuple[Any, ...]]:
    return [
        (e.processor_id, e.processor_version, e.ts, e.track_id, e.value, e.zone, e.kind.value, e.dwell_s)
        for e in events
    ]


def add_observations(tx: Connection, observations: Iterable[Observation]) -> int:
    """Write observations, except empty, known, too old ones, and those of unknown cameras.

    One that spans full hours makes several rows, its frames shared out in whole numbers.

    Returns:
        How many rows were new.
    """
    rows = [row for observation in observations for row in _pieces(observation)]
    return tx.execute(_ADD_OBSERVATIONS, _columns(_OBSERVATION_COLUMNS, rows)).rowcount if rows else 0


def _pieces(whole: Observation) -> Iterator[tuple[Any, ...]]:
    """Cut an observation at the full hours of UTC, so that rollups add up; share out its frames by length."""
    length = whole.to_at - whole.from_at
    from_at, wanted, detected = whole.from_at, 0, 0
    while from_at < whole.to_at:
        hour_ends = from_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + HOUR
        to_at = min(hour_ends, whole.to_at)
        share = (to_at - whole.from_at) / length
        wanted_now, detected_now = round(whole.frames_wanted * share), round(whole.frames_detected * share)
        reason = whole.reason.value if whole.reason else None
        yield whole.camera_id, from_at, to_at, wanted_now - wanted, detected_now - detected, reason
        from_at, wanted, detected = to_at, wanted_now, detected_now


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}


_TOKEN = sa.text("SELECT token FROM watcher_lease WHERE camera_id = :camera_id FOR SHARE")

_ADVANCE = sa.text("""
INSERT INTO watcher_checkpoint AS saved (camera_id, seq, position_at, state)
VALUES (:camera_id, :seq, :position_at, :state)
ON CONFLICT (camera_id) DO UPDATE
SET seq = excluded.seq, position_at = excluded.position_at, state = excluded.state, written_at = now()
WHERE saved.seq < excluded.seq
RETURNING seq
""").bindparams(sa.bindparam("state", type_=watcher_checkpoint.c.state.type))

_FORGET_EVENTS = sa.text("""
DELETE FROM processor_event
WHERE processor_id = ANY (CAST(:ids AS int[])) AND ts BETWEEN :from_at AND :to_at
""")

_FORGET_OBSERVATIONS = sa.text("""
DELETE FROM observation WHERE camera_id = :camera_id AND from_at >= :from_at AND to_at <= :to_at
""")

_EVENT_COLUMNS = (
    "processor_id", "processor_version", "ts", "track_id", "value", "zone", "kind", "dwell_s",
)  # fmt: skip

# Arrays: one round trip and one statement however many rows. Key-share: a purge waits, then removes them too.
# Sorted as marks of stale hours are locked, for TimescaleDB before 2.18, where each row locks its own.
_ADD = """
INSERT INTO processor_event (processor_id, processor_version, ts, track_id, value, zone, kind, dwell_s)
SELECT e.*
FROM unnest(CAST(:processor_id AS int[]), CAST(:processor_version AS int[]), CAST(:ts AS timestamptz[]),
            CAST(:track_id AS bigint[]), CAST(:value AS int[]), CAST(:zone AS smallint[]),
            CAST(:kind AS text[]), CAST(:dwell_s AS float8[]))
     AS e (processor_id, processor_version, ts, track_id, value, zone, kind, dwell_s)
JOIN processor USING (processor_id)
WHERE e.ts > coalesce((SELECT at FROM kept_from WHERE relation = 'processor_event'), '-infinity')
ORDER BY e.kind = 'count', e.processor_id, e.ts
FOR KEY SHARE OF processor
ON CONFLICT DO NOTHING
"""
_ADD_EVENTS = sa.text(_ADD)

# In the same statement: nobody who wants to hear of events costs nothing.
_ADD_LIVE_EVENTS = sa.text(f"""
WITH added AS ({_ADD} RETURNING *)
INSERT INTO event_outbox
  (target, camera_id, processor_id, processor_version, ts, track_id, value, zone, kind, dwell_s)
SELECT target, camera_id, processor_id, processor_version, ts, track_id, value, zone, added.kind, dwell_s
FROM added JOIN processor USING (processor_id) CROSS JOIN event_subscriber
WHERE renewed_at > clock_timestamp() - CAST(:kept AS interval)
ORDER BY ts, processor_id, zone, track_id, added.kind
""")  # noqa: S608 - composed of constants

_OBSERVATION_COLUMNS = ("camera_id", "from_at", "to_at", "frames_wanted", "frames_detected", "reason")

_ADD_OBSERVATIONS = sa.text("""
INSERT INTO observation (camera_id, from_at, to_at, frames_wanted, frames_detected, reason)
SELECT o.*
FROM unnest(CAST(:camera_id AS int[]), CAST(:from_at AS timestamptz[]), CAST(:to_at AS timestamptz[]),
            CAST(:frames_wanted AS int[]), CAST(:frames_detected AS int[]), CAST(:reason AS text[]))
     AS o (camera_id, from_at, to_at, frames_wanted, frames_detected, reason)
JOIN camera USING (camera_id)
WHERE o.from_at >= coalesce((SELECT at FROM kept_from WHERE relation = 'observation'), '-infinity')
ORDER BY o.camera_id, o.from_at
FOR KEY SHARE OF camera
ON CONFLICT DO NOTHING
""")
