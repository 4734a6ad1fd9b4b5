"""How persons move: constant velocity that fades, with an uncertainty that grows by real time.

Lengths are frame heights, spreads are given in box heights: a person twice as near moves and
trembles twice as far on the picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


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


@dataclass(slots=True)
class Motion:
    """Positions and speeds of n persons with their uncertainty, each axis for itself."""

    points: Floats
    """Shape `(n, 2)`."""
    speeds: Floats
    """Shape `(n, 2)`, per second."""
    point_vars: Floats
    """Shape `(n, 2)`: variance of the points."""
    mixed_vars: Floats
    """Shape `(n, 2)`: covariance of point and speed."""
    speed_vars: Floats
    """Shape `(n, 2)`: variance of the speeds."""

    def take(self, rows: NDArray[np.int64]) -> "Motion":
        """Return the persons that indices choose."""
        return Motion(
            self.points[rows],
            self.speeds[rows],
            self.point_vars[rows],
            self.mixed_vars[rows],
            self.speed_vars[rows],
        )


def first_motion(points: Floats, heights: Floats, settings: MotionSettings) -> Motion:
    """Return the motion of persons seen once: points `(n, 2)`, box heights `(n,)`."""
    tall = heights[:, None]
    still = np.zeros_like(points)
    seen = np.broadcast_to((settings.measured * tall) ** 2, points.shape).copy()
    return Motion(points, still, seen, still.copy(), (np.array(settings.first_speed) * tall) ** 2)


def predicted(motion: Motion, after_s: Floats, heights: Floats, settings: MotionSettings) -> Motion:
    """Return the motion `after_s` seconds later, `(n,)`, seen by nobody in between."""
    dt = after_s[:, None]
    keep = np.exp(-dt / settings.fade_s)
    reach = settings.fade_s * (1.0 - keep)
    points, speeds = motion.points + reach * motion.speeds, keep * motion.speeds
    dt = np.minimum(dt, settings.longest_growth_s)
    keep = np.exp(-dt / settings.fade_s)
    reach = settings.fade_s * (1.0 - keep)
    push = (settings.acceleration * heights[:, None]) ** 2 * dt * dt
    mixed = motion.mixed_vars + reach * motion.speed_vars
    return Motion(
        points,
        speeds,
        motion.point_vars + reach * (motion.mixed_vars + mixed) + push * (dt * dt / 4.0),
        keep * mixed + push * (dt / 2.0),
        keep * keep * motion.speed_vars + push,
    )


def corrected(motion: Motion, points: Floats, heights: Floats, settings: MotionSettings) -> Motion:
    """Return the motion after each person was detected at one of `points`, `(n, 2)`."""
    noise = (settings.measured * heights[:, None]) ** 2
    gain = motion.point_vars / (motion.point_vars + noise)
    speed_gain = motion.mixed_vars / (motion.point_vars + noise)
    surprise = points - motion.points
    return Motion(
        motion.points + gain * surprise,
        motion.speeds + speed_gain * surprise,
        (1.0 - gain) * motion.point_vars,
        (1.0 - gain) * motion.mixed_vars,
        motion.speed_vars - speed_gain * motion.mixed_vars,
    )
