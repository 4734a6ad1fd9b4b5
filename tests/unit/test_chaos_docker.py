"""The chaos run's Docker waits between starts as the real one does."""

import itertools

from tests.chaos.docker import next_pause_s


def pauses_s(*runs_s: float) -> list[float]:
    return list(itertools.accumulate(runs_s, next_pause_s, initial=0.0))[1:]


def test_each_pause_is_twice_the_one_before_and_a_minute_at_most():
    assert pauses_s(*[0.5] * 6) == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2]
    assert pauses_s(*[0.5] * 20)[-1] == 60


def test_a_container_that_ran_for_ten_seconds_begins_anew():
    assert pauses_s(0.5, 0.5, 0.5, 12, 0.5) == [0.1, 0.2, 0.4, 0.1, 0.2]
