"""Waiting, in ways that end when they should."""

import random
import time
from collections.abc import Callable, Iterator

from hypersight_core.errors import SourceUnavailable
from hypersight_core.video.pieces import SourceState

STEP_S = 0.2
FIRST_PAUSE_S = 0.5

_random = random.SystemRandom()


def pause(seconds: float, stop: Callable[[], bool]) -> None:
    """Wait, but not on when `stop` says so."""
    ends_s = time.monotonic() + seconds
    while not stop() and (left_s := ends_s - time.monotonic()) > 0:
        time.sleep(min(STEP_S, left_s))


class Backoff:
    """Pauses between tries to connect: longer each time up to a cap, never two cameras in step."""

    def __init__(self, most_s: float) -> None:
        self.most_s = most_s
        self._tries = 0

    def reset(self) -> None:
        """Start over: the last try worked."""
        self._tries = 0

    def next_s(self) -> float:
        """Return how long to wait now."""
        pause_s = min(self.most_s, FIRST_PAUSE_S * 2.0 ** min(self._tries, 10))
        self._tries += 1
        return pause_s * _random.uniform(0.5, 1.0)


class News:
    """Passes on a state only when it differs from the one before."""

    def __init__(self) -> None:
        self._last: SourceState | None = None

    def of(self, state: SourceState) -> Iterator[SourceState]:
        """Yield `state` if it is news."""
        if state != self._last:
            self._last = state
            yield state

    def trouble(self, error: SourceUnavailable) -> Iterator[SourceState]:
        """Yield a not-connected state that says what is wrong, if it is news."""
        return self.of(SourceState(is_connected=False, detail=str(error), fault=error.fault))
