"""Loading history in bulk: COPY, into partitions made before it."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from hypersight_core.store import partitions, upkeep
from hypersight_core.store.timescale import timescale_version

EVENT_COLUMNS = ("processor_id", "processor_version", "ts", "track_id", "value", "zone", "kind")
OBSERVATION_COLUMNS = ("camera_id", "from_at", "to_at", "frames_wanted", "frames_detected", "reason")


def copy_events(tx: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Write events that are not there yet, as `EVENT_COLUMNS`."""
    _copy(tx, "processor_event", EVENT_COLUMNS, rows)


def copy_observations(tx: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Write observations that are not there yet, each within its hour of UTC, as `OBSERVATION_COLUMNS`."""
    _copy(tx, "observation", OBSERVATION_COLUMNS, rows)


def make_partitions(tx: Connection, years: range) -> None:
    """Make the partitions of years gone by; TimescaleDB makes its own."""
    if timescale_version(tx) is not None:
        return
    for table, column in upkeep.GROWING.items():
        partitions.add_years(tx, table, column, years)


def _copy(tx: Connection, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    raw = tx.connection.driver_connection
    assert raw is not None  # noqa: S101 - for the type checker: the transaction is open
    with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
