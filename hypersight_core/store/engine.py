"""The door to the database: connections, transactions, and errors a caller can act on."""

import copy
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, InterfaceError, OperationalError

from hypersight_core.errors import DatabaseUnavailable, InvalidInput, NotAllowed, SetupFailed

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 60
IDLE_TRANSACTION_S = 10
"""A process stopped in mid-transaction keeps its locks, and so its successor out, no longer than this."""
KEEPALIVE = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A peer that vanished without a word is noticed within about ten seconds."""


class Store:
    """A pool of connections to one database; safe to share between threads, across a fork only while closed.

    Raises:
        InvalidInput: `database_url` is no URL of a PostgreSQL database.
    """

    def __init__(
        self,
        database_url: str,
        *,
        application_name: str = "hypersight",
        pool_size: int = 5,
        statement_timeout_s: int = STATEMENT_TIMEOUT_S,
    ) -> None:
        self._url = _parsed(database_url)
        self._groups: tuple[str, ...] = ()
        self._application_name = application_name
        self._engine = sa.create_engine(
            self._url,
            pool_size=pool_size,
            pool_pre_ping=True,
            connect_args=KEEPALIVE
            | {
                # JIT takes longer than any question of ours; with many chunks the planner thinks it pays.
                "options": f"-c timezone=UTC -c jit=off -c statement_timeout={statement_timeout_s}s "
                f"-c idle_in_transaction_session_timeout={IDLE_TRANSACTION_S}s",
            },
        )
        sa.event.listen(self._engine, "do_connect", self._name_connection)

    @property
    def address(self) -> str:
        """`host:port/database`, for messages."""
        return f"{self._url.host or 'local socket'}:{self._url.port or 5432}/{self._url.database or ''}"

    def limited_to(self, groups: Collection[str]) -> "Store":
        """Return a door of the same connections whose transactions know nothing but these groups of cameras.

        What they ask and write goes to the views of the schema `limited` instead of the tables.
        """
        limited = copy.copy(self)
        limited._groups = tuple(groups)
        return limited

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Begin; commit at the end of the block, roll back if it raises.

        Raises:
            DatabaseUnavailable: the database is away, full or overloaded; the transaction did not happen
                (if the connection broke during the commit itself, it may have).
            SetupFailed: the database has no tables of ours.
            InvalidInput: a number is too large for its column, or a text holds a zero byte.
            NotAllowed: it is limited, and would write what it could not see afterwards.
        """
        with self._translated(), self._engine.begin() as tx:
            if self._groups:
                tx.execute(_LIMIT, {"groups": ",".join(self._groups)})
            yield tx

    def ping(self) -> str:
        """Return the server's version.

        Raises:
            DatabaseUnavailable: it does not answer.
        """
        with self.transaction() as tx:
            return str(tx.execute(sa.text("SHOW server_version")).scalar_one())

    def hold(self) -> "HeldConnection":
        """Take a connection for long; the caller closes it.

        Raises:
            DatabaseUnavailable: the database does not answer.
        """
        with self._translated():
            return HeldConnection(self._engine.connect(), self._translated)

    def dedicated(self, application_name: str, *, statement_timeout_s: float) -> psycopg.Connection:
        """Open a connection outside the pool that commits each statement; the caller closes it.

        Raises:
            psycopg.OperationalError: the database does not answer.
        """
        options = f"-c timezone=UTC -c statement_timeout={int(statement_timeout_s * 1000)}"
        url = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        conninfo = make_conninfo(url, application_name=application_name, options=options, **KEEPALIVE)
        return psycopg.connect(conninfo, autocommit=True)

    def away(self, cause: BaseException) -> DatabaseUnavailable:
        """Return the error that says this database is away; never with its password."""
        said = str(cause).strip().splitlines()
        reason = said[0] if said else type(cause).__name__
        if self._url.password:
            reason = reason.replace(str(self._url.password), "***")
        return DatabaseUnavailable(
            f"the database at {self.address} is not available: {reason}. "
            "Is the server running, and is HYPERSIGHT_DATABASE_URL right?"
        )

    def rename(self, application_name: str) -> None:
        """Have the server show this name for connections opened from now on."""
        self._application_name = application_name

    def close(self) -> None:
        """Close all idle connections; those in use close when they come back. New ones open when asked."""
        self._engine.dispose()

    def _name_connection(self, *args: Any) -> None:
        """Name a connection that SQLAlchemy is about to open; the last argument holds its options."""
        args[-1]["application_name"] = self._application_name

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            raise self.away(error.orig or error) from error
        except DataError as error:
            said = str(error.orig).splitlines()[0]
            raise InvalidInput(f"the database cannot hold a value: {said}") from error
        except DBAPIError as error:
            if isinstance(error.orig, psycopg.errors.WithCheckOptionViolation):
                raise NotAllowed("this leads beyond the groups of cameras you are limited to") from error
            if isinstance(error.orig, psycopg.errors.UndefinedTable):
                raise SetupFailed(
                    f"the database at {self.address} lacks our tables", hint="run: hypersight migrate"
                ) from error
            raise


class HeldConnection:
    """A connection whose session lasts, and with it the advisory locks it takes; for one thread at a time."""

    def __init__(
        self, connection: Connection, translated: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._connection, self._translated = connection, translated

    @property
    def is_broken(self) -> bool:
        """Whether the session is over."""
        return self._connection.closed or self._connection.invalidated

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Yield the connection; commits at the end, rolls back on error, and the session goes on.

        Raises:
            as `Store.transaction`.
        """
        with self._translated(), self._connection.begin():
            yield self._connection

    def close(self) -> None:
        """End the session."""
        if not self.is_broken:
            self._connection.invalidate()  # back in the pool it would keep its locks
        self._connection.close()


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """Where a database is, for programs that take no URL."""

    host: str
    port: int
    user: str
    password: str
    name: str
    sslmode: str
    """Empty: not said."""


def connection_facts(database_url: str) -> ConnectionFacts:
    """Take a URL apart.

    Raises:
        InvalidInput: it is no URL of a PostgreSQL database.
    """
    url = _parsed(database_url)
    sslmode = url.query.get("sslmode", "")
    return ConnectionFacts(
        host=url.host or "localhost",
        port=url.port or 5432,
        user=url.username or "",
        password=str(url.password or ""),
        name=url.database or "",
        sslmode=sslmode if isinstance(sslmode, str) else sslmode[-1],
    )


_LIMIT = sa.text(
    "SELECT set_config('hypersight.groups', :groups, true), "
    "set_config('search_path', 'limited, ' || current_setting('search_path'), true)"
)


def _parsed(database_url: str) -> sa.URL:
    try:
        url = sa.make_url(database_url)
    except (ArgumentError, ValueError) as error:
        raise InvalidInput(
            "the database URL cannot be read; it looks like postgresql://user:password@host:5432/name"
        ) from error
    if url.drivername not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise InvalidInput(f"the database must be PostgreSQL (postgresql://…), not {url.drivername}://…")
    return url.set(drivername="postgresql+psycopg")
