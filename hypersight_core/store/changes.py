"""Hear at once that a camera or processor was edited, or that a watcher gave its camera back."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg

from hypersight_core.store.engine import Store

CHANNEL = "watch_change"
"""Notified by triggers on `camera` and `processor`, and by watchers that end; the payload is the camera."""
TOGETHER_S = 0.05
"""Changes so close to each other are one."""


class Changes:
    """Listens on a connection of its own."""

    def __init__(self, store: Store, connection: psycopg.Connection) -> None:
        self._store, self._connection = store, connection

    def wait(self, timeout_s: float) -> bool:
        """Return as soon as something changed since the last call; False after `timeout_s` without.

        Raises:
            DatabaseUnavailable: the connection broke.
        """
        try:
            if not any(True for _ in self._connection.notifies(timeout=timeout_s, stop_after=1)):
                return False
            while any(True for _ in self._connection.notifies(timeout=TOGETHER_S)):
                pass
        except psycopg.Error as error:
            raise self._store.away(error) from error
        return True


@contextmanager
def listening(store: Store) -> Iterator[Changes]:
    """Listen from now on.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    try:
        connection = store.dedicated("hypersight supervisor", statement_timeout_s=5)
    except psycopg.Error as error:
        raise store.away(error) from error
    with closing(connection):
        connection.execute(f"LISTEN {CHANNEL}")
        yield Changes(store, connection)
