"""When frames need no detector call, and what holds on them then."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import av
import numpy as np
import pytest

from hypersight_core.domain.detections import Detections
from hypersight_core.domain.stillness import LIGHT_STEP, is_still
from hypersight_core.errors import DetectorUnavailable
from hypersight_core.video.picture import Picture
from hypersight_core.watcher.analysis import AnalysedFrame, Analyst
from hypersight_core.watcher.gate import AGREEING_ANSWERS, MOST_ANSWERS
from tests.builders import NOON, a_camera

WIDTH_PX, HEIGHT_PX = 640, 480
FPS = 2.0
SENSOR_NOISE = 4.0
"""Standard deviation of each pixel, in levels of 255: a camera at dusk."""


class Room:
    """A room with texture, as a camera with a noisy sensor sees it."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(7)
        steps = self._random.uniform(40, 180, (HEIGHT_PX // 20, WIDTH_PX // 20))
        self._walls = np.kron(steps, np.ones((20, 20)))

    def picture(self, at_s: float, *, person_px: tuple[int, int, int, int] | None = None, light=0.0):
        """Return a frame; a person covers left, top, width and height, 40 levels darker than the room."""
        grey = self._walls + light
        if person_px is not None:
            left, top, width, height = person_px
            grey = grey.copy()
            grey[top : top + height, left : left + width] -= 40
        grey = grey + self._random.normal(0.0, SENSOR_NOISE, grey.shape)
        levels = np.clip(grey, 0, 255).astype(np.uint8)
        frame = av.VideoFrame.from_ndarray(np.dstack([levels] * 3), format="bgr24")
        return Picture(NOON + timedelta(seconds=at_s), frame.reformat(format="yuv420p"))

    def pictures(self, count: int, *, from_s: float = 0.0, **facts):
        return [self.picture(from_s + index / FPS, **facts) for index in range(count)]


class Detector:
    """Finds one person, on calls that `misses` names none; and may be away."""

    def __init__(self) -> None:
        self.calls = 0
        self._counting = threading.Lock()
        self.is_away = False
        self.answers_after_s = 0.0
        self.misses: Callable[[int], bool] = lambda call: False

    def detect(self, jpeg: bytes) -> Detections:
        if self.is_away:
            raise DetectorUnavailable("away, as the test wants it")
        with self._counting:
            self.calls += 1
            call = self.calls
        time.sleep(self.answers_after_s)
        if self.misses(call):
            return Detections.none()
        # The score tells the call.
        return Detections(np.array([[0.4, 0.4, 0.6, 0.6]]), np.array([0.6 + call / 1000]))


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def detector() -> Detector:
    return Detector()


@pytest.fixture
def make_analyst(detector):
    made: list[Analyst] = []

    def make(**camera) -> Analyst:
        made.append(Analyst(detector, a_camera(**({"motion_gate": True} | camera))))
        return made[-1]

    yield make
    for analyst in made:
        analyst.close()


def analysed(analyst: Analyst, pictures: list[Picture], *, give_up: bool = False) -> list[AnalysedFrame]:
    return list(analyst.analyse(pictures, lambda: give_up))


def told_by(frames: list[AnalysedFrame]) -> list[int | None]:
    """Return which call each frame's person is from; 0: nobody was found, None: nobody knows."""
    told: list[int | None] = []
    for frame in frames:
        found = frame.detections
        told.append(None if found is None else round((found.scores.sum() - 0.6) * 1000) if len(found) else 0)
    return told


def looked_at(frames: list[AnalysedFrame]) -> list[int]:
    """Return the indices of the frames with an answer of their own."""
    told = told_by(frames)
    return [index for index, call in enumerate(told) if call not in told[:index]]


def test_without_the_gate_every_frame_is_looked_at(room, detector, make_analyst):
    analysed(make_analyst(motion_gate=False), room.pictures(8))
    assert detector.calls == 8


def test_still_frames_cost_no_call_and_the_last_answers_take_turns_on_them(room, detector, make_analyst):
    pictures = room.pictures(15)
    frames = analysed(make_analyst(), pictures)
    assert detector.calls == AGREEING_ANSWERS
    assert [frame.picture for frame in frames] == pictures
    turns = [set(told_by(frames)[first : first + 5]) for first in (0, 5, 10)]
    assert turns == [{1, 2, 3, 4, 5}] * 3  # two calls are under way at once, in any order


@pytest.mark.parametrize("every", [2, 3, 4])
def test_a_standing_person_the_detector_misses_now_and_then_is_not_hidden(
    room, detector, make_analyst, every
):
    detector.misses = lambda call: call % every == 0
    frames = analysed(make_analyst(), room.pictures(60, person_px=(300, 200, 30, 80)))
    seen = [told != 0 for told in told_by(frames)]
    assert detector.calls == MOST_ANSWERS + 2  # rechecks after 10 and 20 seconds
    assert all(any(seen[i : i + 3]) for i in range(len(seen) - 2))


def test_a_recheck_that_disagrees_is_followed_by_more_until_the_answers_agree(room, detector, make_analyst):
    detector.misses = lambda call: call <= AGREEING_ANSWERS
    frames = analysed(make_analyst(), room.pictures(60))
    assert detector.calls == 2 * AGREEING_ANSWERS + 1
    after_recheck = told_by(frames)[24:]
    assert 0 not in after_recheck


def test_how_long_an_answer_takes_changes_nothing(room, make_analyst, detector):
    pictures = room.pictures(12) + room.pictures(12, from_s=6.0, person_px=(300, 200, 30, 80))
    quick = looked_at(analysed(make_analyst(), pictures))
    detector.calls, detector.answers_after_s = 0, 0.03
    assert looked_at(analysed(make_analyst(), pictures)) == quick == [0, 1, 2, 3, 4, 12, 13, 14, 15, 16]


def test_the_detector_looks_again_after_the_time_to_recheck(room, detector, make_analyst):
    analysed(make_analyst(motion_recheck_s=10.0), room.pictures(121))
    # Seconds 0 to 60: five frames to settle until 2.0, then one each at 12, 22, 32, 42 and 52.
    assert detector.calls == AGREEING_ANSWERS + 5


@pytest.mark.parametrize("person_px", [(300, 200, 30, 80), (620, 440, 8, 20), (0, 0, 10, 18)])
def test_a_person_coming_in_is_looked_at_at_once_however_small(room, detector, make_analyst, person_px):
    analyst = make_analyst()
    analysed(analyst, room.pictures(6))
    assert detector.calls == AGREEING_ANSWERS
    frames = analysed(analyst, room.pictures(1, from_s=3.0, person_px=person_px))
    assert detector.calls == AGREEING_ANSWERS + 1
    assert told_by(frames) == [detector.calls]


def test_a_person_that_creeps_is_looked_at_once_the_way_adds_up(room, detector, make_analyst):
    analyst = make_analyst(motion_recheck_s=300.0)
    analysed(analyst, room.pictures(6, person_px=(300, 200, 30, 80)))
    for step in range(1, 9):
        analysed(analyst, room.pictures(1, from_s=3 + step / 2, person_px=(300 + step, 200, 30, 80)))
    assert detector.calls > AGREEING_ANSWERS


def test_slow_light_is_no_motion_and_a_lamp_is(room, detector, make_analyst):
    analyst = make_analyst()
    analysed(analyst, room.pictures(6))
    analysed(analyst, room.pictures(1, from_s=3.0, light=LIGHT_STEP / 2))
    assert detector.calls == AGREEING_ANSWERS
    analysed(analyst, room.pictures(1, from_s=3.5, light=4 * LIGHT_STEP))
    assert detector.calls == AGREEING_ANSWERS + 1


def test_motion_on_one_frame_of_a_mosaic_makes_the_detector_look_at_all_of_it(room, detector, make_analyst):
    analyst = make_analyst(watch_rows=2, watch_cols=2)
    analysed(analyst, room.pictures(12))
    assert detector.calls == 2
    moved = room.pictures(3, from_s=6.0) + room.pictures(1, from_s=7.5, person_px=(300, 200, 30, 80))
    frames = analysed(analyst, moved)
    assert detector.calls == 3
    assert len(frames) == 4


def test_after_a_call_that_failed_nothing_holds(room, detector, make_analyst):
    analyst = make_analyst()
    analysed(analyst, room.pictures(6))
    detector.is_away = True
    lost = analysed(analyst, room.pictures(1, from_s=3.0, person_px=(300, 200, 30, 80)), give_up=True)
    assert told_by(lost) == [None]
    detector.is_away = False
    calls = detector.calls
    frames = analysed(analyst, room.pictures(7, from_s=3.5, person_px=(300, 200, 30, 80)))
    assert detector.calls == calls + AGREEING_ANSWERS
    assert None not in told_by(frames)


def test_a_clock_set_back_makes_the_detector_look_again(room, detector, make_analyst):
    analyst = make_analyst()
    analysed(analyst, room.pictures(6, from_s=100.0))
    analysed(analyst, room.pictures(1, from_s=50.0))
    assert detector.calls == AGREEING_ANSWERS + 1


def test_pictures_of_another_shape_are_never_still():
    assert is_still(np.zeros((90, 160), np.uint8), np.zeros((90, 160), np.uint8))
    assert not is_still(np.zeros((120, 160), np.uint8), np.zeros((90, 160), np.uint8))
