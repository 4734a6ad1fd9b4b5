"""Where persons were just before they were first seen, as far as their first steps tell.

Detectors miss people for a few frames before they find them, most of all those who are half hidden. So
who is first seen just inside a zone, and walks, often went in unseen.
"""

import numpy as np
from numpy.typing import NDArray

from hypersight_core.domain.passing import GateSettings

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LONGEST_LOOK_BACK_S = 2.0
EPSILON_S = 1e-6


def due_at(first_at: Floats, unseen_at: Floats, settings: GateSettings) -> Floats:
    """Return when enough is known of the first steps to look back from them.

    Args:
        first_at: shape `(n,)`: when each person was first seen.
        unseen_at: shape `(n,)`: time of the frame before; NaN when there was none.

    Returns:
        Shape `(n,)`; NaN, which never comes, for those that may have been there before anybody looked.
    """
    wait_s = np.where(np.isnan(unseen_at), np.nan, settings.look_back_after_s - EPSILON_S)
    return np.asarray(first_at + wait_s)


def origins(first: Floats, unseen_at: Floats, speeds: Floats, settings: GateSettings) -> Floats:
    """Return when and where persons should have been before anybody found them, shape `(3, n)`.

    Args:
        first: shape `(3, n)`: when and where they were first seen.
        unseen_at: shape `(n,)`: time of the frame before.
        speeds: shape `(2, n)`, per second, of the first steps.
    """
    step_s = first[0] - unseen_at
    back_s = np.minimum(settings.look_back_frames * step_s, settings.look_back_s)
    back_s = np.minimum(np.maximum(back_s, step_s), LONGEST_LOOK_BACK_S)
    came_from = first.copy()
    came_from[0] -= back_s
    came_from[1:] -= speeds * back_s
    return came_from


def is_walking(speeds: Floats, heights: Floats, visibility: Floats, settings: GateSettings) -> Bools:
    """Say whose first steps tell anything, shape `(n,)`: not who hardly moves or is seen now and then."""
    is_fast: Bools = np.hypot(speeds[0], speeds[1]) >= settings.walking_speed * heights
    return is_fast & (visibility >= settings.look_back_visibility)
