"""How persons move: constant velocity that fades, with an uncertainty that grows by real time.

Lengths are frame heights, spreads are given in box heights: a person twice as near moves and
trembles twice as far on the picture. The two axes of the picture are independent, and a person is
the last axis of every array: that is what makes a step for everybody a few cheap operations.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Motion = Floats
"""Shape `(5, 2, n)`: points, variances of the points, speeds per second, covariances of point and speed,
variances of the speeds; of each of the two axes; of n persons."""

POINTS, POINT_VARS, SPEEDS, MIXED_VARS, SPEED_VARS = range(5)


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """Standard deviations in box heights, times in seconds; measured with `benchmarks.counting`."""

    measured: float = 0.065
    """Of a detected point."""
    acceleration: float = 0.57
    """Per second squared."""
    first_speed: tuple[float, float] = (0.75, 0.55)
    """Of the unknown speed of a new track, sideways and up or down the picture, per second."""
    fade_s: float = 20.0
    """Time constant with which the speed of an unseen person fades."""
    longest_growth_s: float = 3.0
    """The uncertainty grows no longer than this: nobody walks straight on for ever."""
    size_share: float = 0.37
    """Weight of a new detection in the smoothed box size."""


def first_motion(points: Floats, heights: Floats, settings: MotionSettings) -> Motion:
    """Return the motion of persons seen once: points `(2, n)`, box heights `(n,)`."""
    motion = np.zeros((5, *points.shape))
    motion[POINTS] = points
    motion[POINT_VARS] = (settings.measured * heights) ** 2
    motion[SPEED_VARS] = np.multiply.outer(settings.first_speed, heights) ** 2
    return motion


def predicted(motion: Motion, after_s: Floats, heights: Floats, settings: MotionSettings) -> Motion:
    """Return the motion `after_s` seconds later, `(n,)`, seen by nobody in between."""
    points, point_vars, speeds, mixed_vars, speed_vars = motion
    dt = on_both_axes(after_s)
    keep = np.exp(dt / -settings.fade_s)
    reach = settings.fade_s * (1.0 - keep)
    later = np.empty_like(motion)
    later[POINTS] = points + reach * speeds
    later[SPEEDS] = keep * speeds
    if dt.max(initial=0.0) > settings.longest_growth_s:
        dt = np.minimum(dt, settings.longest_growth_s)
        keep = np.exp(dt / -settings.fade_s)
        reach = settings.fade_s * (1.0 - keep)
    push = on_both_axes(settings.acceleration * heights) ** 2 * dt * dt
    mixed = mixed_vars + reach * speed_vars
    later[POINT_VARS] = point_vars + reach * (mixed_vars + mixed) + push * (dt * dt / 4.0)
    later[MIXED_VARS] = keep * mixed + push * (dt / 2.0)
    later[SPEED_VARS] = keep * keep * speed_vars + push
    return later


def corrected(motion: Motion, points: Floats, heights: Floats, settings: MotionSettings) -> Motion:
    """Return the motion after each person was detected: points `(2, n)`, box heights `(n,)`."""
    before, point_vars, speeds, mixed_vars, speed_vars = motion
    spread = point_vars + on_both_axes(settings.measured * heights) ** 2
    gain, speed_gain = point_vars / spread, mixed_vars / spread
    surprise, rest = points - before, 1.0 - gain
    now = np.empty_like(motion)
    now[POINTS] = before + gain * surprise
    now[SPEEDS] = speeds + speed_gain * surprise
    now[POINT_VARS] = rest * point_vars
    now[MIXED_VARS] = rest * mixed_vars
    now[SPEED_VARS] = speed_vars - speed_gain * mixed_vars
    return now


def on_both_axes(values: Floats) -> Floats:
    """Return values of persons, `(n,)`, once per axis: `(2, n)`; equal shapes calculate fastest."""
    return np.concatenate((values, values)).reshape(2, -1)
