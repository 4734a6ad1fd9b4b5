"""Databases for tests: on PostgreSQL for all of them, and on TimescaleDB for those of the store."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psycopg
import sqlalchemy as sa
from psycopg import sql

from hypersight.postgres import EmbeddedPostgres
from hypersight_core.store import schema
from tests.timescale.server import wasm_database

POSTGRESQL, TIMESCALEDB = LANES = ("postgresql", "timescaledb")
GIVEN = {
    POSTGRESQL: os.environ.get("HYPERSIGHT_TEST_DATABASE_URL"),  # noqa: TID251 - tests are an entry point
    TIMESCALEDB: os.environ.get("HYPERSIGHT_TEST_TIMESCALE_DSN"),  # noqa: TID251
}
"""URL of a server that is there already; without one a lane brings its own."""

EmptyDatabase = Callable[[], AbstractContextManager[str]]
"""Makes a database without any table, yields its URL, and removes it."""


def has_real_backends(lane: str) -> bool:
    """Return whether each connection is a server process of its own, as everywhere but in WebAssembly."""
    return lane == POSTGRESQL or bool(GIVEN[lane])


class Databases:
    """What one test run uses; servers and databases are made when first asked for."""

    def __init__(self) -> None:
        self._opened = ExitStack()
        self._servers: dict[str, EmptyDatabase] = {}
        self._shared_urls: dict[str, str] = {}

    def empty(self, lane: str) -> AbstractContextManager[str]:
        """Return a context with the URL of a database of its own, without any table."""
        if lane not in self._servers:
            self._servers[lane] = self._server(lane)
        return self._servers[lane]()

    def shared_url(self, lane: str) -> str:
        """Return the URL of the lane's database that has the newest schema."""
        if lane not in self._shared_urls:
            url = self._opened.enter_context(self.empty(lane))
            schema.upgrade(url)
            self._shared_urls[lane] = url
        return self._shared_urls[lane]

    def close(self) -> None:
        self._opened.close()

    def _server(self, lane: str) -> EmptyDatabase:
        if url := GIVEN[lane]:
            return partial(_database_on, url)
        if lane == TIMESCALEDB:
            return wasm_database
        folder = self._opened.enter_context(open_folder())
        server = self._opened.enter_context(EmbeddedPostgres(folder / "postgres"))
        return partial(_database_on, server.url)


@contextmanager
def open_folder() -> Iterator[Path]:
    """Yield an empty folder that a server's account may enter, as pytest's own folders it may not."""
    folder = Path(tempfile.mkdtemp(prefix="hypersight-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def _database_on(server_url: str) -> Iterator[str]:
    name = f"hypersight_test_{secrets.token_hex(4)}"
    server = sa.make_url(server_url).set(drivername="postgresql")
    with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield server.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
