"""Where a person should be by now, how sure that is, and how tall the person is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypersight_core.domain.motion import (
    POINT_VARS,
    SPEED_VARS,
    MotionSettings,
    corrected,
    first_motion,
    grown,
    predicted,
    resized,
)

SETTINGS = MotionSettings()
TALL = np.array([0.2])


def motion_after(frames: int, step_s: float) -> np.ndarray:
    """Return the motion of a person who stands still and is detected exactly."""
    point = np.array([[0.5], [0.5]])
    motion = first_motion(point, TALL, SETTINGS)
    for _ in range(frames):
        motion = corrected(predicted(motion, np.array([step_s]), TALL, SETTINGS), point, TALL, SETTINGS)
    return motion


def smoothed(heights: list[float], step_s: float) -> float:
    """Return the height of a person whose boxes have these heights."""
    sizes, size_vars = np.array([[0.1], heights[:1]]), np.array([SETTINGS.size_measured**2])
    for height in heights[1:]:
        size_vars = grown(size_vars, np.array([step_s]), SETTINGS)
        sizes, size_vars = resized(sizes, size_vars, np.array([[0.1], [height]]), SETTINGS)
    return float(sizes[1, 0])


@given(st.integers(2, 100), st.floats(0.5, 4.0))
def test_the_uncertainty_of_an_unseen_person_is_the_same_however_many_frames_pass(frames, gap_s):
    start = motion_after(20, 0.2)
    at_once = predicted(start, np.array([gap_s]), TALL, SETTINGS)
    step_by_step = start
    for _ in range(frames):
        step_by_step = predicted(step_by_step, np.array([gap_s / frames]), TALL, SETTINGS)
    for spread in (POINT_VARS, SPEED_VARS):
        assert step_by_step[spread] == pytest.approx(at_once[spread], rel=0.2)


def test_who_is_unseen_is_looked_for_sideways_rather_than_up_and_down():
    sideways, upright = predicted(motion_after(20, 0.2), np.array([2.0]), TALL, SETTINGS)[POINT_VARS, :, 0]
    assert sideways > 4 * upright


def test_a_box_cut_in_half_changes_the_height_of_a_person_seen_often_less_than_of_one_seen_seldom():
    heights = [0.2] * 12 + [0.1]
    often, seldom = smoothed(heights, 0.04), smoothed(heights, 1.0)
    assert often > 0.16
    assert seldom < 0.14


def test_at_thirty_frames_a_second_the_height_still_follows_who_comes_nearer():
    tall = [0.1 * 1.2 ** (i / 30) for i in range(90)]
    assert smoothed(tall, 1 / 30) == pytest.approx(tall[-1], rel=0.1)


@given(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=20), st.floats(0.03, 5.0))
def test_a_smoothed_height_lies_between_the_heights_seen(heights, step_s):
    assert min(heights) * (1 - 1e-9) <= smoothed(heights, step_s) <= max(heights) * (1 + 1e-9)
