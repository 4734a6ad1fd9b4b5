"""Bucket edges in local time, checked against what a wall clock shows."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hypersight_core.errors import InvalidInput
from hypersight_core.store.buckets import BUCKETS, MAX_BUCKETS, check_series
from hypersight_core.store.engine import Store
from tests import reference
from tests.builders import NOON, noon

ZONES = (
    "UTC", "Europe/Prague", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe",
    "America/Havana", "Asia/Beirut", "Pacific/Apia", "Pacific/Chatham",
)  # fmt: skip
FIRST = datetime(2011, 1, 1, tzinfo=UTC)


Edges = Callable[[datetime, datetime, str, ZoneInfo], list[datetime]]


@pytest.fixture
def bucket_edges(store: Store) -> Iterator[Edges]:
    """Yield the function of the database."""
    question = sa.text("SELECT bucket_edges(:start_at, :stop_at, :bucket, :zone)")
    with store.transaction() as tx:

        def ask(start: datetime, stop: datetime, bucket: str, zone: ZoneInfo) -> list[datetime]:
            asked = {"start_at": start, "stop_at": stop, "bucket": bucket, "zone": zone.key}
            return list(tx.execute(question, asked).scalar_one())

        yield ask


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)],
    ids=["spring", "autumn", "summer"],
)
def test_a_day_has_as_many_hours_as_the_clock_says(bucket_edges: Edges, day: str, hours: int):
    start, stop = local(day, "Europe/Prague"), local(day, "Europe/Prague") + timedelta(days=1)
    assert len(bucket_edges(start, stop, "1h", ZoneInfo("Europe/Prague"))) - 1 == hours
    assert len(bucket_edges(start, stop, "1d", ZoneInfo("Europe/Prague"))) - 1 == 1


def test_hours_of_a_half_hour_zone_are_round_there(bucket_edges: Edges):
    zone = ZoneInfo("Asia/Kolkata")
    edges = bucket_edges(noon(), noon(3 * 3600), "1h", zone)
    assert [edge.astimezone(zone).strftime("%H:%M") for edge in edges] == [
        "17:30",
        "18:00",
        "19:00",
        "20:00",
        "20:30",
    ]


def test_a_day_whose_midnight_comes_twice_starts_with_the_first(bucket_edges: Edges):
    zone = ZoneInfo("America/Havana")
    edges = bucket_edges(local("2026-10-31", zone.key), local("2026-11-02", zone.key), "1d", zone)
    assert [b - a for a, b in pairwise(edges)] == [timedelta(hours=24), timedelta(hours=25)]


def test_weeks_start_on_monday_at_local_midnight(bucket_edges: Edges):
    zone = ZoneInfo("America/New_York")
    inner = bucket_edges(NOON, NOON + timedelta(days=30), "1w", zone)[1:-1]
    assert {edge.astimezone(zone).strftime("%A %H:%M") for edge in inner} == {"Monday 00:00"}
    assert len(inner) == 4


def test_a_day_the_calendar_left_out_makes_no_bucket(bucket_edges: Edges):
    zone = ZoneInfo("Pacific/Apia")
    edges = bucket_edges(
        local("2011-12-29", "Pacific/Apia"), local("2011-12-31T12:00", "Pacific/Apia"), "1d", zone
    )
    assert [edge.astimezone(zone).day for edge in edges] == [29, 31, 31]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(ZONES),
    st.sampled_from(sorted(BUCKETS)),
    st.integers(0, 10**9),
    st.integers(1, 3000),
    st.data(),
)
def test_edges_rise_cover_the_interval_and_stand_on_round_local_times(
    bucket_edges: Edges, name: str, bucket: str, offset_s: int, tenths: int, data: st.DataObject
):
    zone, length = ZoneInfo(name), BUCKETS[bucket]
    start = FIRST + timedelta(
        seconds=offset_s % (15 * 365 * 86400), microseconds=data.draw(st.integers(0, 999_999))
    )
    stop = start + length * tenths / 10
    edges = bucket_edges(start, stop, bucket, zone)
    assert edges == reference.bucket_edges(start, stop, bucket, zone)
    assert (edges[0], edges[-1]) == (start, stop)
    assert all(a < b for a, b in pairwise(edges))
    longest = max(length + timedelta(hours=1), timedelta(days=2) if bucket == "1d" else timedelta(0))
    assert all(b - a <= longest for a, b in pairwise(edges))
    for edge in edges[1:-1]:
        clock = edge.astimezone(zone)
        assert (clock.second, clock.microsecond, edge.tzinfo) == (0, 0, UTC)
        if length >= timedelta(days=1):
            assert _is_start_of_day(clock)
        else:
            midnight = datetime(clock.year, clock.month, clock.day, tzinfo=zone)
            assert (edge - midnight.astimezone(UTC)) % length == timedelta(0)


def _is_start_of_day(clock: datetime) -> bool:
    """Whether the local date changed at this instant; not at 00:00 where a clock change skips midnight."""
    before = (clock.astimezone(UTC) - timedelta(microseconds=1)).astimezone(clock.tzinfo)
    return before.date() < clock.date()


@pytest.mark.parametrize(
    ("start", "stop", "bucket"),
    [
        (noon(), noon(-1), "1h"),
        (noon(), noon(60), "1y"),
        (noon().replace(tzinfo=None), noon(60), "1h"),
        (noon(), noon(60 * (MAX_BUCKETS + 1)), "1m"),
        (datetime(9999, 12, 30, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), "1d"),
    ],
    ids=["backwards", "unknown bucket", "no time zone", "too many", "end of time"],
)
def test_what_means_nothing_is_refused(start: datetime, stop: datetime, bucket: str):
    with pytest.raises(InvalidInput):
        check_series(start, stop, bucket)


def test_an_empty_interval_has_no_buckets(bucket_edges: Edges):
    assert bucket_edges(NOON, NOON, "1h", ZoneInfo("UTC")) == []
