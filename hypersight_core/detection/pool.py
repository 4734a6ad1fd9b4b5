"""The servers that can answer a call, taken in turn; one that keeps failing is left out for a while."""

import threading
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from hypersight_core.detection.breaker import CircuitBreaker
from hypersight_core.errors import InvalidInput


@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """One address, and whether it is worth asking."""

    url: str
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)


class ServerPool:
    """Round robin over servers that do the same; safe to use from several threads.

    Args:
        urls: one or more, parted by commas.

    Raises:
        InvalidInput: there is none, or one that is not http(s).
    """

    def __init__(self, urls: str) -> None:
        self._servers = [Server(url.strip()) for url in urls.split(",") if url.strip()]
        for server in self._servers:
            parts = urlsplit(server.url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise InvalidInput("a detector's address must look like http://host:port/path")
        if not self._servers:
            raise InvalidInput("there is no detector's address")
        self._next = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._servers)

    @property
    def first(self) -> Server:
        """The one named first."""
        return self._servers[0]

    def take(self) -> Server | None:
        """Return the server whose turn it is; None while all are left alone."""
        with self._lock:
            for step in range(len(self._servers)):
                index = (self._next + step) % len(self._servers)
                if self._servers[index].breaker.allows():
                    self._next = index + 1
                    return self._servers[index]
        return None
