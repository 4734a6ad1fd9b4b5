"""What tests of several folders stand on: a real PostgreSQL, never a substitute for one."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from hypersight.postgres import EmbeddedPostgres
from hypersight_core.store import schema
from hypersight_core.store.engine import Store
from hypersight_core.store.tables import metadata


@pytest.fixture
def server_dir() -> Iterator[Path]:
    """Yield an empty folder that a server's account may enter, as pytest's own folders it may not."""
    folder = _open_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """Yield the URL of a PostgreSQL server: the given one, else an embedded one of this test run's own."""
    given = os.environ.get("HYPERSIGHT_TEST_DATABASE_URL")  # noqa: TID251 - tests are an entry point
    if given:
        yield given
        return
    folder = _open_folder()
    with EmbeddedPostgres(folder / "postgres") as server:
        yield server.url
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def database_url(server_url: str) -> Iterator[str]:
    """Yield the URL of a database made for this test run, on the newest schema."""
    name = f"hypersight_test_{secrets.token_hex(4)}"
    server = sa.make_url(server_url).set(drivername="postgresql")
    with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = server.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
        schema.upgrade(url)
        yield url
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """Yield a store on empty tables."""
    opened = Store(database_url, application_name="hypersight tests")
    names = ", ".join(table.name for table in metadata.sorted_tables)
    with opened.transaction() as tx:
        tx.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    yield opened
    opened.close()


def _open_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="hypersight-test-"))
    folder.chmod(0o755)
    return folder
