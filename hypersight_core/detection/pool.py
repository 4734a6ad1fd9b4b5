"""The servers that can answer a call: the least busy first, those that fail or rest left out."""

import threading
import time
from collections import deque
from collections.abc import Collection
from types import TracebackType
from typing import Self

import httpx

from hypersight_core.detection.breaker import CircuitBreaker, spread
from hypersight_core.detection.places import CallLimit, Place, Places
from hypersight_core.domain.figures import ServerFigures
from hypersight_core.errors import InvalidInput
from hypersight_core.redaction import redacted

PAUSE_S, LONGEST_PAUSE_S = 3.0, 30.0
"""A server that is left alone is asked again after so long; the longer one where others stand in for it."""
NEWEST_ANSWERS = 50
LEAST_PATIENCE_S = 1.0
FIRST_PATIENCE_S = 3.0
TIMES_THE_SLOWEST = 4.0
"""Where another server could answer, one that takes so much longer than any of the newest answers hangs."""


class Server:
    """One address, and whether it is worth asking."""

    def __init__(self, url: str, breaker: CircuitBreaker, places: Places | None) -> None:
        self.url, self.breaker, self.places = url, breaker, places
        self.calls = 0
        """Under way, of this process."""
        self.rests_until_s = 0.0

    def rest(self, seconds: float) -> None:
        """Be left alone for at least so long: it asked for it, or just failed."""
        self.rests_until_s = max(self.rests_until_s, time.monotonic() + spread(seconds))

    @property
    def rests_s(self) -> float:
        """How long it rests from now on; 0: not at all."""
        return max(0.0, self.rests_until_s - time.monotonic())


class Turn:
    """The right to make one call to a server; a context manager that gives it back."""

    def __init__(self, pool: "ServerPool", server: Server, place: Place | None) -> None:
        self.server = server
        self._pool, self._place = pool, place

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.give_back(self.server)
        if self._place is not None:
            self._place.close()


class ServerPool:
    """Servers that do the same; safe to use from several threads.

    Args:
        urls: one or more, parted by commas.
        limit: of calls to one server; None: there is none.

    Raises:
        InvalidInput: there is no URL, or one that is not http(s).
    """

    def __init__(self, urls: str, limit: CallLimit | None = None) -> None:
        found = [url.strip() for url in urls.split(",") if url.strip()]
        if not found:
            raise InvalidInput("there is no detector's address")
        longest_s = LONGEST_PAUSE_S if len(found) > 1 else PAUSE_S
        self._servers = [
            Server(
                _checked(url),
                CircuitBreaker(pause_s=PAUSE_S, longest_s=longest_s),
                Places(limit, url) if limit else None,
            )
            for url in found
        ]
        self._next = 0
        self._answers_s: deque[float] = deque(maxlen=NEWEST_ANSWERS)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._servers)

    @property
    def first(self) -> Server:
        """The one named first."""
        return self._servers[0]

    def take(self, avoid: Collection[Server]) -> Turn | None:
        """Return the right to ask a server, one of `avoid` only if no other can be asked; None: none can."""
        with self._lock:
            for index in self._order(avoid):
                server = self._servers[index]
                if server.rests_s or not server.breaker.is_due():
                    continue
                place = server.places.take() if server.places else None
                if server.places and place is None:
                    continue
                if server.breaker.allows():
                    self._next = index + 1
                    server.calls += 1
                    return Turn(self, server, place)
                if place is not None:
                    place.close()
        return None

    def give_back(self, server: Server) -> None:
        """End a call."""
        with self._lock:
            server.calls -= 1

    def free_in_s(self) -> float | None:
        """Return how long all that may be asked rest; 0: they are only full. None: all are left alone."""
        return min((one.rests_s for one in self._servers if one.breaker.is_due()), default=None)

    def has_stand_in(self, server: Server, avoid: Collection[Server]) -> bool:
        """Return whether another server, not one of `avoid`, is there to be asked instead."""
        return any(
            not (other is server or other in avoid or other.rests_s or other.breaker.is_open)
            for other in self._servers
        )

    def patience_s(self, server: Server, avoid: Collection[Server], timeout_s: float) -> float:
        """Return how long to wait for an answer: less than `timeout_s` where another server could give it."""
        if not self.has_stand_in(server, avoid):
            return timeout_s
        with self._lock:
            slowest_s = max(self._answers_s, default=None)
        if slowest_s is None:
            return min(timeout_s, FIRST_PATIENCE_S)
        return min(timeout_s, max(LEAST_PATIENCE_S, TIMES_THE_SLOWEST * slowest_s))

    def answered(self, server: Server, seconds: float) -> None:
        """Remember that a server answered, and how long it took."""
        server.breaker.succeeded()
        with self._lock:
            self._answers_s.append(seconds)

    def newest_answers_s(self) -> list[float]:
        """Return how long the newest answers took."""
        with self._lock:
            return list(self._answers_s)

    def figures(self) -> list[ServerFigures]:
        """Return the state of each server."""
        return [ServerFigures(redacted(one.url), one.breaker.is_open) for one in self._servers]

    def _order(self, avoid: Collection[Server]) -> list[int]:
        """Return the servers' numbers: least busy first, equal ones in turn."""
        count = len(self._servers)
        turns = [(self._next + step) % count for step in range(count)]
        return sorted(turns, key=lambda i: (self._servers[i] in avoid, self._servers[i].calls))


def _checked(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InvalidInput(f"a detector's address cannot be read: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise InvalidInput("a detector's address must look like http://host:port/path")
    return url
