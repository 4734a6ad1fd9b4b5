"""TimescaleDB's columnstore, under the names of every version: it was called compression until 2.17."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.store.timescale import COLUMNSTORE_NAMES_SINCE, Version

SEGMENT_BY = {"processor_event": "processor_id", "observation": "camera_id"}


def enable(table: str, order_by: str, version: Version) -> str:
    """Return the statement that lets old chunks of a table be kept by column."""
    if version >= COLUMNSTORE_NAMES_SINCE:
        switch, segment, order = "enable_columnstore", "segmentby", "orderby"
    else:
        switch, segment, order = "compress", "compress_segmentby", "compress_orderby"
    return (
        f"ALTER TABLE {table} SET (timescaledb.{switch} = true, "
        f"timescaledb.{segment} = '{SEGMENT_BY[table]}', timescaledb.{order} = '{order_by}')"
    )


def disable(tx: Connection, table: str, version: Version) -> None:
    """Turn all chunks of a table back into rows, and let none be kept by column any more."""
    for chunk in _chunks(tx, table, is_by_column=True, before=None):
        if version >= COLUMNSTORE_NAMES_SINCE:
            tx.execute(sa.text(f"CALL convert_to_rowstore('{chunk}')"))
        else:
            tx.execute(sa.text(f"SELECT decompress_chunk('{chunk}')"))
    switch = "enable_columnstore" if version >= COLUMNSTORE_NAMES_SINCE else "compress"
    tx.execute(sa.text(f"ALTER TABLE {table} SET (timescaledb.{switch} = false)"))


def chunks_by_row(tx: Connection, table: str, before: datetime) -> list[str]:
    """Return the chunks that end at or before an instant and are not kept by column yet, oldest first."""
    return _chunks(tx, table, is_by_column=False, before=before)


def convert(tx: Connection, chunk: str, version: Version) -> None:
    """Keep a chunk by column."""
    if version >= COLUMNSTORE_NAMES_SINCE:
        tx.execute(sa.text(f"CALL convert_to_columnstore('{chunk}')"))
    else:
        tx.execute(sa.text(f"SELECT compress_chunk('{chunk}')"))


def _chunks(tx: Connection, table: str, *, is_by_column: bool, before: datetime | None) -> list[str]:
    query = """
        SELECT format('%I.%I', chunk_schema, chunk_name) FROM timescaledb_information.chunks
        WHERE hypertable_schema = 'public' AND hypertable_name = :relation AND is_compressed = :is_by_column
          AND (CAST(:before AS timestamptz) IS NULL OR range_end <= :before)
        ORDER BY range_start"""
    asked = {"relation": table, "is_by_column": is_by_column, "before": before}
    return list(tx.scalars(sa.text(query), asked))
