"""The interval a page shows: a preset up to now, or any two times; and the buckets it is cut into."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from hypersight_api.time_stamps import interval, midnight, parse_stamp
from hypersight_core.errors import InvalidInput
from hypersight_core.store.buckets import BUCKETS

PRESETS = {
    "1h": "Last hour",
    "24h": "Last 24 hours",
    "today": "Today",
    "7d": "Last 7 days",
    "28d": "Last 28 days",
    "365d": "Last year",
    "all": "All time",
}
USUAL, USUAL_AT_FIRST = "24h", "1h"
LABELS = {"1m": "Minute", "5m": "5 min", "15m": "15 min", "1h": "Hour", "1d": "Day", "1w": "Week"}
AT_MOST, FEWEST = 200, 2
"""Buckets of a chart that nobody cut otherwise."""
OFFERED = 1500
"""Buckets people may ask a chart for."""
WEEK, LONGEST_COMPARED = timedelta(days=7), timedelta(days=8)
QUARTER = timedelta(minutes=15)
AT_FIRST = timedelta(hours=1)
"""A camera that was looked at for less has nothing to show of a day."""
USUAL_OF_THE_PAST = timedelta(days=28)
"""Shown of a camera that nobody watches any more: the end of what is known."""
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a page says; empty: nothing."""

    preset: str
    start: str
    stop: str
    bucket: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An interval in a camera's time zone, and its buckets."""

    preset: str
    """Empty: the two times themselves."""
    start: datetime
    stop: datetime
    bucket: str
    zone: ZoneInfo

    @classmethod
    def of(cls, asked: Asked, zone: ZoneInfo, now: datetime, seen: Span | None = None) -> "Shown":
        """Return what is asked for; a bucket that is left out is chosen to fit.

        Args:
            seen: first and last instant the camera was looked at; None: never.

        Raises:
            InvalidInput: a time means nothing, the interval ends before it starts, or the preset is unknown.
        """
        preset = "" if asked.start else asked.preset or _usual(now, seen)
        if preset:
            start, stop = _preset(preset, zone, now, seen), now
        elif not asked.start and seen is not None:
            start, stop = midnight(seen[1] - USUAL_OF_THE_PAST, zone), seen[1]
        else:
            ends = interval(
                parse_stamp(asked.start), parse_stamp(asked.stop) if asked.stop else None, zone, now
            )
            start, stop = ends
        bucket = asked.bucket or _fitting(stop - start)
        return cls(preset, start.astimezone(zone), stop.astimezone(zone), bucket, zone)

    @property
    def is_up_to_now(self) -> bool:
        """Whether it grows while one looks."""
        return bool(self.preset)

    @property
    def span(self) -> dict[str, str]:
        """The interval as parameters of the API."""
        return {"start": self.start.isoformat(), "stop": self.stop.isoformat()}

    @property
    def week_before(self) -> dict[str, str] | None:
        """The same days and hours of the week before; None where the two would be mostly the same."""
        if self.stop - self.start > LONGEST_COMPARED:
            return None
        ends = {"start": self.start, "stop": self.stop}
        return {name: _a_week_before(at, self.zone).isoformat() for name, at in ends.items()}

    @property
    def presets(self) -> list[tuple[str, str, bool]]:
        """Address, name, and whether it is the one that is shown."""
        return [
            ("?" + urlencode({"range": name}), label, name == self.preset) for name, label in PRESETS.items()
        ]

    @property
    def buckets(self) -> list[tuple[str, str, bool]]:
        """Address, name, and whether it is the one that is shown, of all that fit."""
        length = self.stop - self.start
        fitting = [
            name
            for name, each in BUCKETS.items()
            if FEWEST <= length / each <= OFFERED or name == self.bucket
        ]
        return [("?" + self.address(bucket=name), LABELS[name], name == self.bucket) for name in fitting]

    def address(self, **more: str | int) -> str:
        """Return the query that shows this interval again."""
        same: dict[str, str | int] = {"range": self.preset} if self.preset else {**self.span}
        return urlencode(same | more)


def _usual(now: datetime, seen: Span | None) -> str:
    """Return the preset of an address that says nothing; empty: the end of what is known, long ago."""
    if seen is None or seen[0] > now - AT_FIRST:
        return USUAL_AT_FIRST
    return "" if seen[1] < now - USUAL_OF_THE_PAST else USUAL


def _preset(name: str, zone: ZoneInfo, now: datetime, seen: Span | None) -> datetime:
    """Return where a preset begins: on a full minute, quarter of an hour or day."""
    if name not in PRESETS:
        raise InvalidInput(f"range must be one of {', '.join(PRESETS)}, not {name[:20]!r}")
    if name == "1h":
        return (now - timedelta(hours=1)).replace(second=0, microsecond=0)
    if name == "24h":
        start = now - timedelta(hours=24)
        return start - (start - datetime.min.replace(tzinfo=UTC)) % QUARTER
    if name == "all":
        return midnight(now if seen is None else seen[0], zone)
    days = {"today": 0, "7d": 7, "28d": 28, "365d": 365}[name]
    return midnight(now - timedelta(days=days), zone)


def _fitting(length: timedelta) -> str:
    return next((name for name, each in BUCKETS.items() if length / each <= AT_MOST), "1w")


def _a_week_before(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the same time on the clock, seven days earlier."""
    local = at.astimezone(zone)
    return (local.replace(tzinfo=None) - WEEK).replace(tzinfo=zone, fold=local.fold)
