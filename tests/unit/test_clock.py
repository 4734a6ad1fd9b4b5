from datetime import UTC, datetime, timedelta

import pytest

from hypersight_core.domain.clock import ClockWatch, put_into_words

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(wall_s: float, monotonic_s: float) -> tuple[datetime, float]:
    return NOON + timedelta(seconds=wall_s), 500.0 + monotonic_s


@pytest.mark.parametrize(("wall_s", "monotonic_s"), [(2.0, 2.0), (3600.0, 3600.0), (6.0, 2.0), (0.0, 4.0)])
def test_a_clock_that_only_goes_on_or_is_slewed_was_not_set(wall_s, monotonic_s):
    watch = ClockWatch()
    assert watch.step_s(*after(0, 0)) == 0
    assert watch.step_s(*after(wall_s, monotonic_s)) == 0


@pytest.mark.parametrize("step_s", [3600.0, -3600.0, 5.0, -60.0])
def test_a_step_is_told_once_with_its_size(step_s):
    watch = ClockWatch()
    watch.step_s(*after(0, 0))
    assert watch.step_s(*after(2 + step_s, 2)) == pytest.approx(step_s)
    assert watch.step_s(*after(4 + step_s, 4)) == 0


def test_people_are_told_which_way_and_how_far():
    assert put_into_words(-3600.4, NOON) == (
        "this machine's clock was set back by 3600 s at 2026-03-01 12:00:00 UTC"
    )
    assert "ahead by 60 s" in put_into_words(60.0, NOON)
