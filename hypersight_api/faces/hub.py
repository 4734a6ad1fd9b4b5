"""Passes faces on to everybody who looks; nobody waits for anybody."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Container, Iterator
from contextlib import contextmanager

import msgspec

Publish = Callable[[str], Awaitable[None]]
"""Broadcasts a message."""

WAITING_MESSAGES = 8
"""What one client may be behind before it loses its oldest messages."""


class _Origin(msgspec.Struct, frozen=True):
    camera_id: str


class Viewer:
    """One client's own queue."""

    def __init__(self, waiting: int, camera_ids: Container[str] | None = None) -> None:
        self.camera_ids = camera_ids
        """The cameras whose faces it may see; None: all."""
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
    def join(self, camera_ids: Container[str] | None = None) -> Iterator[Viewer]:
        """Take part from here to the end of the block.

        Args:
            camera_ids: the cameras whose faces are wanted; None: all.
        """
        viewer = Viewer(self._waiting, camera_ids)
        self._viewers.add(viewer)
        try:
            yield viewer
        finally:
            self._viewers.discard(viewer)

    def broadcast(self, message: str) -> None:
        """Give a message to everybody who may see its camera; never waits."""
        is_asked = any(viewer.camera_ids is not None for viewer in self._viewers)
        camera_id = msgspec.json.decode(message, type=_Origin).camera_id if is_asked else ""
        for viewer in self._viewers:
            if viewer.camera_ids is None or camera_id in viewer.camera_ids:
                viewer.put(message)
