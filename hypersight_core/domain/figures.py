"""What a watcher counts about itself, for operators; every counter begins at 0 with its watcher."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

LATENCY_BOUNDS_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the classes answers are sorted into by the time they took."""


class Outcome(StrEnum):
    """How one request to a detector ended."""

    ANSWERED = "answered"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    """No connection."""
    BROKEN_OFF = "broken_off"
    """The connection ended before the answer did."""
    BUSY = "busy"
    """429, or 503 with `Retry-After`."""
    ERROR = "error"
    """Any other 5xx."""
    REFUSED = "refused"
    """Any other status: asking again would not help."""
    GARBAGE = "garbage"
    """An answer that the contract does not allow."""


@dataclass(frozen=True, slots=True)
class ServerFigures:
    """One of a detector's servers."""

    url: str
    """Without user and password."""
    is_left_alone: bool
    """Whether it failed so often that it is not asked for now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorFigures:
    """The requests to one detector."""

    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    classes: tuple[int, ...] = (0,) * (len(LATENCY_BOUNDS_S) + 1)
    """Answers by the time they took, by `LATENCY_BOUNDS_S` and, last, beyond them."""
    answering_s: float = 0.0
    """Sum of the times the answers took."""
    retries: int = 0
    given_up: int = 0
    """Pictures without an answer after all tries."""
    in_flight: int = 0
    median_s: float | None = None
    """Of the newest answers; None before the first."""
    slowest_s: float | None = None
    servers: tuple[ServerFigures, ...] = ()

    def __post_init__(self) -> None:
        """Refuse the classes of another version."""
        if len(self.classes) != len(LATENCY_BOUNDS_S) + 1:
            raise ValueError(f"{len(self.classes)} classes instead of {len(LATENCY_BOUNDS_S) + 1}")

    @property
    def requests(self) -> int:
        """How many requests have ended."""
        return sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class Passed:
    """Persons who passed into and out of one zone, of events that are in the database."""

    processor_id: int
    zone: int
    came: int = 0
    went: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherFigures:
    """Everything a watcher counts."""

    detectors: Mapping[str, DetectorFigures] = field(default_factory=dict)
    """By what they find: `objects`, `faces`."""
    frames: Mapping[str, int] = field(default_factory=dict)
    """Wanted frames by what became of them: `detected`, or the reason why not (`Reason`)."""
    left_out: int = 0
    """Frames left out of previews and snapshots, which could not keep up."""
    previews: int = 0
    """Previews that are written now."""
    spool_bytes: int = 0
    """Records on disk that wait for the database."""
    passed: tuple[Passed, ...] = ()
    """Nobody passed any other zone."""
