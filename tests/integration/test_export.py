"""Files of events and observations hold what the database holds."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
import sqlalchemy as sa
from rich.console import Console

from hypersight.commands.export import ExportCommand
from hypersight_core.errors import InvalidInput, SetupFailed
from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store
from hypersight_core.store.export import Target, days_between, export_day
from tests import sql_example

DAY = date(2026, 3, 24)


@pytest.fixture
def filled(store: Store) -> Store:
    sql_example.fill(store)
    return store


def rows_of(store: Store, table: str, column: str) -> list[tuple[object, ...]]:
    start = datetime(2026, 3, 24, tzinfo=UTC)
    query = sa.text(f"SELECT * FROM {table} WHERE {column} >= :start AND {column} < :stop")
    with store.transaction() as tx:
        found = tx.execute(query, {"start": start, "stop": start + timedelta(days=1)})
        return sorted((tuple(row) for row in found), key=repr)


@pytest.mark.parametrize(("table", "column"), [("processor_event", "ts"), ("observation", "from_at")])
def test_a_day_as_parquet_is_the_days_rows(filled: Store, tmp_path: Path, table: str, column: str):
    written = export_day(filled, Target(str(tmp_path)), table, DAY)
    read = parquet.ParquetFile(tmp_path / table / "day=2026-03-24" / f"{table}.parquet").read()
    expected = rows_of(filled, table, column)
    assert written == read.num_rows == len(expected) > 20
    assert sorted((tuple(row.values()) for row in read.to_pylist()), key=repr) == expected
    assert str(read.schema.field(column).type) == "timestamp[us, tz=UTC]"
    assert not list(tmp_path.rglob("*.unfinished"))


def test_many_rows_come_in_pieces(filled: Store, tmp_path: Path):
    written = export_day(filled, Target(str(tmp_path)), "processor_event", DAY, rows_at_once=100)
    file = parquet.ParquetFile(tmp_path / "processor_event" / "day=2026-03-24" / "processor_event.parquet")
    assert file.num_row_groups == -(-written // 100) > 5


def test_the_command_writes_days_as_csv_and_again_the_same(filled: Store, database_url: str, tmp_path: Path):
    console = Console(record=True, width=200, quiet=False, file=io.StringIO())
    command = ExportCommand(Settings(database_url=database_url, var_dir=tmp_path), console)
    for _ in range(2):
        command.export(from_="2026-03-23", to="2026-03-24", format="csv")
    [one, other] = sorted((tmp_path / "export" / "processor_event").rglob("*.csv"))
    assert "day=2026-03-23" in str(one)
    with other.open() as file:
        assert len(list(csv.DictReader(file))) == len(rows_of(filled, "processor_event", "ts"))
    assert "processor_event" in console.export_text()


def test_what_cannot_be_exported_says_why(filled: Store, tmp_path: Path):
    with pytest.raises(InvalidInput, match="before it starts"):
        days_between(DAY, DAY - timedelta(days=1))
    with pytest.raises(InvalidInput, match="parquet or csv"):
        Target(str(tmp_path), "xlsx")
    with pytest.raises(InvalidInput, match="nothing to write to"):
        export_day(filled, Target("nowhere://x"), "observation", DAY)
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupFailed, match="cannot be written"):
        export_day(filled, Target(str(tmp_path / "file")), "observation", DAY)
