"""Events and observations as files, a file a day of UTC, so that a lake or warehouse can take over."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.errors import InvalidInput, SetupFailed
from hypersight_core.store.engine import Store
from hypersight_core.store.tables import observation, processor_event

ROWS_AT_ONCE = 50_000
"""What is in memory at a time: about 10 MB."""
FORMATS = ("parquet", "csv")
TABLES = {"processor_event": processor_event.c.ts, "observation": observation.c.from_at}
"""What is exported, and the column its days are of; a day holds start <= value < stop."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where files go, and of which kind."""

    url: str
    """A folder, or any address that fsspec knows (`s3://…`, `gs://…`, `memory://…`)."""
    format: str = "parquet"

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise InvalidInput(f"format must be {' or '.join(FORMATS)}, not {self.format!r}")

    def path(self, table: str, day: date) -> str:
        """Return where a day's rows go, below the URL; `day=…` is read as a column by most programs."""
        return f"{table}/day={day.isoformat()}/{table}.{self.format}"


def export_day(
    store: Store, target: Target, table: str, day: date, *, rows_at_once: int = ROWS_AT_ONCE
) -> int:
    """Write the rows of one day, in the place of an earlier export of it.

    The file appears whole: it is written beside its place and moved there. A day without rows makes a file
    without rows, which says that it was looked at.

    Returns:
        How many rows.

    Raises:
        DatabaseUnavailable: the database does not answer.
        SetupFailed: the place cannot be written.
    """
    files, root = _opened(target.url)
    path = f"{root.rstrip('/')}/{target.path(table, day)}"
    unfinished = f"{path}.unfinished"
    try:
        files.makedirs(path.rpartition("/")[0], exist_ok=True)
        with files.open(unfinished, "wb") as out, store.transaction() as tx:
            tx.execute(sa.text("SET LOCAL statement_timeout = 0"))
            rows = _write(_chunks(tx, table, day, rows_at_once), out, target.format, table)
        with contextlib.suppress(FileNotFoundError):
            files.rm(path)
        files.mv(unfinished, path)
    except OSError as error:
        raise SetupFailed(
            f"{target.url} cannot be written: {error}", hint="is there room, and may we?"
        ) from error
    return rows


def days_between(first: date, last: date) -> list[date]:
    """Return all days from first to last.

    Raises:
        InvalidInput: the last lies before the first.
    """
    if last < first:
        raise InvalidInput(f"the export ends ({last}) before it starts ({first})")
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _write(chunks: Iterable[Sequence[sa.Row[Any]]], out: Any, format_: str, table: str) -> int:
    import pyarrow as pa

    schema = _schema(pa, table)
    rows = 0
    with _writer(out, format_, schema) as writer:
        for chunk in chunks:
            values = zip(zip(*chunk, strict=True), schema, strict=True)
            columns = [pa.array(column, field.type) for column, field in values]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
            rows += len(chunk)
    return rows


def _chunks(tx: Connection, table: str, day: date, rows_at_once: int) -> Iterator[Sequence[sa.Row[Any]]]:
    column = TABLES[table]
    start = datetime.combine(day, time.min, UTC)
    wanted = column >= start, column < start + timedelta(days=1)
    query = sa.select(column.table).where(*wanted).order_by(*column.table.primary_key)
    # A cursor on the server: the rest of the day waits there.
    yield from tx.execution_options(yield_per=rows_at_once).execute(query).partitions()


def _writer(out: Any, format_: str, schema: Any) -> Any:
    import pyarrow.csv as csv
    import pyarrow.parquet as parquet

    if format_ == "csv":
        return csv.CSVWriter(out, schema)
    return parquet.ParquetWriter(out, schema, compression="zstd")


def _schema(pa: Any, table: str) -> Any:
    kinds = {
        sa.DateTime: pa.timestamp("us", tz="UTC"), sa.BigInteger: pa.int64(), sa.SmallInteger: pa.int16(),
        sa.Integer: pa.int32(), sa.Double: pa.float64(), sa.Text: pa.string(),
    }  # fmt: skip
    columns = TABLES[table].table.columns
    return pa.schema(
        pa.field(column.name, kinds[type(column.type)], nullable=bool(column.nullable)) for column in columns
    )


def _opened(url: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    try:
        files, root = url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise InvalidInput(f"{url} is nothing to write to: {error}") from error
    return files, root
