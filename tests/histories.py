"""Made-up histories of a camera over weeks, with their answers worked out by `reference`."""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import accumulate
from zoneinfo import ZoneInfo

from hypersight_core.domain.events import OUT_KINDS, TRAFFIC_KINDS, Event, EventKind, Observation, Reason
from tests import reference

START = datetime(2026, 3, 6, tzinfo=UTC)
DAYS = 32
"""Clocks change within them in New York, Prague, Havana, Beirut and on Lord Howe Island."""
ZONES = (
    "UTC", "Europe/Prague", "America/New_York", "America/Havana", "Asia/Beirut", "Asia/Kolkata",
    "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham", "America/St_Johns",
)  # fmt: skip
TRAFFIC, PRESENCE = 1, 2
"""Numbers of the two processors."""
PASSING = [*TRAFFIC_KINDS, *OUT_KINDS]


@dataclass(frozen=True)
class History:
    """What happened in front of camera 1."""

    events: tuple[Event, ...]
    observations: tuple[Observation, ...]

    def total(self, start: datetime, stop: datetime) -> tuple[int, int, datetime | None, datetime | None]:
        """Return what traffic answers: in, out, first and last coming in."""
        came, went = (self._passing[is_in] for is_in in (True, False))
        first, last = bisect_right(came.times, start), bisect_right(came.times, stop)
        ends = (came.times[first], came.times[last - 1]) if first < last else (None, None)
        return came.between(start, stop), went.between(start, stop), *ends

    def watched_s(self, start: datetime, stop: datetime) -> float:
        return reference.watched_s(self.seen_between(start, stop), start, stop)

    def seen_between(self, start: datetime, stop: datetime) -> Sequence[Observation]:
        first = bisect_left(self._seen_from, start - timedelta(hours=1))
        return self.observations[first : bisect_left(self._seen_from, stop)]

    def presence(self, start: datetime, stop: datetime) -> tuple[float | None, int | None, int | None]:
        first = max(0, bisect_left(self._counted_at, start) - 1)
        counts = self._counts[first : bisect_right(self._counted_at, stop)]
        return reference.presence(counts, self.seen_between(start, stop), start, stop)

    @cached_property
    def _passing(self) -> dict[bool, "_Running"]:
        of_traffic = [e for e in self.events if e.processor_id == TRAFFIC]
        return {
            True: _Running([e for e in of_traffic if e.kind in TRAFFIC_KINDS]),
            False: _Running([e for e in of_traffic if e.kind in OUT_KINDS]),
        }

    @cached_property
    def _counts(self) -> list[Event]:
        return sorted((e for e in self.events if e.kind is EventKind.COUNT), key=lambda e: e.ts)

    @cached_property
    def _counted_at(self) -> list[datetime]:
        return [e.ts for e in self._counts]

    @cached_property
    def _seen_from(self) -> list[datetime]:
        return [o.from_at for o in self.observations]


class _Running:
    """Sums over time of some events."""

    def __init__(self, events: list[Event]) -> None:
        in_order = sorted(events, key=lambda e: e.ts)
        self.times = [e.ts for e in in_order]
        self._sums = [0, *accumulate(e.value for e in in_order)]

    def between(self, start: datetime, stop: datetime) -> int:
        return self._sums[bisect_right(self.times, stop)] - self._sums[bisect_right(self.times, start)]


def a_history(seed: int) -> History:
    """Make up weeks of events, of counts, and of observations with gaps; much of it on full hours."""
    chance = random.Random(seed)
    passing = {
        (at := _instant(chance), kind := chance.choice(PASSING)): Event(
            processor_id=TRAFFIC, ts=at, kind=kind, zone=chance.randint(0, 1), track_id=1,
            value=chance.choice((0, 1, 1, 1, 2)),
        )
        for _ in range(3000)
    }  # fmt: skip
    counted = {
        (at := _instant(chance)): Event(
            processor_id=PRESENCE, ts=at, kind=EventKind.COUNT, value=chance.randint(0, 9)
        )
        for _ in range(2000)
    }
    return History((*passing.values(), *counted.values()), tuple(_observations(chance)))


def an_interval(chance: random.Random) -> tuple[datetime, datetime]:
    """Draw an interval of a microsecond to all weeks, its ends often a microsecond beside a full hour."""
    one, other = _instant(chance), _instant(chance)
    if chance.random() < 0.3:
        other = one + timedelta(seconds=10 ** chance.uniform(-6, 6))
    return min(one, other), max(one, other)


def a_zone(chance: random.Random) -> ZoneInfo:
    return ZoneInfo(chance.choice(ZONES))


def _instant(chance: random.Random) -> datetime:
    at = START + timedelta(microseconds=chance.randrange(DAYS * 86_400_000_000))
    roll = chance.random()
    if roll < 0.3:
        at = at.replace(minute=chance.choice((0, 0, 15, 30, 45)), second=0, microsecond=0)
    if roll < 0.1:
        at += timedelta(microseconds=chance.choice((-1, 1)))
    return at


def _observations(chance: random.Random) -> list[Observation]:
    """Pieces within their hour: mostly watched, some in part, some not at all, some not even recorded."""
    found, at, end = [], START, START + timedelta(days=DAYS)
    while at < end:
        hour_ends = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        to_at = min(hour_ends, at + timedelta(seconds=chance.uniform(60, 2400)))
        wanted = chance.randint(0, 60)
        whole = Observation(
            camera_id=1, from_at=at, to_at=to_at, frames_wanted=wanted, frames_detected=wanted
        )
        kind = chance.random()
        if kind < 0.1:
            found.append(replace(whole, frames_detected=wanted // 2, reason=Reason.DETECTOR_ERROR))
        elif kind < 0.2:
            found.append(replace(whole, frames_detected=0, reason=Reason.STREAM_DOWN))
        elif kind < 0.9:
            found.append(whole)
        at = to_at
    return found
