"""Answers about an interval: a value, and how much of the interval was really watched."""

from dataclasses import dataclass
from datetime import datetime

from hypersight_core.domain.events import Event


@dataclass(frozen=True, slots=True)
class Coverage:
    """The part of an interval for which the camera was really watched."""

    watched_s: float
    interval_s: float

    @property
    def share(self) -> float:
        """In [0, 1]; an empty interval counts as wholly watched."""
        return min(1.0, self.watched_s / self.interval_s) if self.interval_s > 0 else 1.0


@dataclass(frozen=True, slots=True)
class TrafficTotal:
    """Persons that came in, and persons that left, in start < ts <= stop."""

    value: int
    """How many came in."""
    out_value: int
    first_at: datetime | None
    last_at: datetime | None
    """First and last coming in."""
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class TrafficBucket:
    """One bucket of a traffic series: start < ts <= stop."""

    start_at: datetime
    stop_at: datetime
    value: int
    """How many came in."""
    out_value: int
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class Count:
    """Persons present from `counted_at` on, until the next count."""

    people_count: int
    counted_at: datetime


@dataclass(frozen=True, slots=True)
class Presence:
    """Persons present at a moment."""

    last: Count | None
    """The last count at or before it; None when nothing was ever counted."""
    coverage: Coverage
    """Of the minute before it."""

    @property
    def is_stale(self) -> bool:
        """Whether nobody looked just then: the count is only the last one known."""
        return self.coverage.watched_s <= 0


DWELL_EDGES_S = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
"""Where the bins of lengths of stay begin; the last has no end."""


@dataclass(frozen=True, slots=True)
class Dwell:
    """How long those stayed that left in start < ts <= stop."""

    people_by_bin: tuple[int, ...]
    """Persons by `DWELL_EDGES_S`."""
    mean_s: float | None
    median_s: float | None
    longest_s: float | None
    """None when nobody left."""
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, newest first."""

    events: tuple[Event, ...]
    coverage: Coverage | None
    """From the oldest to the newest of them; None without any."""


@dataclass(frozen=True, slots=True)
class PresenceBucket:
    """Persons present during one bucket; None where nothing is known."""

    start_at: datetime
    stop_at: datetime
    mean: float | None
    min: int | None
    max: int | None
    coverage: Coverage

    @property
    def is_stale(self) -> bool:
        """Whether nobody looked at any time of it, so that nothing is known."""
        return self.coverage.watched_s <= 0
