"""What is known of the persons that are followed, and what holds a track together.

Time is seconds, positions are frame heights, spreads are box heights.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hypersight_core.domain.motion import POINTS, SPEEDS, Motion, MotionSettings
from hypersight_core.domain.rows import Rows

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TrackingSettings:
    """What holds a track together; found with `benchmarks.counting`, the same for every camera."""

    motion: MotionSettings = field(default_factory=MotionSettings)
    handle: float = 0.35
    """Part of the box height below its top whose middle is followed: heads are hidden less than feet."""
    cut: float = 25.0
    """Largest squared Mahalanobis distance of a pair."""
    limit: float = 12.0
    """With a second between frames, a pair is made only below this negative log-likelihood."""
    limit_growth: float = 0.5
    """How the limit grows with the logarithm of the time between frames: who is seen often can wait."""
    max_age_s: float = 3.0
    """How long an unseen person is remembered; at least over one missed frame."""
    confirm_hits: int = 3
    """Tracks with fewer detections are tentative,"""
    confirm_s: float = 0.5
    """or with just as many in less time: false boxes go on from frame to frame."""
    single_s: float = 0.75
    """With frames further apart one detection is enough to be present."""
    weak_s: float = 5.0
    """Who was found with less than the full score for longer is not taken to be present: a thing, mostly."""
    tentative_age_s: float = 0.2
    tentative_penalty: float = 1.5
    """Added to the cost of pairs with tentative tracks."""
    unseen_penalty: float = 0.2
    """Added to the cost per second a track was unseen before the frame, up to `max_age_s`."""
    rarity_penalty: float = 0.8
    """Added to the cost times -log of the share of frames a track was detected on: persons are, mostly."""
    hidden_penalty: float = 4.0
    """What a wholly covered person has to be likelier by to take a detection from who covers it."""
    hidden_age_s: float = 2.0
    """How much longer than `max_age_s` a wholly covered person is remembered."""
    hiding_s: float = 0.5
    """Who was not seen for longer before the newest frame hides nobody."""
    visibility_s: float = 1.0
    """Time constant of `Tracks.visibility`."""
    longest_step_s: float = 6.0
    """Frames further apart are an interruption; nobody unseen for longer is found again."""
    max_tracks: int = 500


@dataclass(slots=True)
class Tracks(Rows):
    """The persons followed now, in the order of their ids."""

    ids: Ints
    """Counted up from 1, never used again."""
    motion: Motion
    """Shape `(5, 2, n)`: of the handle of the box, when last seen."""
    sizes: Floats
    """Shape `(2, n)`: box width and height, smoothed."""
    size_vars: Floats
    """Variances of the logarithms of the heights, when last seen."""
    seen_at: Floats
    strong_at: Floats
    """When last detected with the full score."""
    hits: Ints
    """Number of detections."""
    frames: Ints
    """Number of frames since the first detection, with its own."""
    visibility: Floats
    """Share of the last second's frames with a detection, when last seen; grows from 0."""
    unseen_at: Floats
    """Time of the frame before the first detection; NaN when there was none."""

    @classmethod
    def none(cls) -> "Tracks":
        """Return no tracks."""
        ids, single = np.zeros(0, dtype=np.int64), np.zeros(0)
        motion, sizes = np.zeros((5, 2, 0)), np.zeros((2, 0))
        return cls(ids, motion, sizes, single, single, single, ids, ids, single, single)

    def is_confirmed(self, settings: TrackingSettings, rows: int | slice = slice(None)) -> Bools:
        """Say who is no longer tentative, shape `(n,)`; or of one row."""
        is_quick = self.seen_at[rows] - self.unseen_at[rows] < settings.confirm_s
        return np.asarray(self.hits[rows] >= settings.confirm_hits + is_quick)

    @property
    def points(self) -> Floats:
        """Where the handles were when last seen, smoothed; shape `(2, n)`."""
        points: Floats = self.motion[POINTS]
        return points

    @property
    def speeds(self) -> Floats:
        """Per second, shape `(2, n)`."""
        speeds: Floats = self.motion[SPEEDS]
        return speeds


class Now(NamedTuple):
    """What the tracks should be like at the time of the newest frame, before it is looked at."""

    at_s: float
    unseen_s: Floats
    """Shape `(n,)`: since each was seen last."""
    motion: Motion
    """Shape `(5, 2, n)`."""
    size_vars: Floats
    """Shape `(n,)`."""


class Found(NamedTuple):
    """The detections of one frame, as tracks see them."""

    points: Floats
    """Shape `(2, m)`: the handles of the boxes."""
    sizes: Floats
    """Shape `(2, m)`: their widths and heights."""
    is_strong: Bools
    """Shape `(m,)`; others may only go on with a track, not begin one."""
