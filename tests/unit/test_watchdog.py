"""When the loop is stuck, and when it only rests, is slow, or was suspended."""

import pytest

from hypersight_core.watcher import watchdog
from hypersight_core.watcher.watchdog import Watchdog

LOOK_S = 2.0


@pytest.fixture(autouse=True)
def margin(monkeypatch):
    monkeypatch.setattr(watchdog, "MARGIN_S", 4.0)


def looks(dog: Watchdog, count: int) -> list[bool]:
    return [dog.is_stuck() for _ in range(count)]


def test_work_that_takes_longer_than_its_limit_and_the_margin_is_stuck():
    dog = Watchdog(LOOK_S)
    with dog.at_work(6.0):
        assert looks(dog, 7) == [False] * 5 + [True, True]


def test_rest_is_never_stuck():
    dog = Watchdog(LOOK_S)
    assert not any(looks(dog, 50))
    with dog.at_work(0.0):
        pass
    assert not any(looks(dog, 50))


def test_each_piece_of_work_has_all_of_its_time():
    dog = Watchdog(LOOK_S)
    for _ in range(20):
        with dog.at_work(2.0):
            assert not any(looks(dog, 3))


def test_work_is_over_when_it_failed():
    dog = Watchdog(LOOK_S)
    with pytest.raises(ValueError, match="broken"), dog.at_work(0.0):
        raise ValueError("broken")
    assert not any(looks(dog, 50))
