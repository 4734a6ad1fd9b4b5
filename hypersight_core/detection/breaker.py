"""Stops asking a service that keeps failing, and looks again after a while."""

import random
import threading
import time
from collections.abc import Callable

_random = random.SystemRandom()  # watchers are forked from one process, and must not all draw the same


def spread(seconds: float) -> float:
    """Return up to half as much again, at random: callers that failed together come back one by one."""
    return seconds * _random.uniform(1.0, 1.5)


class CircuitBreaker:
    """Opens after `failures` in a row; then one call a pause may see whether the service is back.

    The pause doubles with each such call that fails. Safe to use from several threads.

    Args:
        longest_s: no pause is longer, but for the spreading.
        jitter: makes a pause differ from those of other callers.
    """

    def __init__(
        self,
        *,
        failures: int = 5,
        pause_s: float = 3.0,
        longest_s: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[float], float] = spread,
    ) -> None:
        self._most, self._first_s, self._longest_s = failures, pause_s, longest_s
        self._clock, self._jitter = clock, jitter
        self._failures = 0
        self._pause_s = pause_s
        self._next_try_s = 0.0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the service is left alone."""
        return self._failures >= self._most

    def is_due(self) -> bool:
        """Tell whether `allows` would say yes."""
        with self._lock:
            return self._is_due()

    def allows(self) -> bool:
        """Tell whether to call now; while open, True for one caller per pause."""
        with self._lock:
            if not self._is_due():
                return False
            self._next_try_s = self._clock() + self._jitter(self._pause_s)
            return True

    def succeeded(self) -> None:
        """Close."""
        with self._lock:
            self._failures, self._pause_s = 0, self._first_s

    def failed(self, *, is_grave: bool = False) -> None:
        """Count one more failure; a grave one opens at once."""
        with self._lock:
            if self.is_open:
                self._pause_s = min(2 * self._pause_s, self._longest_s)
            self._failures = max(self._failures + 1, self._most if is_grave else 0)
            self._next_try_s = self._clock() + self._jitter(self._pause_s)

    def _is_due(self) -> bool:
        return not self.is_open or self._clock() >= self._next_try_s
