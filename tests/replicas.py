"""A streaming replica of an embedded server, made by PostgreSQL's own `pg_basebackup`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa

from hypersight.postgres import EmbeddedPostgres
from hypersight.postgres_binaries import PostgresBinaries, ServerAccount


class Pair:
    """A primary and its replica."""

    def __init__(self, primary: EmbeddedPostgres, replica: EmbeddedPostgres) -> None:
        self.primary, self.replica = primary, replica

    def pause(self) -> None:
        """Let the replica replay nothing of what it hears."""
        self._ask(self.replica, "SELECT pg_wal_replay_pause()")
        until_s = time.monotonic() + 10
        while self._ask(self.replica, "SELECT pg_get_wal_replay_pause_state()") != "paused":
            assert time.monotonic() < until_s
            time.sleep(0.02)

    def resume(self) -> None:
        self._ask(self.replica, "SELECT pg_wal_replay_resume()")

    def catch_up(self) -> None:
        """Wait until the replica has what the primary has."""
        written = self._ask(self.primary, "SELECT pg_current_wal_flush_lsn()::text")
        until_s = time.monotonic() + 10
        while not self._ask(self.replica, f"SELECT pg_last_wal_replay_lsn() >= '{written}'"):
            assert time.monotonic() < until_s
            time.sleep(0.02)

    def _ask(self, server: EmbeddedPostgres, question: str) -> object:
        with psycopg.connect(dsn(server.url), autocommit=True) as connection:
            [answer] = connection.execute(question.encode()).fetchone() or [None]
            return answer


def dsn(url: str) -> str:
    """Return the URL as PostgreSQL's own programs read it."""
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def replicated(primary: EmbeddedPostgres, folder: Path) -> Iterator[Pair]:
    """Yield a running server with a running replica of it in `folder`."""
    account = ServerAccount.for_folder(folder / "data")
    folder.mkdir()
    account.own(folder)
    binaries = PostgresBinaries.find(None, account, folder)
    problem = account.run(
        binaries.program("pg_basebackup"),
        *("-d", dsn(primary.url), "-D", folder / "data", "-R", "--checkpoint=fast"),
        output=folder / "basebackup.log",
    )
    assert not problem, problem
    (folder / "password").write_text((primary.folder / "password").read_text())
    with EmbeddedPostgres(folder) as replica:
        yield Pair(primary, replica)
