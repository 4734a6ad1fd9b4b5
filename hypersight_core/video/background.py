"""A source read by a thread of its own, so that a stalled network never holds up who asks it to stop."""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from hypersight_core.video.pieces import Gap, Segment, SourceState

PIECES_AHEAD = 1
"""Segments fetched while the one before is worked on."""
POLL_S = 0.2
JOIN_S = 1.0


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None = None


Heard = Segment | Gap | SourceState


class Reader(Protocol):
    """Reads a stream until `stop` or its end; may wait inside, but never longer than its time-outs."""

    def read(self, stop: Callable[[], bool]) -> Iterator[Heard]:
        """Yield pieces, and states whenever they change."""
        ...


class BackgroundSource:
    """Hands out what a reader yields; `stop` and `close` work within a second, whatever the reader waits for.

    Args:
        on_state: called in the thread that iterates `pieces`.
    """

    def __init__(
        self, reader: Reader, *, stop: Callable[[], bool], on_state: Callable[[SourceState], None] | None
    ) -> None:
        self._reader, self._stop = reader, stop
        self._on_state = on_state or (lambda _: None)
        self._heard: queue.Queue[Heard | _End] = queue.Queue(PIECES_AHEAD)
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="source", daemon=True)

    def pieces(self) -> Iterator[Segment | Gap]:
        """Yield what is read, in order; ends with the stream or when told to stop."""
        self._on_state(SourceState.CONNECTING)
        self._thread.start()
        while not self._is_over():
            try:
                heard = self._heard.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if isinstance(heard, _End):
                if heard.error is not None:
                    raise heard.error
                return
            if isinstance(heard, SourceState):
                self._on_state(heard)
            else:
                yield heard

    def close(self) -> None:
        """End the thread; one that hangs in a read ends by itself at its time-out."""
        self._is_closed.set()
        if self._thread.ident is not None:
            self._thread.join(JOIN_S)

    def _is_over(self) -> bool:
        return self._is_closed.is_set() or self._stop()

    def _run(self) -> None:
        try:
            for heard in self._reader.read(self._is_over):
                self._put(heard)
                if self._is_over():
                    break
        except Exception as error:  # noqa: BLE001 - raised again where the pieces are asked for
            self._put(_End(error))
        else:
            self._put(_End())

    def _put(self, heard: Heard | _End) -> None:
        while not self._is_over():
            try:
                self._heard.put(heard, timeout=POLL_S)
            except queue.Full:
                continue
            return
