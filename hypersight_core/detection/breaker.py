"""Stops asking a service that keeps failing, and looks again after a while."""

import threading
import time
from collections.abc import Callable


class CircuitBreaker:
    """Opens after `failures` in a row; then one call every `pause_s` may see whether the service is back.

    Safe to use from several threads.
    """

    def __init__(
        self, *, failures: int = 5, pause_s: float = 3.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._pause_s, self._clock = failures, pause_s, clock
        self._failures = 0
        self._next_try_s = 0.0
        self._lock = threading.Lock()

    def allows(self) -> bool:
        """Tell whether to call now; while open, True for one caller per pause."""
        with self._lock:
            if self._failures < self._most:
                return True
            if self._clock() < self._next_try_s:
                return False
            self._next_try_s = self._clock() + self._pause_s
            return True

    def succeeded(self) -> None:
        """Close."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """Count one more failure."""
        with self._lock:
            self._failures += 1
            self._next_try_s = self._clock() + self._pause_s
