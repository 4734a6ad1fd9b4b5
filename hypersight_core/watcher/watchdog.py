"""Notices that the loop is stuck: native code that never returns (a decoder, a driver) stops no other thread.

Heartbeats would go on for ever, and nobody would replace the watcher.
"""

import faulthandler
import logging
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

logger = logging.getLogger(__name__)

MARGIN_S = 60.0
"""Work that takes so much longer than it may is stuck, not slow."""
STUCK_EXIT_CODE = 70
"""EX_SOFTWARE of sysexits.h."""


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    seconds: float


class Watchdog:
    """Counts the looks that find the same work in hand.

    Looks rather than seconds: while a machine or a process is suspended, nobody looks either.

    Args:
        look_every_s: how often `is_stuck` is called.
    """

    def __init__(self, look_every_s: float) -> None:
        self._look_every_s = look_every_s
        self._work: _Work | None = None
        self._seen: _Work | None = None
        self._looks = 0

    @contextmanager
    def at_work(self, seconds: float) -> Iterator[None]:
        """Say that what goes on ends after about `seconds` by its own limits."""
        self._work = _Work(seconds)
        try:
            yield
        finally:
            self._work = None

    def is_stuck(self) -> bool:
        """Look; always from the same thread."""
        work = self._work
        if work is not self._seen:
            self._seen, self._looks = work, 0
        if work is None:
            return False
        self._looks += 1
        return self._looks > math.ceil((work.seconds + MARGIN_S) / self._look_every_s)


def end_process() -> None:
    """Say where every thread stands, and end at once: nothing else gets a thread out of native code."""
    logger.error("stuck in a segment, the watcher ends and is replaced")
    faulthandler.dump_traceback(sys.__stderr__ or 2)
    logging.shutdown()
    os._exit(STUCK_EXIT_CODE)
