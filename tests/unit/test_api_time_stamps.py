from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypersight_api.time_stamps import field_form, interval, midnight, parse_stamp
from hypersight_core.errors import InvalidInput

PARIS = ZoneInfo("Europe/Paris")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2020-03-26 00:00:00.0", "2020-03-25T23:00:00+00:00"),
        ("2020-03-26 00:00:00", "2020-03-25T23:00:00+00:00"),
        ("2020-03-27 22:34:16.068667", "2020-03-27T21:34:16.068667+00:00"),
        ("2020-03-26T00:00:00Z", "2020-03-26T00:00:00+00:00"),
        ("2020-03-26T00:00:00.25+05:30", "2020-03-25T18:30:00.250000+00:00"),
        ("2020-03-26T00:00:00+0100", "2020-03-25T23:00:00+00:00"),
        ("2020-03-26T00:00:00+01", "2020-03-25T23:00:00+00:00"),
        ("2020-03-26T00:00+01:00", "2020-03-25T23:00:00+00:00"),
        ("2020-03-26T00:00Z", "2020-03-26T00:00:00+00:00"),
        ("2020-03-26T00:00:00,5Z", "2020-03-26T00:00:00.500000+00:00"),
        ("2020-03-26T00:00:00 01:00", "2020-03-25T23:00:00+00:00"),
        ("2020-03-26 00:00:00.123456789", "2020-03-25T23:00:00.123456+00:00"),
        (" 2020-03-26 00:00:00 ", "2020-03-25T23:00:00+00:00"),
    ],
)
def test_both_forms_are_read_local_times_in_the_cameras_zone(text, instant):
    assert parse_stamp(text).at(PARIS).isoformat() == instant


def test_a_local_time_that_happens_twice_is_the_first_one():
    assert parse_stamp("2020-10-25 02:30:00").at(PARIS) == datetime(2020, 10, 25, 0, 30, tzinfo=UTC)


def test_a_local_time_that_never_happens_is_counted_on_from_before_the_change():
    assert parse_stamp("2020-03-29 02:30:00").at(PARIS) == datetime(2020, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "2020-03-26", "2020-02-30 00:00:00", "2020-03-26 24:00:01", "26.03.2020 00:00:00",
        "2020-03-26 00:00:00; DROP TABLE camera", "2020-03-26T00:00:00+99:99", "²020-03-26 00:00:00",
        "2020-03-26 00:00:00\x00", "0000-01-01 00:00:00", "2020-03-26T00:00.5Z", "1" * 10_000, "1585180800",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(InvalidInput, match="is no time"):
        parse_stamp(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_times_beyond_the_calendar_are_refused(text):
    with pytest.raises(InvalidInput, match="out of range"):
        parse_stamp(text).at(PARIS)


def test_answers_have_six_digits_after_the_point_in_local_time():
    assert field_form(datetime(2020, 3, 26, tzinfo=UTC), PARIS) == "2020-03-26 01:00:00.000000"


@given(
    st.integers(631_152_000_000_000, 3_471_292_800_000_000).map(lambda us: EPOCH + timedelta(microseconds=us))
)
def test_what_is_written_is_read_back_unless_the_clock_showed_it_twice(instant):
    back = parse_stamp(field_form(instant, PARIS)).at(PARIS)
    assert back == instant or back == instant - timedelta(hours=1)


def test_an_interval_ends_now_unless_it_says_when():
    now = datetime(2020, 1, 2, tzinfo=UTC)
    assert interval(parse_stamp("2020-01-01T00:00:00Z"), None, PARIS, now)[1] == now


def test_an_interval_that_ends_before_it_starts_is_refused_and_an_empty_one_is_not():
    start, before = parse_stamp("2020-01-01T00:00:00Z"), parse_stamp("2019-12-31T23:59:59.999999Z")
    with pytest.raises(InvalidInput, match="ends before it starts"):
        interval(start, before, PARIS, datetime(2020, 1, 2, tzinfo=UTC))
    start_at, stop_at = interval(start, start, PARIS, datetime(2020, 1, 2, tzinfo=UTC))
    assert start_at == stop_at


def test_a_day_begins_at_local_midnight_also_when_clocks_change():
    assert midnight(datetime(2020, 3, 29, 20, tzinfo=UTC), PARIS) == datetime(2020, 3, 28, 23, tzinfo=UTC)
    assert midnight(datetime(2020, 10, 25, 20, tzinfo=UTC), PARIS) == datetime(2020, 10, 24, 22, tzinfo=UTC)
