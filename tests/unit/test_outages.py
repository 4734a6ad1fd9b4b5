"""When people are told of an outage, with a clock of the test's own."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hypersight_core.domain.outages import Condition, Ending, Outage, Plight, turns
from tests.builders import noon

GRACE = timedelta(seconds=60)


def down(reason: str = "no route", camera_id: int = 1) -> Plight:
    return Plight(camera_id, Condition.DOWN, reason)


WELL = Plight(1, Condition.WATCHING)


class Camera:
    """What is stored of one camera's outage, from one look to the next."""

    def __init__(self, grace: timedelta = GRACE) -> None:
        self.outage: Outage | None = None
        self.said: list[str] = []
        self._grace = grace

    def seen(self, second: float, plight: Plight | None) -> None:
        plights = [] if plight is None else [plight]
        found = turns(plights, [self.outage] if self.outage else [], noon(second), self._grace)
        self.said += [f"{one.condition} at {second:g}" for one in found.told]
        self.said += [f"{one.ended_by} at {second:g}" for one in found.ended]
        for one in (*found.begun, *found.changed, *found.told):
            self.outage = replace(one, outage_id=1)
        if found.ended or found.forgotten:
            self.outage = None


def test_an_outage_is_told_once_after_its_grace_and_its_end_once():
    camera = Camera()
    for second in range(0, 300, 10):
        camera.seen(second, down() if 20 <= second < 200 else WELL)
    assert camera.said == ["down at 80", "recovered at 230"]


def test_an_outage_within_its_grace_is_told_to_nobody():
    camera = Camera()
    for second in range(0, 300, 10):
        camera.seen(second, down() if second % 60 < 50 else WELL)
    assert camera.said == []


def test_a_camera_that_comes_and_goes_makes_one_outage():
    camera = Camera()
    for second in range(0, 600, 10):
        camera.seen(second, WELL if second >= 100 and second % 60 in {0, 10} else down())
    camera.seen(600, WELL)
    camera.seen(630, WELL)
    assert camera.said == ["down at 60", "recovered at 630"]


def test_what_it_is_in_changes_without_another_message():
    camera = Camera()
    camera.seen(0, down())
    camera.seen(60, down())
    camera.seen(70, Plight(1, Condition.FAILED, "its runs end badly"))
    assert camera.said == ["down at 60"]
    assert camera.outage is not None
    assert (camera.outage.condition, camera.outage.reason) == (Condition.FAILED, "its runs end badly")
    assert camera.outage.began_at == noon(0)


@pytest.mark.parametrize("gone", [None, Plight(1, Condition.SWITCHED_OFF)])
def test_a_camera_that_is_switched_off_or_deleted_ends_its_outage_at_once(gone):
    camera = Camera()
    camera.seen(0, down())
    camera.seen(60, down())
    camera.seen(70, gone)
    assert camera.said == ["down at 60", "switched_off at 70"]


def test_a_camera_that_is_switched_off_in_its_grace_is_forgotten():
    camera = Camera()
    camera.seen(0, down())
    camera.seen(10, None)
    assert (camera.said, camera.outage) == ([], None)


def test_without_grace_an_outage_is_told_at_the_second_look_and_its_end_at_once():
    camera = Camera(timedelta())
    camera.seen(0, down())
    camera.seen(1, down())
    camera.seen(2, WELL)
    assert camera.said == ["down at 1", "recovered at 2"]


def test_the_end_is_when_the_camera_was_well_first():
    [outage] = [
        Outage(
            outage_id=1, camera_id=1, condition=Condition.DOWN, reason="", began_at=noon(0),
            well_since=noon(100), told_at=noon(60),
        )
    ]  # fmt: skip
    [ended] = turns([WELL], [outage], noon(130), GRACE).ended
    assert (ended.ended_at, ended.ended_by) == (noon(100), Ending.RECOVERED)


@pytest.mark.parametrize(
    ("state", "condition"),
    [
        ("watching", Condition.WATCHING),
        ("reconnecting", Condition.DOWN),
        ("starting", Condition.DOWN),
        ("not_watched", Condition.DOWN),
        ("detector_away", Condition.DETECTOR_AWAY),
        ("failed", Condition.FAILED),
    ],
)
def test_each_state_of_a_camera_is_one_condition(state, condition):
    assert Plight.of(1, state, is_wanted=True, reason="why").condition is condition
    assert Plight.of(1, state, is_wanted=False, reason="why").condition is Condition.SWITCHED_OFF
