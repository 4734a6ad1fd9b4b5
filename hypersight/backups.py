"""Whole databases to one file and back, by PostgreSQL's own `pg_dump` and `pg_restore`."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import LiteralString

import psycopg
import sqlalchemy as sa

from hypersight.postgres_binaries import wheel_bin_dir
from hypersight_core.errors import InvalidInput, SetupFailed

LOOK_S = 0.2
EMPTY = "SELECT NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public' AND tablename = 'camera')"
OTHERS = """
SELECT DISTINCT application_name FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
HAS_TIMESCALE = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')"

Report = Callable[[int], None]
"""Called with the bytes written so far, every now and then."""


def dump(database_url: str, target: Path, *, pg_bin: str = "", report: Report = lambda *_: None) -> int:
    """Write everything in the database, Dagster's tables too, to `target`; return its size in bytes.

    What is written meanwhile is left out: the file shows one moment. It appears under its name when whole.

    Raises:
        SetupFailed: the programs are not there, the database does not answer, or the disk is full.
        InvalidInput: there is a file of that name already.
    """
    if target.exists():
        raise InvalidInput(f"{target} exists already; name another file")
    url = sa.make_url(database_url)
    _connected(url).close()
    part = target.with_name(target.name + ".part")
    try:
        command = [_program("pg_dump", pg_bin), "--format=custom", "--no-owner", "--file", part]
        _run(command, url, lambda: report(part.stat().st_size if part.exists() else 0))
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size


def restore(database_url: str, source: Path, *, pg_bin: str = "") -> None:
    """Fill an empty database from a file of `dump`'s.

    Raises:
        SetupFailed: the programs are not there, the database does not answer, or the file is no such one.
        InvalidInput: the database holds something already, or is in use; nothing was changed.
    """
    if not source.is_file():
        raise InvalidInput(f"there is no file {source}")
    url = sa.make_url(database_url)
    with _connected(url) as connection:
        _check_free(connection, url)
        has_timescale = _one(connection, HAS_TIMESCALE)
    command = [_program("pg_restore", pg_bin), "--no-owner", "--exit-on-error"]
    if has_timescale:
        _say(url, "SELECT timescaledb_pre_restore()")
    else:
        command.append("--single-transaction")  # all of it or nothing
    try:
        _run([*command, "--dbname", str(url.database), source], url, lambda: None)
    finally:
        if has_timescale:
            _say(url, "SELECT timescaledb_post_restore()")


def _check_free(connection: psycopg.Connection, url: sa.URL) -> None:
    if not _one(connection, EMPTY):
        raise InvalidInput(
            f"the database {url.database} holds cameras already; restore into an empty one: "
            f"createdb another, or end everything and dropdb {url.database} first"
        )
    others = [str(name) for (name,) in connection.execute(OTHERS).fetchall()]
    if others:
        raise InvalidInput(f"the database is in use by {', '.join(others)}; end these first")


def _run(command: Sequence[object], url: sa.URL, look: Callable[[], None]) -> None:
    words = [str(word) for word in command]
    process = subprocess.Popen(
        words, env={**os.environ, **_libpq(url)}, stdin=subprocess.DEVNULL,  # noqa: TID251 - children inherit PATH
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None  # noqa: S101 - asked for above
    with process, process.stderr:
        while process.poll() is None:
            look()
            time.sleep(LOOK_S)
        said = process.stderr.read().strip()
    if process.returncode:
        last = said.splitlines()[-1] if said else f"exit code {process.returncode}"
        raise SetupFailed(f"{Path(words[0]).name} failed: {last}", hint="nothing was left half done")


def _program(name: str, pg_bin: str) -> Path:
    """Return a program of the embedded server's version, which reads older servers too, or the machine's."""
    folder = Path(pg_bin) if pg_bin else wheel_bin_dir()
    if (folder / name).exists():
        return folder / name
    if found := shutil.which(name):
        return Path(found)
    raise SetupFailed(
        f"there is no {name}",
        hint="set HYPERSIGHT_PG_BIN to the bin folder of a PostgreSQL of the server's version",
    )


def _libpq(url: sa.URL) -> Mapping[str, str]:
    """Return libpq's variables: arguments of a program are there for everybody on the machine to read."""
    known = {
        "PGHOST": url.host, "PGPORT": str(url.port or 5432), "PGUSER": url.username,
        "PGPASSWORD": url.password, "PGDATABASE": url.database,
    }  # fmt: skip
    return {name: str(value) for name, value in known.items() if value}


def _connected(url: sa.URL) -> psycopg.Connection:
    try:
        return psycopg.connect(
            host=url.host, port=url.port or 5432, user=url.username, password=url.password,
            dbname=url.database, connect_timeout=10, autocommit=True, application_name="hypersight backup",
        )  # fmt: skip
    except psycopg.OperationalError as error:
        raise SetupFailed(
            f"the database does not answer: {str(error).splitlines()[0]}",
            hint="check HYPERSIGHT_DATABASE_URL",
        ) from error


def _say(url: sa.URL, statement: LiteralString) -> None:
    with _connected(url) as connection:
        connection.execute(statement)


def _one(connection: psycopg.Connection, statement: LiteralString) -> bool:
    row = connection.execute(statement).fetchone()
    return bool(row and row[0])
