"""Daily work on tables that grow for years: partitions ahead of time, columnstore, retention."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.settings import Settings
from hypersight_core.store import audit, columnstore, heat, outages, outbox, partitions
from hypersight_core.store.engine import Store
from hypersight_core.store.tables import kept_from
from hypersight_core.store.timescale import Version, timescale_version

GROWING = {"processor_event": "ts", "observation": "from_at"}
"""Tables cut by time, and the column they are cut by."""
OUTAGES_KEPT = timedelta(days=90)
"""After their end, with what was told of them."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What was done."""

    partitions: tuple[str, ...]
    """Partitions made."""
    by_column: tuple[str, ...]
    """Chunks that are kept by column now."""
    dropped: tuple[str, ...]
    """Chunks and partitions dropped."""
    postponed: tuple[str, ...]
    """Tables of which nothing was dropped, since their sums are not stored yet."""
    heat_rows: int
    """Cells of heat maps deleted."""
    took_s: float


def keep_up(store: Store, settings: Settings, now: datetime) -> Upkeep:
    """Do what is due; refresh rollups before, since only what they hold can be dropped.

    Raises:
        DatabaseUnavailable: the database does not answer; what was done until then stays.
    """
    started_s = time.monotonic()
    with store.transaction() as tx:
        version = timescale_version(tx)
    made: list[str] = []
    by_column: list[str] = []
    if version is None:
        made = _partitions_ahead(store, now)
    else:
        by_column = _by_column(store, version, now - timedelta(days=settings.columnstore_after_days))
    dropped: list[str] = []
    postponed: list[str] = []
    kept_days = {"processor_event": settings.events_kept_days, "observation": settings.observations_kept_days}
    for table, days in kept_days.items():
        if days:
            gone = _drop(store, table, _midnight(now) - timedelta(days=days))
            dropped += gone or []
            postponed += [table] if gone is None else []
    with store.transaction() as tx:
        outages.forget_before(tx, now - OUTAGES_KEPT)
        audit.forget_old(tx, now)
        outbox.forget_lapsed(tx)
    heat_rows = _forget_heat(store, _midnight(now) - timedelta(days=settings.heat_kept_days))
    took_s = time.monotonic() - started_s
    return Upkeep(tuple(made), tuple(by_column), tuple(dropped), tuple(postponed), heat_rows, took_s)


def missing_partitions(tx: Connection, now: datetime) -> list[str]:
    """Return the tables whose rows of today or tomorrow have no partition; TimescaleDB makes its own."""
    if timescale_version(tx) is not None:
        return []
    return [table for table in GROWING if not partitions.has_for(tx, table, now + timedelta(days=1))]


def _partitions_ahead(store: Store, now: datetime) -> list[str]:
    made: list[str] = []
    for table, column in GROWING.items():
        with store.transaction() as tx:
            tx.execute(_PATIENCE)
            made += partitions.add_ahead(tx, table, column, now)
    return made


def _forget_heat(store: Store, cutoff: datetime) -> int:
    with store.transaction() as tx:
        tx.execute(sa.text("SET LOCAL statement_timeout = 0"))
        return heat.forget_before(tx, cutoff)


def _by_column(store: Store, version: Version, before: datetime) -> list[str]:
    done = []
    for table in GROWING:
        with store.transaction() as tx:
            chunks = columnstore.chunks_by_row(tx, table, before)
        for chunk in chunks:
            with store.transaction() as tx:
                tx.execute(sa.text("SET LOCAL statement_timeout = 0"))
                columnstore.convert(tx, chunk, version)
            done.append(chunk)
    return done


def _drop(store: Store, table: str, cutoff: datetime) -> list[str] | None:
    """Drop what is older than a midnight; None when some of it is not in the rollups yet."""
    with store.transaction() as tx:
        tx.execute(_PATIENCE)
        # Nobody writes meanwhile: a row that came after the look would be lost to its hour's sum.
        tx.execute(sa.text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))
        if tx.execute(_STALE_BEFORE[table], {"cutoff": cutoff}).scalar_one():
            return None
        tx.execute(_KEEP_FROM, {"relation": table, "cutoff": cutoff})
        if timescale_version(tx) is not None:
            chunks = sa.text("SELECT drop_chunks(CAST(:relation AS regclass), older_than => :cutoff)")
            return [str(chunk) for chunk in tx.scalars(chunks, {"relation": table, "cutoff": cutoff})]
        return partitions.drop_before(tx, table, GROWING[table], cutoff)


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


# Whoever waits for a lock keeps all others waiting behind: rather fail, and try again the next day.
_PATIENCE = sa.text("SET LOCAL lock_timeout = '10s'")
_STALE_BEFORE = {
    "processor_event": sa.text("""
        SELECT EXISTS (SELECT FROM rollup.stale_traffic WHERE bucket < :cutoff)
            OR EXISTS (SELECT FROM rollup.stale_presence WHERE bucket < :cutoff)"""),
    "observation": sa.text("""
        SELECT EXISTS (SELECT FROM rollup.stale_coverage WHERE bucket < :cutoff)
            OR EXISTS (SELECT FROM rollup.stale_presence WHERE bucket < :cutoff)"""),
}
_KEEP_FROM = sa.text(f"""
INSERT INTO {kept_from.name} AS kept (relation, at) VALUES (:relation, :cutoff)
ON CONFLICT (relation) DO UPDATE SET at = greatest(kept.at, excluded.at)
""")  # noqa: S608 - composed of constants
