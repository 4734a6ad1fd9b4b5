"""Passes faces on to everybody who looks; nobody waits for anybody."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

Publish = Callable[[str], Awaitable[None]]
"""Broadcasts a message."""
WAITING_MESSAGES = 8
"""What one client may be behind before it loses its oldest messages."""


class Viewer:
    """One client's own queue."""

    def __init__(self, waiting: int) -> None:
        self._messages: deque[str] = deque(maxlen=waiting)
        self._filled = asyncio.Event()

    def put(self, message: str) -> None:
        """Add a message; a full queue loses its oldest."""
        self._messages.append(message)
        self._filled.set()

    async def next(self) -> str:
        """Wait for and return the oldest message that is still there."""
        while not self._messages:
            self._filled.clear()
            await self._filled.wait()
        return self._messages.popleft()


class FacesHub:
    """All clients that look at this moment; used from the event loop only."""

    def __init__(self, waiting: int = WAITING_MESSAGES) -> None:
        self._waiting = waiting
        self._viewers: set[Viewer] = set()

    @property
    def viewer_count(self) -> int:
        """How many clients look now."""
        return len(self._viewers)

    @contextmanager
    def join(self) -> Iterator[Viewer]:
        """Take part from here to the end of the block."""
        viewer = Viewer(self._waiting)
        self._viewers.add(viewer)
        try:
            yield viewer
        finally:
            self._viewers.discard(viewer)

    def broadcast(self, message: str) -> None:
        """Give a message to everybody; never waits."""
        for viewer in self._viewers:
            viewer.put(message)
