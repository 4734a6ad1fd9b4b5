"""Refreshing what is precomputed; the answers are exact without it, a refresh makes them quick.

How rollups stay exact is told at the top of `migrations/sql/0003_stale_hours.sql`.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.store.alone import alone
from hypersight_core.store.engine import Store
from hypersight_core.store.timescale import FORCE_SINCE, timescale_version

logger = logging.getLogger(__name__)

REFRESH_LOCK = (7000, 2)
"""Advisory lock held while refreshing."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
BEHIND_AFTER = timedelta(hours=3)
"""A refresh comes every hour: stale hours that ended longer ago mean that none did, or that it failed."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """What one refresh did."""

    hours: int
    """Hours of processors and cameras that may be read from rollups now."""
    refused_hours: int
    """Hours whose continuous aggregate did not equal the events; they are read from the events as before."""
    took_s: float


@dataclass(frozen=True, slots=True)
class Staleness:
    """Hours that have ended and are read from the rows, for want of a refresh."""

    hours: int
    oldest: datetime | None
    """Start of the oldest."""

    def is_behind(self, now: datetime) -> bool:
        """Return whether refreshes are missing."""
        return self.oldest is not None and self.oldest + HOUR + BEHIND_AFTER < now


def refresh(store: Store, *, is_forced: bool = False) -> Refresh:
    """Bring rollups up to date for all hours that have ended; when another refresh runs, wait for it first.

    Args:
        is_forced: have TimescaleDB read the rows again although it believes its sums to be right.

    Raises:
        DatabaseUnavailable: the database does not answer; what was done until then stays.
    """
    started_s = time.monotonic()
    hours = refused = 0
    with store.transaction() as tx:
        version = timescale_version(tx)
    how = ", force => true" if is_forced and version and version >= FORCE_SINCE else ""
    with alone(store, "refresh", REFRESH_LOCK) as connection:
        for week in _stale_weeks(store):
            if version is not None:
                _refresh_aggregates(connection, week, how)
            with store.transaction() as tx:
                tx.execute(sa.text("SET LOCAL statement_timeout = 0"))
                settled = tx.execute(_SETTLE, {"start_at": week.start, "stop_at": week.stop}).one()
            hours, refused = hours + settled.settled, refused + settled.refused
    if refused:
        logger.warning("rollups do not equal the events yet", extra={"hours": refused})
    return Refresh(hours, refused, time.monotonic() - started_s)


def staleness(tx: Connection) -> Staleness:
    """Return which ended hours wait for a refresh."""
    return Staleness(*tx.execute(_STALENESS).one())


@dataclass(frozen=True, slots=True)
class _Week:
    start: datetime
    stop: datetime
    kept_from: datetime | None


def _stale_weeks(store: Store) -> list[_Week]:
    """Return where in each week the stale hours are; a refresh of years at once needs much memory."""
    with store.transaction() as tx:
        tx.execute(_FORGET_DROPPED)
        return [_Week(*row) for row in tx.execute(_STALE_WEEKS)]


def _refresh_aggregates(connection: psycopg.Connection, week: _Week, how: LiteralString) -> None:
    # An hour or day more on either side: a window must hold two buckets. Never back to what was dropped, or
    # its sums would be dropped with it.
    for aggregate, length in (("rollup.traffic_hour", HOUR), ("rollup.traffic_day", DAY)):
        start = week.start.replace(hour=0 if length == DAY else week.start.hour, microsecond=0) - length
        stop = week.stop + 2 * length
        kept_from = week.kept_from if week.kept_from is not None else start
        window = (aggregate, max(start, kept_from) + INSTANT, stop)
        call: LiteralString = f"CALL refresh_continuous_aggregate(%s, %s::timestamptz, %s::timestamptz{how})"
        connection.execute(call, window)


_MARKS = """
(SELECT bucket FROM rollup.stale_traffic
 UNION ALL SELECT bucket FROM rollup.stale_presence
 UNION ALL SELECT bucket FROM rollup.stale_coverage) AS mark
WHERE bucket + interval '1 hour' <= now()
"""

_STALE_WEEKS = sa.text(f"""
SELECT min(bucket), max(bucket) + interval '1 microsecond',
       (SELECT at FROM kept_from WHERE relation = 'processor_event')
FROM {_MARKS}
GROUP BY date_bin('7 days', bucket, timestamptz '2000-01-03 00:00:00+00') ORDER BY 1
""")  # noqa: S608 - composed of constants

_STALENESS = sa.text(f"SELECT count(*), date_trunc('hour', min(bucket)) FROM {_MARKS}")  # noqa: S608

_SETTLE = sa.text("SELECT settled, refused FROM rollup.settle(:start_at, :stop_at)")

# Marks of hours dropped meanwhile: their sums are all that is left of them.
_FORGET_DROPPED = sa.text("""
WITH kept AS (SELECT (SELECT at FROM kept_from WHERE relation = 'processor_event') AS events,
                     (SELECT at FROM kept_from WHERE relation = 'observation') AS observations),
traffic AS (DELETE FROM rollup.stale_traffic USING kept WHERE bucket < events),
presence AS (DELETE FROM rollup.stale_presence USING kept WHERE bucket < events)
DELETE FROM rollup.stale_coverage USING kept WHERE bucket < observations
""")
