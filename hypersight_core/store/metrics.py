"""Metrics, equal to the raw events at any moment; every interval is (start, stop].

The questions are functions in the database (`migrations/sql/0003_functions.sql`), the same for everybody who
speaks SQL, and one round trip each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.domain.events import Event, EventKind
from hypersight_core.domain.metrics import (
    Count,
    Coverage,
    EventPage,
    Presence,
    PresenceBucket,
    TrafficBucket,
    TrafficTotal,
)
from hypersight_core.errors import InvalidInput
from hypersight_core.store.buckets import check_interval, check_series
from hypersight_core.store.tables import processor, processor_event

MAX_PAGE = 1000
JUST_BEFORE = timedelta(minutes=1)
_KEY = (processor_event.c.ts, processor_event.c.kind, processor_event.c.zone, processor_event.c.track_id)


@dataclass(frozen=True, slots=True)
class EventCursor:
    """A place in a processor's events: just before this one, going back in time."""

    ts: datetime
    kind: str
    zone: int
    track_id: int

    @classmethod
    def of(cls, event: Event) -> Self:
        """Return the place from which to go on after `event`."""
        return cls(event.ts, event.kind.value, event.zone, event.track_id)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` of a cursor gave.

        Raises:
            InvalidInput: it is none.
        """
        try:
            ts, kind, zone, track_id = text.split("~")
            return cls(datetime.fromisoformat(ts), EventKind(kind).value, int(zone), int(track_id))
        except ValueError as error:
            raise InvalidInput(f"{text[:100]!r} is no cursor of ours") from error

    def __str__(self) -> str:
        return f"{self.ts.isoformat()}~{self.kind}~{self.zone}~{self.track_id}"


def traffic_total(tx: Connection, processor_id: int, start: datetime, stop: datetime) -> TrafficTotal:
    """Return how many persons came in, and how many left.

    Raises:
        InvalidInput: the interval ends before it starts, or lacks a time zone.
    """
    check_interval(start, stop)
    asked = {"processor_id": processor_id, "start_at": start, "stop_at": stop}
    row = tx.execute(_TRAFFIC, asked).one()
    watched = coverage_of(row.watched_s, start, stop)
    return TrafficTotal(row.value, row.out_value, row.first_at, row.last_at, watched)


def traffic_series(
    tx: Connection, processor_id: int, start: datetime, stop: datetime, bucket: str, time_zone: ZoneInfo
) -> list[TrafficBucket]:
    """Return how many persons came in and left, bucket by bucket; they add up to the totals.

    Zeros are included.

    Args:
        bucket: `1m`, `5m`, `15m`, `1h`, `1d` or `1w`, in local time, first and last cut to the interval.

    Raises:
        InvalidInput: unknown bucket, bad interval, or too many buckets.
    """
    return [
        TrafficBucket(
            row.start_at, row.stop_at, row.value, row.out_value,
            coverage_of(row.watched_s, row.start_at, row.stop_at),
        )
        for row in _series(tx, _TRAFFIC_SERIES, processor_id, (start, stop), bucket, time_zone)
    ]  # fmt: skip


def last_count(tx: Connection, processor_id: int, at: datetime) -> Count | None:
    """Return the last count at or before `at`; None when there is none.

    Raises:
        InvalidInput: `at` lacks a time zone.
    """
    check_interval(at, at)
    row = tx.execute(_LAST_COUNT, {"processor_id": processor_id, "at": at}).first()
    return None if row is None else Count(row.value, row.ts)


def presence_at(tx: Connection, processor_id: int, at: datetime) -> Presence:
    """Return the last count at or before `at`, and whether somebody was looking just then.

    Raises:
        InvalidInput: `at` lacks a time zone.
    """
    check_interval(at, at)
    since = at - JUST_BEFORE
    row = tx.execute(_OBJECTS_AT, {"processor_id": processor_id, "at": at, "since": since}).one()
    last = None if row.ts is None else Count(row.value, row.ts)
    return Presence(last, coverage_of(row.watched_s, since, at))


def present_now(tx: Connection, processor_ids: Sequence[int]) -> dict[int, int]:
    """Return how many persons are there now, by processor; without those where nobody looked for a minute."""
    rows = tx.execute(_PRESENT_NOW, {"processor_ids": list(processor_ids)})
    return {row.processor_id: row.people_count for row in rows}


def presence_series(
    tx: Connection, processor_id: int, start: datetime, stop: datetime, bucket: str, time_zone: ZoneInfo
) -> list[PresenceBucket]:
    """Return mean, least and most persons present, bucket by bucket.

    The mean is weighted by time. Only time that was really watched enters (observed, at least one frame
    detected) and for which a count is known; a bucket without any has None. A count holds from its
    instant on; one that held for no time at all does not show.

    Raises:
        InvalidInput: unknown bucket, bad interval, or too many buckets.
    """
    return [
        PresenceBucket(
            row.start_at, row.stop_at, row.mean, row.fewest, row.most,
            coverage_of(row.watched_s, row.start_at, row.stop_at),
        )
        for row in _series(tx, _PRESENCE_SERIES, processor_id, (start, stop), bucket, time_zone)
    ]  # fmt: skip


def coverage(tx: Connection, camera_id: int, start: datetime, stop: datetime) -> Coverage:
    """Return for how long a camera was really watched; a piece watched in part counts in proportion.

    Raises:
        InvalidInput: the interval ends before it starts, or lacks a time zone.
    """
    check_interval(start, stop)
    asked = {"camera_id": camera_id, "start_at": start, "stop_at": stop}
    return coverage_of(tx.execute(_WATCHED, asked).scalar_one(), start, stop)


def latest_events(
    tx: Connection,
    processor_id: int,
    *,
    within: tuple[datetime, datetime] | None = None,
    before: EventCursor | None = None,
    limit: int = 100,
) -> EventPage:
    """Return a processor's events, newest first.

    Args:
        within: only those in start < ts <= stop; None: all.
        before: go on from here; None: from the newest.
        limit: 1 to `MAX_PAGE`.

    Raises:
        InvalidInput: the limit is out of range.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput(f"a page has 1 to {MAX_PAGE} events, not {limit}")
    query = sa.select(processor_event).where(processor_event.c.processor_id == processor_id)
    if within is not None:
        check_interval(*within)
        query = query.where(processor_event.c.ts > within[0], processor_event.c.ts <= within[1])
    if before is not None:
        values = (before.ts, before.kind, before.zone, before.track_id)
        place = (sa.literal(value, column.type) for value, column in zip(values, _KEY, strict=True))
        query = query.where(sa.tuple_(*_KEY) < sa.tuple_(*place))
    page = query.order_by(*(column.desc() for column in _KEY)).limit(limit).cte("page")
    span = (sa.func.min(page.c.ts), sa.func.max(page.c.ts))
    of_processor = sa.select(processor.c.camera_id).where(processor.c.processor_id == processor_id)
    watched = sa.select(sa.func.watched_seconds(of_processor.scalar_subquery(), *span))
    order = (page.c[column.name].desc() for column in _KEY)
    rows = tx.execute(sa.select(page, watched.scalar_subquery().label("watched_s")).order_by(*order)).all()
    events = tuple(_event(row) for row in rows)
    coverage = coverage_of(rows[0].watched_s, events[-1].ts, events[0].ts) if events else None
    return EventPage(events, coverage)


def _series(
    tx: Connection,
    question: sa.TextClause,
    processor_id: int,
    interval: tuple[datetime, datetime],
    bucket: str,
    time_zone: ZoneInfo,
) -> list[sa.Row[Any]]:
    start, stop = interval
    check_series(start, stop, bucket)
    asked = {
        "processor_id": processor_id, "start_at": start, "stop_at": stop,
        "bucket": bucket, "time_zone": time_zone.key,
    }  # fmt: skip
    return list(tx.execute(question, asked))


def _event(row: sa.Row[Any]) -> Event:
    values = {column.name: row._mapping[column.name] for column in processor_event.columns}
    return Event(**values | {"kind": EventKind(row.kind)})


def coverage_of(watched_s: float, start: datetime, stop: datetime) -> Coverage:
    """Return the coverage of an interval with so many seconds watched."""
    interval_s = (stop - start).total_seconds()
    # A stream whose clock was set back is seen twice for a while.
    return Coverage(min(watched_s, interval_s), interval_s)


_TRAFFIC = sa.text("SELECT * FROM traffic(:processor_id, :start_at, :stop_at)")
_TRAFFIC_SERIES = sa.text(
    "SELECT * FROM traffic_series(:processor_id, :start_at, :stop_at, :bucket, :time_zone)"
)
_PRESENCE_SERIES = sa.text(
    "SELECT * FROM presence_series(:processor_id, :start_at, :stop_at, :bucket, :time_zone)"
)
_LAST_COUNT = sa.text("SELECT value, ts FROM objects_at(:processor_id, :at)")
_OBJECTS_AT = sa.text("""
SELECT last.value, last.ts, watched_seconds(rollup.camera_of(:processor_id), :since, :at) AS watched_s
FROM (VALUES (true)) AS always LEFT JOIN objects_at(:processor_id, :at) AS last ON true
""")
_PRESENT_NOW = sa.text("""
SELECT processor_id, people_count FROM presence_now
WHERE processor_id = ANY (CAST(:processor_ids AS int[])) AND NOT stale
""")
_WATCHED = sa.text("SELECT watched_seconds(:camera_id, :start_at, :stop_at)")
