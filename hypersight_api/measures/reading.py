"""Metrics of one processor as replies."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from hypersight_api.measures import schemas
from hypersight_api.services import checked_id
from hypersight_api.time_stamps import interval, parse_stamp
from hypersight_core.domain import metrics as domain
from hypersight_core.domain.cameras import Camera, Processor
from hypersight_core.errors import InvalidInput
from hypersight_core.processors import registry
from hypersight_core.processors.registry import Measure
from hypersight_core.store import cameras, metrics, processors
from hypersight_core.store import dwell as dwelling
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import is_seeing

MAX_SMALLINT, MAX_BIGINT = 2**15 - 1, 2**63 - 1
MAX_DOWNLOAD = 200_000
"""Events in one file; more are asked for piece by piece."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval as it was asked for."""

    start: str
    stop: str | None
    now: datetime

    def ends(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return both ends; times without an offset are local.

        Raises:
            InvalidInput: a time means nothing, or the interval ends before it starts.
        """
        stop = None if self.stop is None else parse_stamp(self.stop)
        return interval(parse_stamp(self.start), stop, zone, self.now)


@dataclass(frozen=True, slots=True)
class Subject:
    """A processor, and the camera and time zone it counts in."""

    processor: Processor
    camera: Camera

    @property
    def zone(self) -> ZoneInfo:
        """The camera's time zone."""
        return ZoneInfo(self.camera.time_zone)

    def ends(self, asked: Interval) -> tuple[datetime, datetime]:
        """Return both ends of an interval; times without an offset are local.

        Raises:
            InvalidInput: a time means nothing, or the interval ends before it starts.
        """
        return asked.ends(self.zone)


class _Covered(Protocol):
    @property
    def coverage(self) -> domain.Coverage: ...


def subject(store: Store, processor_id: int, measure: Measure | None = None) -> Subject:
    """Look up a processor.

    Raises:
        NotFound: there is none of that id.
        InvalidInput: its events say nothing about `measure`.
    """
    with store.transaction() as tx:
        processor = processors.get_processor(tx, checked_id("processor", processor_id))
        camera = cameras.get_camera(tx, processor.camera_id)
    if measure is not None and registry.measure_of(processor.kind) is not measure:
        raise InvalidInput(
            f"processor {processor_id} is of kind {processor.kind}: it says nothing about {measure}"
        )
    return Subject(processor, camera)


def traffic(store: Store, of: Subject, asked: Interval) -> schemas.Traffic:
    """Return how many persons came in, and how many left."""
    start, stop = of.ends(asked)
    processor_id = of.processor.processor_id
    with store.transaction() as tx:
        total = metrics.traffic_total(tx, processor_id, start, stop)
    return schemas.Traffic(
        processor_id,
        start,
        stop,
        total.value,
        total.out_value,
        total.first_at,
        total.last_at,
        schemas.Coverage.of(total.coverage),
    )


def traffic_series(store: Store, of: Subject, asked: Interval, bucket: str) -> schemas.TrafficSeries:
    """Return how many persons came in, bucket by bucket."""
    start, stop = of.ends(asked)
    processor_id = of.processor.processor_id
    with store.transaction() as tx:
        found = metrics.traffic_series(tx, processor_id, start, stop, bucket, of.zone)
    buckets = [schemas.TrafficBucket.of(one, of.zone) for one in found]
    return schemas.TrafficSeries(processor_id, bucket, of.camera.time_zone, buckets, _together(found))


def people(store: Store, of: Subject, at: datetime, *, is_now: bool) -> schemas.People:
    """Return how many persons were there at a moment.

    Args:
        is_now: whether `at` is the present: then a watcher that sees nothing makes the count stale at once.
    """
    processor_id = of.processor.processor_id
    with store.transaction() as tx:
        found = metrics.presence_at(tx, processor_id, at)
        is_blind = is_now and not is_seeing(tx, of.camera.camera_id)
    count, counted_at = (found.last.people_count, found.last.counted_at) if found.last else (None, None)
    coverage = schemas.Coverage.of(found.coverage)
    return schemas.People(processor_id, at, count, counted_at, coverage, found.is_stale or is_blind)


def people_series(store: Store, of: Subject, asked: Interval, bucket: str) -> schemas.PeopleSeries:
    """Return how many persons were there, bucket by bucket."""
    start, stop = of.ends(asked)
    processor_id = of.processor.processor_id
    with store.transaction() as tx:
        found = metrics.presence_series(tx, processor_id, start, stop, bucket, of.zone)
    buckets = [schemas.PeopleBucket.of(one, of.zone) for one in found]
    return schemas.PeopleSeries(
        processor_id,
        bucket,
        of.camera.time_zone,
        buckets,
        _mean(found),
        min((one.min for one in found if one.min is not None), default=None),
        max((one.max for one in found if one.max is not None), default=None),
        _together(found),
    )


def dwell(store: Store, of: Subject, asked: Interval) -> schemas.Dwell:
    """Return how long those stayed that left."""
    start, stop = of.ends(asked)
    with store.transaction() as tx:
        found = dwelling.dwell(tx, of.processor.processor_id, start, stop)
    ends = (*domain.DWELL_EDGES_S[1:], None)
    bins = zip(domain.DWELL_EDGES_S, ends, found.people_by_bin, strict=True)
    return schemas.Dwell(
        of.processor.processor_id,
        start,
        stop,
        sum(found.people_by_bin),
        found.mean_s,
        found.median_s,
        found.longest_s,
        [schemas.DwellBin(*one) for one in bins],
        schemas.Coverage.of(found.coverage),
    )


def event_page(
    store: Store, of: Subject, cursor: str | None, limit: int, asked: Interval | None = None
) -> schemas.Events:
    """Return one page of events, newest first."""
    before = None if cursor is None else _cursor(cursor)
    within = None if asked is None else of.ends(asked)
    processor_id = of.processor.processor_id
    with store.transaction() as tx:
        page = metrics.latest_events(tx, processor_id, within=within, before=before, limit=limit)
    return schemas.Events(
        processor_id,
        [schemas.EventOut.of(event) for event in page.events],
        str(metrics.EventCursor.of(page.events[-1])) if len(page.events) == limit else None,
        schemas.Coverage.of(page.coverage) if page.coverage else None,
    )


def all_events(store: Store, of: Subject, cursor: str | None, asked: Interval) -> Iterator[schemas.EventOut]:
    """Yield the events of an interval, newest first, at most `MAX_DOWNLOAD`."""
    left, more = MAX_DOWNLOAD, True
    while more and left > 0:
        page = event_page(store, of, cursor, min(left, metrics.MAX_PAGE), asked)
        yield from page.events
        left, cursor, more = left - len(page.events), page.next_cursor, page.next_cursor is not None


def _mean(buckets: Sequence[domain.PresenceBucket]) -> float | None:
    known = [(one.mean, one.coverage.watched_s) for one in buckets if one.mean is not None]
    watched_s = sum(seconds for _, seconds in known)
    return sum(mean * seconds for mean, seconds in known) / watched_s if watched_s else None


def _together(buckets: Iterable[_Covered]) -> schemas.Coverage:
    covered = [bucket.coverage for bucket in buckets]
    watched_s = sum(one.watched_s for one in covered)
    return schemas.Coverage.of(domain.Coverage(watched_s, sum(one.interval_s for one in covered)))


def _cursor(text: str) -> metrics.EventCursor:
    cursor = metrics.EventCursor.parse(text.replace(" ", "+"))
    if not (abs(cursor.zone) <= MAX_SMALLINT and abs(cursor.track_id) <= MAX_BIGINT and cursor.ts.tzinfo):
        raise InvalidInput("that is no cursor of ours")
    return cursor
