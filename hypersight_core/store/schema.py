"""Bring a database to the newest schema, from nothing or from any older one."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from hypersight_core.errors import SetupFailed
from hypersight_core.store.engine import Store

MIGRATIONS = Path(__file__).parent / "migrations"
UPGRADE_LOCK = (7000, 1)
"""Advisory lock held while migrating."""
LOCK_NAME = "hypersight migrate lock"
NO_TIMEOUTS = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"


def upgrade(database_url: str) -> None:
    """Apply all missing migrations; nothing to do is fine, and two at once wait for each other.

    Raises:
        DatabaseUnavailable: the database does not answer.
        InvalidInput: the URL is none of a PostgreSQL database.
        SetupFailed: a newer release has made its schema.
    """
    with _opened(database_url) as store, _alone(store), store.transaction() as migrating:
        migrating.execute(sa.text(NO_TIMEOUTS))
        _refuse_newer(migrating)
        command.upgrade(alembic_config(migrating), "head")


def is_current(database_url: str) -> bool:
    """Return whether all migrations are applied.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with _opened(database_url) as store, store.transaction() as tx:
        applied = MigrationContext.configure(tx).get_current_heads()
    return set(applied) == set(ScriptDirectory.from_config(alembic_config()).get_heads())


def alembic_config(connection: Connection | None = None) -> Config:
    """Return what alembic needs for our migrations; commands that change something need `connection`."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _refuse_newer(tx: Connection) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
    unknown = set(MigrationContext.configure(tx).get_current_heads()) - known
    if unknown:
        raise SetupFailed(
            f"the database has schema {', '.join(sorted(unknown))}, made by a newer release",
            hint="run that release, or restore a backup made before the update",
        )


@contextmanager
def _alone(store: Store) -> Iterator[None]:
    """Hold the lock of migrations.

    On a connection of its own, since a migration may end its transaction half way; outside a transaction,
    since one that idles for long holds up vacuum.
    """
    with ExitStack() as opened:
        try:
            connection = opened.enter_context(closing(store.dedicated(LOCK_NAME, statement_timeout_s=0)))
            connection.execute("SELECT pg_advisory_lock(%s, %s)", UPGRADE_LOCK)
        except psycopg.OperationalError as error:
            raise store.away(error) from error
        yield


@contextmanager
def _opened(database_url: str) -> Iterator[Store]:
    store = Store(database_url, application_name="hypersight migrate", pool_size=2)
    try:
        yield store
    finally:
        store.close()
