"""Which server answers questions about metrics."""

import asyncio
import logging
from contextlib import suppress

from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store
from hypersight_core.store.replica import Replica

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0


class Reads:
    """Chooses the replica while it is close behind, else the primary: a figure may not be an old one.

    Only questions about metrics are put to it. Whoever changes something, asks for what was just changed, or
    for what goes on now, asks the primary.
    """

    def __init__(self, primary: Store, settings: Settings, pool_size: int) -> None:
        self._primary = primary
        url = settings.database_read_url
        self.replica = (
            Replica(primary, Store(url, application_name="hypersight api reads", pool_size=pool_size))
            if url
            else None
        )

    def chosen(self) -> Store:
        """Return the server to ask now."""
        if self.replica is None or self.replica.problem is not None:
            return self._primary
        return self.replica.store

    async def keep_looking(self, stopping: asyncio.Event) -> None:
        """Look every second how far the replica is behind, until told to stop."""
        if self.replica is None:
            return
        told = self.replica.problem
        while not stopping.is_set():
            await asyncio.to_thread(self.replica.look)
            if (problem := self.replica.problem) != told and (told is None or problem is None):
                _tell(problem)
            told = problem
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), LOOK_EVERY_S)
        self.replica.store.close()


def _tell(problem: str | None) -> None:
    if problem is None:
        logger.info("the replica answers questions about metrics")
    else:
        logger.warning("the primary answers in the replica's stead", extra={"replica": problem})
