"""Metrics worked out from plain lists, the slow and obvious way, to compare the database's answers with."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypersight_core.domain.events import Event, Observation
from hypersight_core.store.buckets import BUCKETS

DAY, WEEK = timedelta(days=1), timedelta(days=7)


def bucket_edges(start: datetime, stop: datetime, bucket: str, zone: ZoneInfo) -> list[datetime]:
    """Return the edges of all buckets (start, stop] touches, by the time zone database of Python."""
    length = BUCKETS[bucket]
    day = start.astimezone(zone).date()
    if length == WEEK:
        day -= timedelta(days=day.weekday())
    stride = max(length, DAY)
    edges = {start.astimezone(UTC), stop.astimezone(UTC)}
    midnight = _midnight(day, zone)
    while midnight < stop:
        day += stride
        following = _midnight(day, zone)
        steps = 1 if length >= stride else math.ceil((following - midnight) / length)
        edges |= {midnight + step * length for step in range(steps if midnight < following else 0)}
        midnight = following
    return sorted(edge for edge in edges if start <= edge <= stop) if start < stop else []


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def watched_share(seen: Observation) -> float:
    return seen.frames_detected / seen.frames_wanted if seen.frames_wanted else float(seen.reason is None)


def watched_s(observations: Sequence[Observation], start: datetime, stop: datetime) -> float:
    return sum(
        max(0.0, (min(o.to_at, stop) - max(o.from_at, start)).total_seconds()) * watched_share(o)
        for o in observations
    )


def presence(
    counts: Sequence[Event], observations: Sequence[Observation], start: datetime, stop: datetime
) -> tuple[float | None, int | None, int | None]:
    """Return mean, fewest and most, by going from one change to the next.

    Args:
        counts: of one processor, oldest first.
        observations: of its camera, not overlapping.
    """
    changes = {e.ts for e in counts} | {at for o in observations for at in (o.from_at, o.to_at)}
    cuts = sorted({start, stop} | {at for at in changes if start < at < stop})
    pieces: list[tuple[float, int]] = []
    for a, b in pairwise(cuts):
        known = next((e for e in reversed(counts) if e.ts <= a), None)
        is_watched = any(o.from_at <= a and b <= o.to_at and watched_share(o) > 0 for o in observations)
        if known is not None and is_watched:
            pieces.append(((b - a).total_seconds(), known.value))
    if not pieces:
        return None, None, None
    values = [value for _, value in pieces]
    return sum(s * v for s, v in pieces) / sum(s for s, _ in pieces), min(values), max(values)
