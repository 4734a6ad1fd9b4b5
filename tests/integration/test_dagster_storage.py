"""Dagster's own tables on a database that has none yet."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from hypersight_core.errors import SetupFailed
from hypersight_core.store.engine import Store
from hypersight_core.store.namespaces import note_on, write_note_on
from hypersight_pipelines import storage
from hypersight_pipelines.instance import SCHEMA, STORAGE_VARIABLE, storage_url
from hypersight_pipelines.storage import NOTED_ON, prepare_storage

pytestmark = pytest.mark.needs_real_backends("Dagster connects by itself; several connect at once")
ROOT = Path(__file__).parents[2]
TABLES = {"runs", "event_logs", "jobs", "alembic_version"}
"""One of each of Dagster's three storages, and the one that tells which migrations were applied."""
PREPARE = "import sys; from hypersight_pipelines.storage import prepare_storage; prepare_storage(sys.argv[1])"
OPEN = "from dagster import DagsterInstance\nwith DagsterInstance.get() as one: one.get_runs(limit=1)"
AT_ONCE = 4


def at_once(code: str, *arguments: str, **environ: str) -> list[str]:
    """Run `code` in several processes that start together; return what those that failed said."""
    command = [sys.executable, "-c", code, *arguments]
    given = {**os.environ, **environ}  # noqa: TID251 - handed on
    started = [
        subprocess.Popen(command, cwd=ROOT, env=given, stderr=subprocess.PIPE, text=True)
        for _ in range(AT_ONCE)
    ]
    said = [(one.communicate()[1], one.returncode) for one in started]
    return [text for text, code in said if code]


def read(database_url: str, ask: Callable[[sa.Connection], object]) -> object:
    with (
        closing(Store(database_url, application_name="tests", pool_size=1)) as store,
        store.transaction() as tx,
    ):
        return ask(tx)


def tables_and_revision(tx: sa.Connection) -> object:
    """Return all columns of Dagster's schema, the revision, and our note."""
    columns = tx.execute(
        sa.text("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = :name"),
        {"name": SCHEMA},
    )
    revision = tx.execute(sa.text(f"SELECT version_num FROM {SCHEMA}.alembic_version"))
    return {tuple(row) for row in columns}, revision.scalars().all(), note_on(tx, SCHEMA, NOTED_ON)


def test_processes_that_start_at_once_find_dagsters_tables(empty_database_url, tmp_path):
    url = empty_database_url
    assert at_once(PREPARE, url) == []
    assert read(url, lambda tx: set(sa.inspect(tx).get_table_names(SCHEMA)) >= TABLES)

    (tmp_path / "dagster.yaml").write_text((ROOT / "deploy" / "dagster.yaml").read_text())
    home = {"DAGSTER_HOME": str(tmp_path), STORAGE_VARIABLE: storage_url(url)}
    assert at_once(OPEN, **home) == []


def test_tables_that_are_there_start_no_process(empty_database_url, monkeypatch):
    prepare_storage(empty_database_url)
    monkeypatch.setattr(storage, "_migrate", lambda _: pytest.fail("they were there"))

    prepare_storage(empty_database_url)


def test_what_an_older_dagster_has_made_is_brought_to_the_installed_one(empty_database_url):
    """As a release before the column had left it: this one would fail on each question about a pool."""
    prepare_storage(empty_database_url)
    newest = read(empty_database_url, tables_and_revision)

    def make_older(tx: sa.Connection) -> None:
        tx.execute(sa.text(f"ALTER TABLE {SCHEMA}.concurrency_limits DROP COLUMN using_default_limit"))
        tx.execute(sa.text(f"UPDATE {SCHEMA}.alembic_version SET version_num = '6b7fb194ff9c'"))
        write_note_on(tx, SCHEMA, NOTED_ON, "Dagster 1.9.8")

    read(empty_database_url, make_older)
    assert read(empty_database_url, tables_and_revision) != newest

    prepare_storage(empty_database_url)

    assert read(empty_database_url, tables_and_revision) == newest


def test_what_a_newer_dagster_has_made_is_refused_and_left_alone(empty_database_url):
    prepare_storage(empty_database_url)

    def make_newer(tx: sa.Connection) -> None:
        tx.execute(sa.text(f"UPDATE {SCHEMA}.alembic_version SET version_num = 'of_next_year'"))
        write_note_on(tx, SCHEMA, NOTED_ON, "Dagster 99.0")

    read(empty_database_url, make_newer)
    left = read(empty_database_url, tables_and_revision)

    with pytest.raises(SetupFailed, match="locate revision identified by 'of_next_year'") as raised:
        prepare_storage(empty_database_url)

    assert "restore a backup made before" in raised.value.hint
    assert read(empty_database_url, tables_and_revision) == left


def test_a_user_who_may_not_create_tables_is_told_what_is_missing(empty_database_url):
    url = sa.make_url(empty_database_url)

    def deny(tx: sa.Connection) -> None:
        tx.execute(sa.text(f"CREATE SCHEMA {SCHEMA}"))
        tx.execute(sa.text("DROP ROLE IF EXISTS reader_only"))
        tx.execute(sa.text("CREATE ROLE reader_only LOGIN PASSWORD 'secret'"))
        tx.execute(sa.text(f"GRANT CREATE ON DATABASE {url.database} TO reader_only"))
        tx.execute(sa.text(f"GRANT USAGE ON SCHEMA {SCHEMA} TO reader_only"))

    read(empty_database_url, deny)
    denied = url.set(username="reader_only", password="secret").render_as_string(hide_password=False)
    try:
        with pytest.raises(SetupFailed, match="permission denied for schema dagster") as raised:
            prepare_storage(denied)
    finally:
        read(empty_database_url, lambda tx: tx.execute(sa.text("DROP OWNED BY reader_only")))
        read(empty_database_url, lambda tx: tx.execute(sa.text("DROP ROLE reader_only")))
    assert "secret" not in str(raised.value)
    assert "must own the tables in its schema dagster" in raised.value.hint
