"""How far a watcher is behind its stream, whatever the camera's clock says."""

from collections import deque
from datetime import datetime

WINDOW_S = 600.0


class LagMeter:
    """Seconds behind the best this stream was followed in the last ten minutes.

    A camera's clock may be hours off, so the difference to our own says nothing; how that
    difference grows does.
    """

    def __init__(self) -> None:
        self._offsets: deque[tuple[float, float]] = deque()

    def reset(self) -> None:
        """Forget everything: the stream's clock jumped."""
        self._offsets.clear()

    def lag_s(self, stream_at: datetime, monotonic_s: float) -> float:
        """Take in that `stream_at` was reached at `monotonic_s`; return the lag in seconds, 0 or more."""
        offset_s = monotonic_s - stream_at.timestamp()
        while self._offsets and self._offsets[0][0] < monotonic_s - WINDOW_S:
            self._offsets.popleft()
        while self._offsets and self._offsets[-1][1] >= offset_s:
            self._offsets.pop()
        self._offsets.append((monotonic_s, offset_s))
        return offset_s - self._offsets[0][1]
