"""Whether something moved between two looks at the same scene."""

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""Shape `(height, width)`: a whole frame, much reduced, so that each value is the mean of many pixels."""

MOST_CHANGE = 5.0
"""Levels of 255 by which the mean of 2 x 2 values may differ. Fixed: a limit that rose with the noise would
hide people at night; where the noise alone exceeds it, nothing is still and nothing is saved.
"""
LIGHT_STEP = 6.0
"""A whole picture that gets brighter or darker by more than this saw a lamp, not a cloud."""


def is_still(now: Grey, before: Grey) -> bool:
    """Say that nothing moved: no spot differs by more than sensor noise and a slow change of light explain.

    The change of light is the median over the picture: who covers less than half of it does not shift it.
    """
    if now.shape != before.shape:
        return False
    change = now.astype(np.float32) - before
    light = float(np.median(change))
    if abs(light) > LIGHT_STEP:
        return False
    sums = change[:-1, :-1] + change[1:, :-1] + change[:-1, 1:] + change[1:, 1:]
    return float(np.abs(sums - 4 * light).max()) <= 4 * MOST_CHANGE
