"""Whole hours in UTC, which rollups are kept by."""

from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


def whole_hours(start: datetime, stop: datetime) -> tuple[datetime, datetime]:
    """Return the smallest interval of whole hours that holds another one."""
    return _floor(start), _floor(stop - TICK) + HOUR


def _floor(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
