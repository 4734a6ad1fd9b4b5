"""What may be asked: intervals, and the buckets of a series; their edges come from `bucket_edges` in SQL."""

from datetime import datetime, timedelta

from hypersight_core.errors import InvalidInput

MAX_BUCKETS = 10_000
FIRST_YEAR, LAST_YEAR = 1900, 2200
BUCKETS = {
    "1m": timedelta(minutes=1),
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
    "1w": timedelta(days=7),
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


def check_series(start: datetime, stop: datetime, bucket: str) -> None:
    """Refuse series that mean nothing, or that nobody can look at.

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
