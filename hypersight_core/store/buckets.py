"""Where the buckets of a series begin and end, in a camera's own time zone."""

import math
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypersight_core.errors import InvalidInput

MAX_BUCKETS = 10_000
FIRST_YEAR, LAST_YEAR = 1900, 2200
WEEK = timedelta(days=7)
BUCKETS = {
    "1m": timedelta(minutes=1),
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
    "1w": WEEK,
}


def check_interval(start: datetime, stop: datetime) -> None:
    """Refuse intervals that mean nothing.

    Raises:
        InvalidInput: an instant without time zone or in no sensible year, or an end before the start.
    """
    if start.tzinfo is None or stop.tzinfo is None:
        raise InvalidInput("an interval needs time stamps with a time zone")
    if start.year < FIRST_YEAR or stop.year > LAST_YEAR:
        raise InvalidInput(f"an interval lies between the years {FIRST_YEAR} and {LAST_YEAR}")
    if stop < start:
        raise InvalidInput(f"the interval ends ({stop.isoformat()}) before it starts ({start.isoformat()})")


def bucket_edges(start: datetime, stop: datetime, bucket: str, time_zone: ZoneInfo) -> list[datetime]:
    """Return the edges of all buckets that (start, stop] touches, first and last cut to the interval.

    Days and weeks (from Monday) begin at local midnight, whatever the length of the day; shorter
    buckets are counted from local midnight on, so they stand on round local times also where the
    offset is no whole hour.

    Returns:
        Rising instants in UTC, one more than there are buckets; none for an empty interval.

    Raises:
        InvalidInput: unknown bucket, bad interval, or more than `MAX_BUCKETS` of them.
    """
    check_interval(start, stop)
    length = BUCKETS.get(bucket)
    if length is None:
        raise InvalidInput(f"bucket must be one of {', '.join(BUCKETS)}, not {bucket!r}")
    if (stop - start) / length > MAX_BUCKETS:
        raise InvalidInput(
            f"that is more than {MAX_BUCKETS} buckets of {bucket}: ask for longer buckets or less time"
        )
    start, stop = start.astimezone(UTC), stop.astimezone(UTC)
    if start == stop:
        return []
    inner = [edge for edge in _aligned(start, stop, length, time_zone) if start < edge < stop]
    return [start, *inner, stop]


def _aligned(start: datetime, stop: datetime, length: timedelta, time_zone: ZoneInfo) -> list[datetime]:
    """Return the aligned edges around the interval; a day the calendar leaves out yields none."""
    day = start.astimezone(time_zone).date()
    if length == WEEK:
        day -= timedelta(days=day.weekday())
    stride = max(length, timedelta(days=1))
    edges: list[datetime] = []
    midnight = _midnight(day, time_zone)
    while midnight < stop:
        day += stride
        following = _midnight(day, time_zone)
        # Absolute steps below a day: the hour an autumn night has twice makes two buckets.
        steps = 1 if length >= stride else math.ceil((following - midnight) / length)
        edges += [midnight + step * length for step in range(steps if midnight < following else 0)]
        midnight = following
    return edges


def _midnight(day: date, time_zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=time_zone).astimezone(UTC)
