"""Metrics on a real database equal a plain reading of the raw events, to the last one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from hypersight_core.domain.events import OUT_KINDS, TRAFFIC_KINDS, Event, EventKind, Observation, Reason
from hypersight_core.domain.metrics import Coverage
from hypersight_core.errors import InvalidInput
from hypersight_core.store import cameras, metrics, processors, watching
from hypersight_core.store.buckets import BUCKETS
from hypersight_core.store.engine import Store
from tests import reference
from tests.builders import an_event, camera_settings, noon, processor_settings

ZONES = ("UTC", "Europe/Prague", "Asia/Kathmandu", "Australia/Lord_Howe")
DST_NIGHT = datetime.fromisoformat("2026-03-29T00:00:00+00:00")
QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def tx(store: Store) -> Iterator[Connection]:
    """Yield a transaction that is rolled back, with camera 1 and its processors 1 and 2."""
    with store.transaction() as opened:
        cameras.create_camera(opened, camera_settings())
        for processor_id in (1, 2):
            assert processors.create_processor(opened, 1, processor_settings()).processor_id == processor_id
        yield opened
        opened.rollback()


seconds = st.integers(0, 36 * 3600 * 10).map(lambda tenths: tenths / 10)
# Often on a round quarter of an hour, where buckets, counts and observations meet.
instants = (seconds | st.integers(0, 36 * 4).map(lambda quarters: quarters * 900.0)).map(
    lambda s: DST_NIGHT + timedelta(seconds=s)
)
traffic_events = st.lists(
    st.builds(
        Event, processor_id=st.sampled_from([1, 1, 1, 2]), ts=instants, kind=st.sampled_from(EventKind),
        value=st.integers(0, 3), zone=st.integers(-1, 1), track_id=st.integers(0, 2),
    ),
    max_size=30, unique_by=lambda e: (e.processor_id, e.ts, e.kind, e.zone, e.track_id),
)  # fmt: skip
counts = st.lists(
    st.builds(
        Event, processor_id=st.just(1), ts=instants, kind=st.just(EventKind.COUNT), value=st.integers(0, 9),
    ),
    max_size=15, unique_by=lambda e: e.ts,
)  # fmt: skip


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


@st.composite
def observations(draw: st.DrawFn) -> list[Observation]:
    """Pieces of time of one camera: apart, touching, and never overlapping."""
    edges = sorted(draw(st.lists(instants, max_size=16, unique=True)))
    found = []
    for from_at, to_at in pairwise(edges):
        if draw(st.booleans()):
            wanted = draw(st.integers(0, 4))
            is_in_one_row = _hour(from_at) == _hour(to_at - timedelta(microseconds=1))
            detected = draw(st.integers(0, wanted)) if is_in_one_row else wanted
            reason = None if detected == wanted else Reason.DETECTOR_ERROR
            found.append(
                Observation(
                    camera_id=1, from_at=from_at, to_at=to_at, frames_wanted=wanted, frames_detected=detected,
                    reason=reason,
                )
            )  # fmt: skip
    return found


@QUICK
@given(
    traffic_events,
    observations(),
    instants,
    instants,
    st.sampled_from(ZONES),
    st.sampled_from(["15m", "1h", "1d"]),
)
def test_traffic_equals_the_raw_events(tx: Connection, events, seen, one, other, zone, bucket):
    start, stop = sorted((one, other))
    with tx.begin_nested() as part:
        _write(tx, events, seen)
        total = metrics.traffic_total(tx, 1, start, stop)
        series = metrics.traffic_series(tx, 1, start, stop, bucket, ZoneInfo(zone))
        part.rollback()
    asked = [e for e in events if e.processor_id == 1 and start < e.ts <= stop]
    came = [e for e in asked if e.kind in TRAFFIC_KINDS]
    assert total.value == sum(e.value for e in came)
    assert total.out_value == sum(e.value for e in asked if e.kind in OUT_KINDS)
    assert (total.first_at, total.last_at) == (
        min((e.ts for e in came), default=None), max((e.ts for e in came), default=None),
    )  # fmt: skip
    assert total.coverage.watched_s == pytest.approx(reference.watched_s(seen, start, stop))
    assert [b.start_at for b in series] == reference.bucket_edges(start, stop, bucket, ZoneInfo(zone))[:-1]
    for b in series:
        inside = [e for e in asked if b.start_at < e.ts <= b.stop_at]
        assert b.value == sum(e.value for e in inside if e.kind in TRAFFIC_KINDS)
        assert b.out_value == sum(e.value for e in inside if e.kind in OUT_KINDS)
        assert b.coverage.watched_s == pytest.approx(
            reference.watched_s(seen, b.start_at, b.stop_at), abs=1e-6
        )


@QUICK
@given(
    counts, observations(), instants, instants, st.sampled_from(ZONES), st.sampled_from(["15m", "1h", "1d"])
)
def test_presence_equals_a_walk_along_the_step_function(
    tx: Connection, events, seen, one, other, zone, bucket
):
    start, stop = sorted((one, other))
    with tx.begin_nested() as part:
        _write(tx, events, seen)
        series = metrics.presence_series(tx, 1, start, stop, bucket, ZoneInfo(zone))
        moment = metrics.presence_at(tx, 1, stop)
        present = moment.last
        part.rollback()
    last = max((e for e in events if e.ts <= stop), key=lambda e: e.ts, default=None)
    assert (present and (present.people_count, present.counted_at)) == (last and (last.value, last.ts))
    for b in series:
        mean, least, most = reference.presence(
            sorted(events, key=lambda e: e.ts), seen, b.start_at, b.stop_at
        )
        assert (b.min, b.max) == (least, most)
        assert b.mean == (None if mean is None else pytest.approx(mean))


def test_the_interval_is_open_at_its_start_and_closed_at_its_end(tx: Connection):
    watching.add_events(tx, [an_event(processor_id=1, ts=noon(s)) for s in (0, 10)])
    assert metrics.traffic_total(tx, 1, noon(0), noon(10)).value == 1
    assert metrics.traffic_total(tx, 1, noon(-1e-6), noon(10 - 1e-6)).value == 1
    assert metrics.traffic_total(tx, 1, noon(0), noon(0)).value == 0


def test_a_count_holds_from_its_very_instant_on(tx: Connection):
    counted = [Event(processor_id=1, ts=noon(s), kind=EventKind.COUNT, value=v) for s, v in ((0, 3), (30, 5))]
    watching.add_events(tx, counted)
    seen = Observation(camera_id=1, from_at=noon(0), to_at=noon(60), frames_wanted=9, frames_detected=9)
    watching.add_observations(tx, [seen])
    (minute,) = metrics.presence_series(tx, 1, noon(0), noon(60), "1m", ZoneInfo("UTC"))
    assert (minute.mean, minute.min, minute.max, minute.coverage.share) == (4.0, 3, 5, 1.0)
    (rest,) = metrics.presence_series(tx, 1, noon(30), noon(40), "1m", ZoneInfo("UTC"))
    assert (rest.mean, rest.min, rest.max) == (5.0, 5, 5)


def test_a_slow_camera_that_wanted_no_frame_was_watched_all_the_same(tx: Connection):
    idle = Observation(camera_id=1, from_at=noon(), to_at=noon(10), frames_wanted=0, frames_detected=0)
    down = replace(idle, from_at=noon(10), to_at=noon(20), reason=Reason.STREAM_DOWN)
    watching.add_observations(tx, [idle, down])
    assert metrics.coverage(tx, 1, noon(), noon(20)).watched_s == 10


def test_a_week_long_observation_covers_each_of_its_hours(tx: Connection):
    whole = Observation(
        camera_id=1, from_at=noon(), to_at=noon(7 * 86400), frames_wanted=1001, frames_detected=1001
    )
    assert watching.add_observations(tx, [whole]) == 7 * 24
    assert metrics.coverage(tx, 1, noon(3600), noon(7 * 86400 - 60)).share == 1
    assert metrics.coverage(tx, 1, noon(-60), noon(60)).share == 0.5


def test_pages_of_events_hold_each_event_once_newest_first(tx: Connection):
    events = [
        an_event(processor_id=1, ts=noon(ts), kind=EventKind(kind), zone=zone, track_id=track)
        for ts in range(3) for kind in ("enter", "exit") for zone in (0, 1) for track in (1, 2)
    ]  # fmt: skip
    watching.add_events(tx, events)
    found: list[Event] = []
    cursor = None
    while page := metrics.latest_events(tx, 1, before=cursor, limit=7).events:
        found += page
        cursor = metrics.EventCursor.parse(str(metrics.EventCursor.of(page[-1])))
    assert found == sorted(events, key=lambda e: (e.ts, e.kind, e.zone, e.track_id), reverse=True)


@pytest.mark.parametrize("text", ["", "nonsense", "2026-01-01~enter~x~1", "~~~", "2026-01-01~party~1~1"])
def test_a_cursor_of_somebody_else_is_refused(text: str):
    with pytest.raises(InvalidInput):
        metrics.EventCursor.parse(text)


@pytest.mark.parametrize("bucket", sorted(BUCKETS))
def test_an_interval_that_ends_before_it_starts_is_refused(tx: Connection, bucket: str):
    for call in (metrics.traffic_series, metrics.presence_series):
        with pytest.raises(InvalidInput, match="before it starts"):
            call(tx, 1, noon(1), noon(0), bucket, ZoneInfo("UTC"))
    with pytest.raises(InvalidInput, match="before it starts"):
        metrics.traffic_total(tx, 1, noon(1), noon(0))


def _write(tx: Connection, events: Sequence[Event], seen: Sequence[Observation]) -> None:
    watching.add_events(tx, events)
    watching.add_observations(tx, seen)


def test_a_time_that_was_seen_twice_was_watched_once():
    # A stream whose clock was set back.
    assert metrics.coverage_of(20.0, noon(0), noon(10)) == Coverage(10.0, 10.0)
