"""Hearing watchers by a clock that nobody sets."""

from collections.abc import Iterable
from datetime import datetime

from hypersight_core.store.leases import LeaseView


class Pulses:
    """Remembers when each lease's heartbeat was seen to change."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[datetime, float]] = {}

    def silent_s(self, leases: Iterable[LeaseView], now_s: float) -> dict[str, float]:
        """Return for how long each run's heartbeat has stayed the same, by its id; 0 when first seen.

        Args:
            now_s: the machine's monotonic clock.
        """
        seen: dict[str, tuple[datetime, float]] = {}
        for lease in leases:
            before = self._seen.get(lease.run_id)
            is_same = before is not None and before[0] == lease.heartbeat_at
            seen[lease.run_id] = before if is_same and before is not None else (lease.heartbeat_at, now_s)
        self._seen = seen
        return {run_id: now_s - since_s for run_id, (_, since_s) in seen.items()}
