"""Work that only one process may do at a time: all who do it hold the same advisory lock."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import psycopg

from hypersight_core.store.engine import Store

logger = logging.getLogger(__name__)


@contextmanager
def alone(
    store: Store, work: str, lock: tuple[int, int], *, say: Callable[[str], object] = logger.info
) -> Iterator[psycopg.Connection]:
    """Wait, as long as it takes, until nobody else holds `lock`, and hold it for the block.

    Args:
        store: the database whose lock it is.
        work: what is done, for the server's list of connections and for who waits.
        lock: both halves of the advisory lock's key.
        say: is told that it waits, when it does.

    Yields:
        the connection that holds the lock; it commits each statement. A process that is killed loses both.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    try:
        with closing(store.dedicated(f"hypersight {work}", statement_timeout_s=0)) as connection:
            held = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", lock).fetchone()
            if held != (True,):
                say(f"{work}: another process is at it; waiting until it is done")
                connection.execute("SELECT pg_advisory_lock(%s, %s)", lock)
            yield connection
    except psycopg.OperationalError as error:
        raise store.away(error) from error
