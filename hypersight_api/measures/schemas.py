"""Reply bodies of metrics."""

from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

import msgspec

from hypersight_core.domain import metrics
from hypersight_core.domain.events import Event


class Coverage(msgspec.Struct, frozen=True):
    """For how much of an interval the camera was really watched."""

    watched_s: float
    interval_s: float
    share: float
    """0 to 1."""

    @classmethod
    def of(cls, coverage: metrics.Coverage) -> Self:
        """Copy a coverage."""
        return cls(coverage.watched_s, coverage.interval_s, coverage.share)


class Traffic(msgspec.Struct, frozen=True):
    """Persons that came in, and that left, in start < ts <= stop."""

    processor_id: int
    start: datetime
    stop: datetime
    traffic: int
    """Persons that entered a zone, or crossed a line inwards."""
    traffic_out: int
    """Persons that left a zone, or crossed a line outwards."""
    first_at: datetime | None
    last_at: datetime | None
    """First and last coming in."""
    coverage: Coverage


class TrafficBucket(msgspec.Struct, frozen=True):
    """Persons that came in, and that left, in one bucket: start_at < ts <= stop_at."""

    start_at: datetime
    stop_at: datetime
    traffic: int
    traffic_out: int
    coverage: Coverage

    @classmethod
    def of(cls, bucket: metrics.TrafficBucket, zone: ZoneInfo) -> Self:
        """Copy a bucket, its ends in local time."""
        ends = (bucket.start_at.astimezone(zone), bucket.stop_at.astimezone(zone))
        return cls(*ends, bucket.value, bucket.out_value, Coverage.of(bucket.coverage))


class TrafficSeries(msgspec.Struct, frozen=True):
    """Traffic bucket by bucket, zeros included; the first and last are cut to the interval."""

    processor_id: int
    bucket: str
    time_zone: str
    buckets: list[TrafficBucket]
    coverage: Coverage


class People(msgspec.Struct, frozen=True):
    """Persons present at a moment; null when nothing was ever counted before it."""

    processor_id: int
    at: datetime
    people_count: int | None
    counted_at: datetime | None
    """Since when that many: counts are saved when they change."""
    coverage: Coverage
    """Of the minute before `at`."""
    stale: bool
    """Whether nobody looked just then (camera, detector or watcher away): the count is the last one known."""


class PeopleBucket(msgspec.Struct, frozen=True):
    """Persons present during one bucket; null where nothing is known."""

    start_at: datetime
    stop_at: datetime
    mean: float | None
    """Weighted by time."""
    min: int | None
    max: int | None
    coverage: Coverage
    stale: bool
    """Whether nobody looked at any time of it, so that nothing is known."""

    @classmethod
    def of(cls, bucket: metrics.PresenceBucket, zone: ZoneInfo) -> Self:
        """Copy a bucket, its ends in local time."""
        ends = (bucket.start_at.astimezone(zone), bucket.stop_at.astimezone(zone))
        coverage = Coverage.of(bucket.coverage)
        return cls(*ends, bucket.mean, bucket.min, bucket.max, coverage, bucket.is_stale)


class PeopleSeries(msgspec.Struct, frozen=True):
    """Persons present, bucket by bucket; the first and last are cut to the interval."""

    processor_id: int
    bucket: str
    time_zone: str
    buckets: list[PeopleBucket]
    mean: float | None
    """Of the whole interval: the buckets' means, weighted by the time watched in each."""
    min: int | None
    max: int | None
    coverage: Coverage


class DwellBin(msgspec.Struct, frozen=True):
    """Persons that stayed from_s <= s < to_s."""

    from_s: float
    to_s: float | None
    """Null: however long."""
    people_count: int


class Dwell(msgspec.Struct, frozen=True):
    """How long those stayed in a zone that left it in start < ts <= stop."""

    processor_id: int
    start: datetime
    stop: datetime
    people_count: int
    mean_s: float | None
    median_s: float | None
    longest_s: float | None
    """Null when nobody left."""
    bins: list[DwellBin]
    coverage: Coverage


class EventOut(msgspec.Struct, frozen=True):
    """Something that happened."""

    ts: datetime
    kind: str
    value: int
    zone: int
    """Index of the zone in the processor's list; -1: all of them."""
    track_id: int
    """The person; 0: no single one."""
    dwell_s: float | None
    processor_version: int

    @classmethod
    def of(cls, event: Event) -> Self:
        """Copy an event."""
        return cls(
            event.ts,
            event.kind.value,
            event.value,
            event.zone,
            event.track_id,
            event.dwell_s,
            event.processor_version,
        )


class Events(msgspec.Struct, frozen=True):
    """A page of events, newest first."""

    processor_id: int
    events: list[EventOut]
    next_cursor: str | None
    """Send it as `cursor` for the next page; null: that was the last one."""
    coverage: Coverage | None
    """Of the time the page spans; null on an empty page."""
