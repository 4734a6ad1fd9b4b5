"""Which interval a page shows, and the buckets it is cut into."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hypersight_api.pages.interval import Asked, Shown, Span
from hypersight_core.errors import InvalidInput

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 26, 15, 7, 31, tzinfo=UTC)


def shown(
    preset: str = "", start: str = "", stop: str = "", bucket: str = "", seen: Span | None = None
) -> Shown:
    return Shown.of(Asked(preset, start, stop, bucket), PARIS, NOW, seen)


@pytest.mark.parametrize(
    ("preset", "start", "bucket"),
    [
        ("1h", "2026-11-26T15:07:00+01:00", "1m"),
        ("24h", "2026-11-25T16:00:00+01:00", "15m"),
        ("", "2026-11-26T15:07:00+01:00", "1m"),
        ("today", "2026-11-26T00:00:00+01:00", "5m"),
        ("7d", "2026-11-19T00:00:00+01:00", "1h"),
        ("28d", "2026-10-29T00:00:00+01:00", "1d"),
        ("365d", "2025-11-26T00:00:00+01:00", "1w"),
    ],
)
def test_presets_end_now_and_begin_on_something_round(preset, start, bucket):
    found = shown(preset)
    assert (found.start.isoformat(), found.stop, found.is_up_to_now) == (start, NOW, True)
    assert found.bucket == bucket


@pytest.mark.parametrize(("minutes", "preset"), [(2, "1h"), (59, "1h"), (61, "24h"), (60 * 24 * 900, "24h")])
def test_a_camera_that_has_just_begun_shows_an_hour_and_any_other_a_day(minutes, preset):
    assert shown(seen=(NOW - timedelta(minutes=minutes), NOW)).preset == preset


def test_all_time_begins_with_the_first_day_that_was_looked_at():
    found = shown("all", seen=(datetime(2018, 3, 1, 9, tzinfo=UTC), NOW))
    assert (found.start.isoformat(), found.stop, found.bucket) == ("2018-03-01T00:00:00+01:00", NOW, "1w")


def test_of_a_camera_that_is_watched_no_more_the_last_that_is_known_is_shown():
    last = datetime(2024, 7, 31, 20, tzinfo=UTC)
    found = shown(seen=(datetime(2018, 3, 1, tzinfo=UTC), last))
    assert (found.start.isoformat(), found.stop) == ("2024-07-03T00:00:00+02:00", last)
    assert not found.is_up_to_now
    assert shown("24h", seen=(last, last)).stop == NOW


def test_two_times_are_local_and_stay_as_they_are():
    found = shown(start="2026-11-20T08:00:00", stop="2026-11-20T09:30:00")
    assert found.span == {"start": "2026-11-20T08:00:00+01:00", "stop": "2026-11-20T09:30:00+01:00"}
    assert not found.is_up_to_now
    assert found.address().startswith("start=2026-11-20T08")


def test_the_week_before_has_the_same_time_on_the_clock_across_a_change_of_clocks():
    found = shown(start="2026-10-26T08:00:00", stop="2026-10-26T09:00:00")
    assert found.start.utcoffset() == timedelta(hours=1)
    before = found.week_before
    assert before is not None
    assert before["start"] == "2026-10-19T08:00:00+02:00"


def test_what_is_mostly_the_same_is_not_compared():
    assert shown("28d").week_before is None


def test_only_buckets_that_fit_are_offered_and_the_one_shown_is_marked():
    offered = {name: is_shown for _, name, is_shown in shown("7d").buckets}
    assert offered == {"15 min": False, "Hour": True, "Day": False}


@pytest.mark.parametrize("asked", [{"preset": "3h"}, {"start": "x"}, {"start": "2026-11-27 00:00:00"}])
def test_what_means_nothing_is_refused(asked):
    with pytest.raises(InvalidInput):
        shown(**asked)
