"""How persons move and grow: constant velocity that fades, with an uncertainty that grows by real time.

Lengths are frame heights, spreads are given in box heights: a person twice as near moves and
trembles twice as far on the picture. The two axes of the picture are independent, and a person is
the last axis of every array: that is what makes a step for everybody a few cheap operations.

Speeds and sizes change by many small independent pushes. So the uncertainty after a while is the same
however many frames there were meanwhile, and one set of spreads holds from 1 to 30 frames a second.
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
    """Standard deviations in box heights, times in seconds; pairs are sideways, and up or down the picture.

    People turn and stop sideways; up and down perspective makes steps short and steady.
    """

    measured: float = 0.08
    """Of a detected point, on both axes."""
    acceleration: tuple[float, float] = (0.35, 0.06)
    """Of the change of speed within a second, per second."""
    first_speed: tuple[float, float] = (1.0, 0.4)
    """Of the unknown speed of a new track, per second."""
    fade_s: float = 20.0
    """Time constant with which the speed of an unseen person fades."""
    size_measured: float = 0.13
    """Of the logarithm of a detected box height."""
    size_growth: float = 0.15
    """Of the change of that logarithm within a second."""


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
    later = np.empty(motion.shape)
    later[POINTS] = points + reach * speeds
    later[SPEEDS] = keep * speeds
    push = np.multiply.outer(settings.acceleration, heights) ** 2 * dt
    mixed = mixed_vars + reach * speed_vars
    later[POINT_VARS] = point_vars + reach * (mixed_vars + mixed) + push * (dt * dt / 3.0)
    later[MIXED_VARS] = keep * mixed + push * (dt / 2.0)
    later[SPEED_VARS] = keep * keep * speed_vars + push
    return later


def corrected(motion: Motion, points: Floats, heights: Floats, settings: MotionSettings) -> Motion:
    """Return the motion after each person was detected: points `(2, n)`, box heights `(n,)`."""
    before, point_vars, speeds, mixed_vars, speed_vars = motion
    spread = point_vars + on_both_axes(settings.measured * heights) ** 2
    gain, speed_gain = point_vars / spread, mixed_vars / spread
    surprise, rest = points - before, 1.0 - gain
    now = np.empty(motion.shape)
    now[POINTS] = before + gain * surprise
    now[SPEEDS] = speeds + speed_gain * surprise
    now[POINT_VARS] = rest * point_vars
    now[MIXED_VARS] = rest * mixed_vars
    now[SPEED_VARS] = speed_vars - speed_gain * mixed_vars
    return now


def grown(size_vars: Floats, after_s: Floats, settings: MotionSettings) -> Floats:
    """Return the variances of the logarithms of box heights, `(n,)`, when nobody saw them for a while."""
    return size_vars + settings.size_growth**2 * after_s


def resized(
    sizes: Floats, size_vars: Floats, found: Floats, settings: MotionSettings
) -> tuple[Floats, Floats]:
    """Return sizes, `(2, n)`, and their variances, `(n,)`, after boxes of the sizes `found` were detected."""
    gain = size_vars / (size_vars + settings.size_measured**2)
    return sizes * (found / sizes) ** gain, (1.0 - gain) * size_vars


def on_both_axes(values: Floats) -> Floats:
    """Return values of persons, `(n,)`, once per axis: `(2, n)`; equal shapes calculate fastest."""
    return values[None].repeat(2, axis=0)
