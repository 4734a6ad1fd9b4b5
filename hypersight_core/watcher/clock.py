"""A watcher that says so when the clock of its machine is set."""

import logging
import time
from datetime import UTC, datetime

from hypersight_core.domain.clock import ClockWatch, put_into_words

logger = logging.getLogger(__name__)

SAID_FOR_S = 600.0


class ClockNotice:
    """Looks at the clock whenever it is asked, and tells of a step for ten minutes.

    What is counted does not depend on it: time comes from the stream, or goes on from where it was.
    """

    def __init__(self) -> None:
        self._watch = ClockWatch()
        self._said, self._until_s = "", 0.0
        self.text()

    def text(self) -> str:
        """Return what an operator should know of the clock; empty when nothing."""
        now_at, now_s = datetime.now(UTC), time.monotonic()
        if step_s := self._watch.step_s(now_at, now_s):
            self._said, self._until_s = put_into_words(step_s, now_at), now_s + SAID_FOR_S
            logger.warning("the clock was set", extra={"step_s": round(step_s, 1)})
        return self._said if now_s < self._until_s else ""
