"""Reading and writing points in time: the field's form, and ISO 8601."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypersight_core.errors import InvalidInput

FIELD_FORM = "%Y-%m-%d %H:%M:%S.%f"

_STAMP = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[T ](?P<time>\d\d:\d\d)"
    r"(?P<seconds>:\d\d)?(?(seconds)(?:[.,](?P<fraction>\d{1,9}))?)"
    r"(?P<offset>Z|[+ -]\d\d(?::?\d\d)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A point in time as somebody wrote it; without an offset it belongs to no time zone yet."""

    written: datetime

    def at(self, zone: ZoneInfo) -> datetime:
        """Return the instant (UTC); what has no offset is taken as local time of `zone`.

        A local time that happens twice (clocks go back) is the first one; one that never
        happens (clocks go forward) is counted on from before the change.

        Raises:
            InvalidInput: it lies outside the years 1 to 9999 in UTC.
        """
        aware = self.written if self.written.tzinfo is not None else self.written.replace(tzinfo=zone)
        try:
            return aware.astimezone(UTC)
        except (OverflowError, ValueError) as error:
            raise InvalidInput(f"time {self.written} is out of range") from error


def parse_stamp(text: str) -> Stamp:
    """Read `YYYY-MM-DD HH:MM:SS[.ffffff]`, or ISO 8601: the same with `T` and an offset, seconds or none.

    A space where an offset's plus should be is read as a plus: that is what becomes of it in
    a query string that nobody escaped.

    Raises:
        InvalidInput: it is neither, or no such day or time exists.
    """
    match = _STAMP.fullmatch(text.strip())
    if match is None:
        raise InvalidInput(
            f"{text[:60]!r} is no time; write 2020-03-26 00:00:00.0 or 2020-03-26T00:00:00+01:00"
        )
    fraction = (match["fraction"] or "0")[:6].ljust(6, "0")
    offset = (match["offset"] or "").replace(" ", "+")
    try:
        return Stamp(
            datetime.fromisoformat(
                f"{match['date']}T{match['time']}{match['seconds'] or ':00'}.{fraction}{offset}"
            )
        )
    except ValueError as error:
        raise InvalidInput(f"{text[:60]!r} is no time: {error}") from error


def field_form(instant: datetime, zone: ZoneInfo) -> str:
    """Write an instant as the field's clients read it: local time of `zone`, six digits after the point."""
    return instant.astimezone(zone).strftime(FIELD_FORM)


def interval(start: Stamp, stop: Stamp | None, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """Return both ends as instants; no `stop` means now.

    Raises:
        InvalidInput: it ends before it starts.
    """
    start_at = start.at(zone)
    stop_at = now if stop is None else stop.at(zone)
    if stop_at < start_at:
        raise InvalidInput("the interval ends before it starts")
    return start_at, stop_at


def midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the day of `now` began in `zone`."""
    local = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return local.astimezone(UTC)
