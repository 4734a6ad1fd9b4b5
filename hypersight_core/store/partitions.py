"""Monthly partitions for plain PostgreSQL, in a schema of their own as TimescaleDB's chunks are."""

from datetime import UTC, date, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

SCHEMA = "partitions"
MONTHS_AHEAD = 3


def convert(tx: Connection, table: str, column: str) -> None:
    """Cut a table into monthly partitions; rows of months that have none are kept in a default one."""
    tx.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    whole = f"{table}_whole"
    tx.execute(sa.text(f"ALTER TABLE {table} RENAME TO {whole}"))
    tx.execute(sa.text(f"CREATE TABLE {table} (LIKE {whole} INCLUDING ALL) PARTITION BY RANGE ({column})"))
    tx.execute(sa.text(f"CREATE TABLE {SCHEMA}.{table}_default PARTITION OF {table} DEFAULT"))
    for month in tx.scalars(_months_of(whole, column)).all():
        add(tx, table, column, month)
    _take_over(tx, table, whole)


def convert_back(tx: Connection, table: str) -> None:
    """Make one table of all partitions."""
    whole = f"{table}_partitioned"
    tx.execute(sa.text(f"ALTER TABLE {table} RENAME TO {whole}"))
    tx.execute(sa.text(f"CREATE TABLE {table} (LIKE {whole} INCLUDING ALL)"))
    _take_over(tx, table, whole)


def add_ahead(tx: Connection, table: str, column: str, now: datetime) -> list[str]:
    """Make the partitions of this and the next months, and of all months that landed in the default one.

    Returns:
        Names of the partitions made.
    """
    stray = _months_of(f"{SCHEMA}.{table}_default", column)
    this_month = now.astimezone(UTC).date().replace(day=1)
    wanted = {_later(this_month, n) for n in range(MONTHS_AHEAD + 1)} | set(tx.scalars(stray))
    missing = sorted(wanted - set(_existing(tx, table)))
    return [add(tx, table, column, month) for month in missing]


def add_years(tx: Connection, table: str, column: str, years: range) -> None:
    """Make the partitions of whole years."""
    wanted = {date(year, month, 1) for year in years for month in range(1, 13)}
    for month in sorted(wanted - set(_existing(tx, table))):
        add(tx, table, column, month)


def add(tx: Connection, table: str, column: str, month: date) -> str:
    """Make the partition of one month and move into it what the default one holds of it; return its name."""
    name, end = _name(table, month), _later(month, 1)
    bounds = {
        "a": datetime(month.year, month.month, 1, tzinfo=UTC),
        "b": datetime(end.year, end.month, 1, tzinfo=UTC),
    }
    tx.execute(sa.text(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)"))
    # A row of the month written between moving and attaching would keep the partition out.
    tx.execute(sa.text(f"LOCK TABLE {SCHEMA}.{table}_default IN ACCESS EXCLUSIVE MODE"))
    moved = f"DELETE FROM {SCHEMA}.{table}_default WHERE {column} >= :a AND {column} < :b RETURNING *"  # noqa: S608
    tx.execute(sa.text(f"WITH moved AS ({moved}) INSERT INTO {name} SELECT * FROM moved"), bounds)  # noqa: S608
    span = f"FROM ('{bounds['a'].isoformat()}') TO ('{bounds['b'].isoformat()}')"
    tx.execute(sa.text(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES {span}"))
    return name


def has_for(tx: Connection, table: str, at: datetime) -> bool:
    """Return whether the month of an instant has a partition."""
    return at.astimezone(UTC).date().replace(day=1) in _existing(tx, table)


def drop_before(tx: Connection, table: str, column: str, kept_from: datetime) -> list[str]:
    """Drop the partitions that end at or before an instant, and what the default one holds before it.

    Returns:
        Names of the partitions dropped.
    """
    old = [month for month in _existing(tx, table) if _later(month, 1) <= kept_from.astimezone(UTC).date()]
    for month in old:
        tx.execute(sa.text(f"DROP TABLE {_name(table, month)}"))
    stray = f"DELETE FROM {SCHEMA}.{table}_default WHERE {column} < :kept_from"  # noqa: S608
    tx.execute(sa.text(stray), {"kept_from": kept_from})
    return [_name(table, month) for month in old]


def _take_over(tx: Connection, table: str, former: str) -> None:
    """Move the rows, the comment and the name of the key from one table to another, and drop the former."""
    tx.execute(sa.text(f"INSERT INTO {table} SELECT * FROM {former}"))  # noqa: S608
    comment = tx.execute(sa.text(f"SELECT obj_description('{former}'::regclass)")).scalar_one()
    tx.execute(sa.text(f"DROP TABLE {former} CASCADE"))
    tx.execute(sa.text(f"COMMENT ON TABLE {table} IS '{comment}'"))
    query = "SELECT conname FROM pg_constraint WHERE conrelid = CAST(:relation AS regclass) AND contype = 'p'"
    key = tx.execute(sa.text(query), {"relation": table}).scalar_one()
    tx.execute(sa.text(f"ALTER TABLE {table} RENAME CONSTRAINT {key} TO {table}_pk"))


def _months_of(table: str, column: str) -> sa.TextClause:
    return sa.text(f"SELECT DISTINCT date_trunc('month', {column} AT TIME ZONE 'UTC')::date FROM {table}")  # noqa: S608


def _existing(tx: Connection, table: str) -> list[date]:
    query = """
        SELECT to_date(right(relname, 7), 'YYYY_MM') FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = CAST(:relation AS regclass) AND relname NOT LIKE '%\\_default' ORDER BY 1"""
    return list(tx.scalars(sa.text(query), {"relation": table}))


def _name(table: str, month: date) -> str:
    return f"{SCHEMA}.{table}_{month:%Y_%m}"


def _later(month: date, count: int) -> date:
    years, index = divmod(month.month - 1 + count, 12)
    return date(month.year + years, index + 1, 1)
