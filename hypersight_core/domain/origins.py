"""Where persons were just before they were first seen, as far as their first steps tell.

Detectors miss people for a few frames before they find them, most of all those who are half hidden. So
who is first seen just inside a zone, and walks, often went in unseen. How many frames: as many as this
detector may miss in a row, by what it misses of persons who are followed.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypersight_core.domain.passing import GateSettings

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LONGEST_LOOK_BACK_S = 2.0
EPSILON_S = 1e-6
FOUND_BEFORE = 20.0
"""Detections of a detector without fault, which one that is not yet known is taken for."""
KEPT = 0.998
"""What a detection leaves of the weight of those before it: some five hundred are remembered."""


@dataclass(slots=True)
class Misses:
    """How often the detector misses persons who are there, told by those that it finds again."""

    found: float = FOUND_BEFORE
    missed: float = 0.0

    def look(self, unseen_s: Floats, frame_s: float) -> None:
        """Take in a frame.

        Args:
            unseen_s: shape `(n,)`: how long ago those found on it were found before; 0 for all others.
            frame_s: time since the frame before.
        """
        found = int(np.count_nonzero(unseen_s))
        if found:
            keep = KEPT**found
            self.found = keep * self.found + found
            self.missed = keep * self.missed + max(round(float(unseen_s.sum()) / frame_s) - found, 0)

    def in_a_row(self, settings: GateSettings) -> float:
        """Return how many frames ago a person who was just found may have come, at least one.

        With a share `p` of frames missed, one by one, `k` in a row have the chance `p ** k`.
        """
        share = self.missed / (self.missed + self.found)
        if not share:
            return 1.0
        return min(1.0 + math.log(settings.rare_misses) / math.log(share), settings.look_back_frames)


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


def origins(
    first: Floats, unseen_at: Floats, speeds: Floats, frames: float, settings: GateSettings
) -> Floats:
    """Return when and where persons should have been before anybody found them, shape `(3, n)`.

    Args:
        first: shape `(3, n)`: when and where they were first seen.
        unseen_at: shape `(n,)`: time of the frame before.
        speeds: shape `(2, n)`, per second, of the first steps.
        frames: how many of them are looked back.
    """
    step_s = first[0] - unseen_at
    back_s = np.minimum(frames * step_s, settings.look_back_s)
    back_s = np.minimum(np.maximum(back_s, step_s), LONGEST_LOOK_BACK_S)
    came_from = first.copy()
    came_from[0] -= back_s
    came_from[1:] -= speeds * back_s
    return came_from


def is_walking(speeds: Floats, heights: Floats, visibility: Floats, settings: GateSettings) -> Bools:
    """Say whose first steps tell anything, shape `(n,)`: not who hardly moves or is seen now and then."""
    is_fast: Bools = np.hypot(speeds[0], speeds[1]) >= settings.walking_speed * heights
    return is_fast & (visibility >= settings.look_back_visibility)
