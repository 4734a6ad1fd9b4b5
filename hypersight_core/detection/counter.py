"""Counts the requests to one detector."""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from statistics import median

from hypersight_core.domain.figures import LATENCY_BOUNDS_S, DetectorFigures, Outcome, ServerFigures


class CallCounter:
    """Counters that only grow; safe to use from several threads."""

    def __init__(self) -> None:
        self._outcomes: Counter[Outcome] = Counter()
        self._classes = [0] * (len(LATENCY_BOUNDS_S) + 1)
        self._answering_s = 0.0
        self._begun = self._retries = self._given_up = 0
        self._lock = threading.Lock()

    def began(self) -> None:
        """Count a request that is sent."""
        with self._lock:
            self._begun += 1

    def ended(self, outcome: Outcome, seconds: float) -> None:
        """Count how a request ended, and after how long."""
        with self._lock:
            self._outcomes[outcome] += 1
            if outcome is Outcome.ANSWERED:
                self._classes[bisect_left(LATENCY_BOUNDS_S, seconds)] += 1
                self._answering_s += seconds

    def retried(self) -> None:
        """Count one more try for the same picture."""
        with self._lock:
            self._retries += 1

    def gave_up(self) -> None:
        """Count a picture that got no answer."""
        with self._lock:
            self._given_up += 1

    def figures(self, newest_s: Sequence[float], servers: Sequence[ServerFigures]) -> DetectorFigures:
        """Return everything counted so far, and how it is now.

        Args:
            newest_s: how long the newest answers took.
        """
        with self._lock:
            return DetectorFigures(
                outcomes=dict(self._outcomes),
                classes=tuple(self._classes),
                answering_s=self._answering_s,
                retries=self._retries,
                given_up=self._given_up,
                in_flight=self._begun - self._outcomes.total(),
                median_s=median(newest_s) if newest_s else None,
                slowest_s=max(newest_s, default=None),
                servers=tuple(servers),
            )
