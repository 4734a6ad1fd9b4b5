"""A streaming replica that questions may be put to, and how far it is behind its primary."""

import time
from collections import deque
from collections.abc import Callable

import sqlalchemy as sa

from hypersight_core.errors import HypersightError
from hypersight_core.store.engine import Store

LONGEST_BEHIND_S = 10.0
"""A replica further behind is asked nothing."""
REMEMBERED = 3600
"""Looks whose writing a replica may still lack; with one a second, an hour of them."""
WHERE = sa.text(
    """
    SELECT
        pg_is_in_recovery(),
        (SELECT system_identifier FROM pg_control_system()) || ' ' || current_database(),
        pg_wal_lsn_diff(
            CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, '0/0'
        )::bigint
    """
)
Where = tuple[bool, str, int]
"""Whether it is a replica, which database of which cluster it has, and up to where: a position in the log."""


class Replica:
    """Knows until when a replica knows everything.

    What the primary had written at a moment is in the replica once that has replayed as far as the primary
    was at that moment. This takes no rights and no clock of either server, and a replica that lost its
    primary, or whose replay was paused, cannot hide it.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, primary: Store, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._primary, self.store, self._clock = primary, store, clock
        self._begun_s = clock()
        self._complete_until_s: float | None = None
        self._written: deque[tuple[float, int]] = deque(maxlen=REMEMBERED)
        self._database: str | None = None
        self._reason: str | None = None

    @property
    def behind_s(self) -> float:
        """For how long it may lack what was written, in seconds; it grows while nobody looks."""
        since_s = self._begun_s if self._complete_until_s is None else self._complete_until_s
        return self._clock() - since_s

    @property
    def problem(self) -> str | None:
        """Why it should not be asked, in words without its address; None: it may be."""
        if self._reason is not None:
            return self._reason
        if self._complete_until_s is None:
            return "has not caught up yet"
        return f"is {self.behind_s:.0f} s behind" if self.behind_s > LONGEST_BEHIND_S else None

    def look(self) -> None:
        """Compare the two servers, by one question to each; from one thread at a time."""
        at_s = self._clock()
        primary = _where(self._primary)
        if primary is not None:
            _, self._database, written = primary
            self._written.append((at_s, written))
        replica = _where(self.store)
        self._reason = self._why_not(replica)
        if replica is not None and self._reason is None:
            self._note(replica[2])

    def _why_not(self, replica: Where | None) -> str | None:
        if replica is None:
            return "does not answer"
        is_replica, database, _ = replica
        is_ours = is_replica and self._database in {None, database}
        return None if is_ours else "is no replica of this database"

    def _note(self, replayed: int) -> None:
        while self._written and self._written[0][1] <= replayed:
            self._complete_until_s, _ = self._written.popleft()


def _where(store: Store) -> Where | None:
    """Ask a server; None when it does not answer."""
    try:
        with store.transaction() as tx:
            is_replica, database, position = tx.execute(WHERE).one()
            return bool(is_replica), str(database), int(position)
    except HypersightError:
        return None
