"""Making rollups anew from the rows, where somebody doubts them or has changed them by hand."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.domain.hours import whole_hours
from hypersight_core.store import rollups
from hypersight_core.store.buckets import check_interval
from hypersight_core.store.engine import Store
from hypersight_core.store.rollups import Refresh


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """What was made anew."""

    start_at: datetime
    stop_at: datetime
    """The whole hours, in UTC."""
    marked: int
    """Hours of processors and cameras that were read again."""
    refresh: Refresh


def rebuild(store: Store, start: datetime, stop: datetime) -> Rebuilding:
    """Sum up all hours that an interval touches from their rows, as if for the first time.

    Answers stay exact meanwhile: the hours are read row by row until their sums are found equal to the rows.
    Sums of hours whose rows were dropped by retention are all that is left of them, and stay.

    Raises:
        InvalidInput: the interval ends before it starts, or lacks a time zone.
        DatabaseUnavailable: the database does not answer; what was done until then stays.
    """
    check_interval(start, stop)
    start_at, stop_at = whole_hours(start, stop)
    with store.transaction() as tx:
        tx.execute(sa.text("SET LOCAL statement_timeout = 0"))
        marked = _mark(tx, start_at, stop_at)
    return Rebuilding(start_at, stop_at, marked, rollups.refresh(store, is_forced=True))


def _mark(tx: Connection, start_at: datetime, stop_at: datetime) -> int:
    """Mark every hour that has rows or sums, and whose rows are kept, as stale; return how many there are."""
    asked = {"start_at": start_at, "stop_at": stop_at}
    return sum(tx.execute(mark, asked).rowcount for mark in _MARKS)


# Rows sorted: everybody locks in one order. Marked ones are counted, too.
_MARKS = tuple(
    sa.text(
        f"""
INSERT INTO rollup.stale_{what} AS stale ({key}, bucket)
SELECT {key}, bucket FROM (
  SELECT {key}, {hour_of} AS bucket FROM {rows} WHERE {at} >= :start_at AND {at} < :stop_at + {late} {of_kind}
  UNION SELECT {key}, bucket FROM rollup.{what}_hour
  WHERE bucket >= :start_at AND bucket < :stop_at
) AS known
WHERE bucket >= :start_at
  AND bucket >= coalesce((SELECT at FROM kept_from WHERE relation = '{rows}'), '-infinity')
ORDER BY 1, 2
ON CONFLICT ({key}, bucket) DO UPDATE SET bucket = excluded.bucket
"""  # noqa: S608 - composed of constants
    )
    for what, key, rows, at, hour_of, of_kind, late in (
        ("traffic", "processor_id", "processor_event", "ts", "rollup.traffic_hour_of(ts)",
         "AND kind <> 'count'", "interval '1 microsecond'"),
        ("presence", "processor_id", "processor_event", "ts", "rollup.hour_floor(ts)",
         "AND kind = 'count'", "interval '0'"),
        ("coverage", "camera_id", "observation", "from_at", "rollup.hour_floor(from_at)", "", "interval '0'"),
    )
)  # fmt: skip
