"""Noticing that somebody, or NTP, set the machine's clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

STEP_S = 5.0
"""Less is no step: clocks are slewed, and processes wait for a processor between two readings."""


@dataclass(slots=True)
class ClockWatch:
    """Compares the clock on the wall with one that only ever runs forward."""

    _apart: timedelta | None = None

    def step_s(self, wall_at: datetime, monotonic_s: float) -> float:
        """Return by how much the clock was set since the last reading; 0: not at all; negative: back.

        A machine that slept counts as one whose clock was set forward.
        """
        apart = wall_at - datetime.fromtimestamp(0, wall_at.tzinfo) - timedelta(seconds=monotonic_s)
        before, self._apart = self._apart, apart
        step_s = 0.0 if before is None else (apart - before).total_seconds()
        return step_s if abs(step_s) >= STEP_S else 0.0


def put_into_words(step_s: float, at: datetime) -> str:
    """Say what happened, for logs and the status."""
    way = "ahead" if step_s > 0 else "back"
    return f"this machine's clock was set {way} by {abs(step_s):.0f} s at {at:%Y-%m-%d %H:%M:%S} UTC"
