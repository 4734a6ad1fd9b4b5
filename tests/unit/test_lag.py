from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from hypersight_core.watcher.lag import LagMeter
from tests.builders import noon


@given(st.floats(-1e6, 1e6))
def test_a_camera_clock_that_is_off_by_hours_is_no_lag(clock_error_s):
    meter = LagMeter()
    for second in range(20):
        lag_s = meter.lag_s(noon(second + clock_error_s), 100.0 + second)
        assert lag_s < 1e-3


def test_falling_behind_the_stream_is_lag():
    meter = LagMeter()
    meter.lag_s(noon(0), 100.0)
    assert round(meter.lag_s(noon(10), 125.0)) == 15
    assert round(meter.lag_s(noon(30), 131.0)) == 1


def test_a_good_moment_of_long_ago_is_forgotten():
    meter = LagMeter()
    meter.lag_s(noon(0), 0.0)
    for minute in range(1, 30):
        meter.lag_s(noon(60 * minute) - timedelta(seconds=30), 60.0 * minute)
    assert meter.lag_s(noon(1800) - timedelta(seconds=30), 1800.0) < 1e-3
