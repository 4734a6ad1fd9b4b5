"""What is saved: events, observations, and the record one segment leaves behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from hypersight_core.domain.cells import CellTime
from hypersight_core.errors import InvalidInput

NO_ZONE = -1
"""`zone` of an event that belongs to all zones together."""
NO_TRACK = 0
"""`track_id` of an event that belongs to no single person."""


class EventKind(StrEnum):
    """What happened."""

    ENTER = "enter"
    """A person went into a zone."""
    EXIT = "exit"
    """A person left a zone; `dwell_s` says how long it was inside."""
    CROSS_IN = "cross_in"
    """A person crossed a directed line from its left to its right."""
    CROSS_OUT = "cross_out"
    """A person crossed a directed line from its right to its left."""
    COUNT = "count"
    """From now on `value` persons are present (a step function)."""


TRAFFIC_KINDS = (EventKind.ENTER, EventKind.CROSS_IN)
"""The kinds whose values add up to a processor's traffic."""
OUT_KINDS = (EventKind.EXIT, EventKind.CROSS_OUT)
"""The kinds whose values add up to the persons that left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One row; (processor_id, ts, kind, zone, track_id) says it once and for all.

    Raises:
        InvalidInput: `ts` carries no time zone.
    """

    processor_id: int
    ts: datetime
    """The frame's own time (interpolated for crossings), aware, to the microsecond."""
    kind: EventKind
    value: int = 1
    zone: int = NO_ZONE
    """Index of the zone in the processor's list, or `NO_ZONE`."""
    track_id: int = NO_TRACK
    dwell_s: float | None = None
    processor_version: int = 1

    def __post_init__(self) -> None:
        """Refuse instants nobody can place."""
        if self.ts.tzinfo is None:
            raise InvalidInput(f"event time {self.ts} has no time zone")


class Reason(StrEnum):
    """Why a piece of time was not (wholly) watched."""

    STREAM_DOWN = "stream_down"
    DETECTOR_ERROR = "detector_error"
    LATE_DROPPED = "late_dropped"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was really seen of one piece of a camera's time."""

    camera_id: int
    from_at: datetime
    to_at: datetime
    frames_wanted: int
    frames_detected: int
    """Those the detector answered for, and those on which nothing moved since it did (motion gate)."""
    reason: Reason | None = None
    """None when everything wanted was detected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRecord:
    """All that one processed segment changes; applied whole, once, in the order of `seq`."""

    camera_id: int
    seq: int
    """Counts up by one for each record of a camera; the second record with a `seq` is ignored."""
    position_at: datetime
    """Stream time up to which everything is counted."""
    events: tuple[Event, ...] = ()
    observations: tuple[Observation, ...] = ()
    heat: tuple[CellTime, ...] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
    """What the processors must remember to go on after a restart: JSON values only."""
