"""Detections over time become tracks: one identity per person.

Association is by likelihood under a motion model with real time steps, not by overlap: at one or
two frames a second the boxes of a walking person no longer overlap. Time is seconds, positions
are frame heights, spreads are box heights. No clock, no randomness: the same calls give the same tracks.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypersight_core.domain.assignment import OPEN, assign
from hypersight_core.domain.motion import (
    Motion,
    MotionSettings,
    corrected,
    first_motion,
    predicted,
)
from hypersight_core.domain.rows import Rows
from hypersight_core.errors import InvalidInput

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

EPSILON_S = 1e-6
SHORTEST_STEP_S, LONGEST_WAIT_S = 0.04, 2.0
"""Between frames: beyond these the limit of a pair changes no more."""


@dataclass(frozen=True, slots=True)
class TrackingSettings:
    """What holds a track together; found with `benchmarks.counting`, the same for every camera."""

    motion: MotionSettings = field(default_factory=MotionSettings)
    handle: float = 0.35
    """Part of the box height below its top whose middle is followed: heads are hidden less than feet."""
    size_spread: float = 0.2
    """Standard deviation of the logarithm of a box height from one sample to the next."""
    cut: float = 25.0
    """Largest squared Mahalanobis distance of a pair."""
    limit: float = 11.0
    """With a second between frames, a pair is made only below this negative log-likelihood."""
    limit_growth: float = 0.5
    """How the limit grows with the logarithm of the time between frames: who is seen often can wait."""
    max_age_s: float = 2.0
    """How long an unseen person is remembered; at least over one missed frame."""
    confirm_hits: int = 3
    """Tracks with fewer detections are tentative."""
    tentative_age_s: float = 0.2
    tentative_penalty: float = 1.5
    """Added to the cost of pairs with tentative tracks."""
    unseen_penalty: float = 0.2
    """Added to the cost per second a track was unseen before the frame, up to `max_age_s`."""
    rarity_penalty: float = 0.8
    """Added to the cost times -log of the share of frames a track was detected on: persons are, mostly."""
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
    points: Floats
    """Shape `(n, 2)`: the handle of the box when last seen, smoothed."""
    speeds: Floats
    point_vars: Floats
    mixed_vars: Floats
    speed_vars: Floats
    sizes: Floats
    """Shape `(n, 2)`: box width and height, smoothed."""
    seen_at: Floats
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
        ids, pair, single = np.zeros(0, dtype=np.int64), np.zeros((0, 2)), np.zeros(0)
        return cls(ids, pair, pair, pair, pair, pair, pair, single, ids, ids, single, single)

    @property
    def motion(self) -> Motion:
        """The part of the rows that the motion model works on."""
        return Motion(self.points, self.speeds, self.point_vars, self.mixed_vars, self.speed_vars)


@dataclass(frozen=True, slots=True)
class Change:
    """What one frame did to the tracks; masks are over the rows before it."""

    is_seen: Bools
    is_ended: Bools
    ends: Floats
    """Shape `(e, 2)`: where the handles of the ended tracks would be by now."""


class Tracker:
    """Follows persons from frame to frame; memory is bounded by `max_tracks`."""

    def __init__(self, settings: TrackingSettings | None = None, *, first_id: int = 1) -> None:
        self._settings = settings or TrackingSettings()
        self.next_id = first_id
        """Of the next new track."""
        self._last_at = np.nan
        self.tracks = Tracks.none()

    def update(self, at_s: float, boxes: Floats, is_strong: Bools) -> Change:
        """Take in the detections of the next frame.

        Args:
            at_s: later than the frame before.
            boxes: shape `(n, 4)` in frame heights.
            is_strong: shape `(n,)`; others may only go on with a track, not begin one.
        """
        if at_s - self._last_at > self._settings.longest_step_s:
            self.interrupt()
        now = self._predicted(at_s)
        sizes = np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-4)
        points = np.stack(
            [boxes[:, 0] + sizes[:, 0] / 2, boxes[:, 1] + self._settings.handle * sizes[:, 1]], axis=1
        )
        found = self._associated(now, points, sizes, is_strong, at_s)
        is_seen = found != OPEN
        is_ended = ~is_seen & self._is_too_old(at_s)
        change = Change(is_seen, is_ended, now.points[is_ended])
        rows = is_seen.nonzero()[0]
        self.tracks.frames += 1
        self._correct(rows, now.take(rows), points[found[rows]], sizes[found[rows]], at_s)
        if is_ended.any():
            self.tracks = self.tracks.take(~is_ended)
        is_new = is_strong.copy()
        is_new[found[rows]] = False
        self._begin(points[is_new], sizes[is_new], at_s)
        self._last_at = at_s
        return change

    def interrupt(self) -> None:
        """Say that nobody knows what happened since the frame before.

        Who is not found again on the next one is gone.
        """
        self._last_at = np.nan

    def predicted_points(self, at_s: float) -> Floats:
        """Return where the handles of all tracks should be, shape `(n, 2)`."""
        return self._predicted(at_s).points

    def state(self) -> dict[str, Any]:
        """Return JSON values for `restore`."""
        last_at = None if np.isnan(self._last_at) else self._last_at
        return {"next_id": self.next_id, "last_at": last_at, "tracks": self.tracks.to_json()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where the tracker that gave `state` was.

        Raises:
            InvalidInput: `state` is none of ours.
        """
        try:
            next_id, last_at, tracks = int(state["next_id"]), state["last_at"], state["tracks"]
            self.tracks = Tracks.none().from_json(tracks, len(tracks["ids"]))
            self.next_id, self._last_at = next_id, np.nan if last_at is None else float(last_at)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput("the saved tracker cannot be read") from error

    def _predicted(self, at_s: float) -> Motion:
        tracks = self.tracks
        return predicted(tracks.motion, at_s - tracks.seen_at, tracks.sizes[:, 1], self._settings.motion)

    def _associated(self, now: Motion, points: Floats, sizes: Floats, is_strong: Bools, at_s: float) -> Ints:
        """Return the detection of each track: strong ones first, weak ones for who is left."""
        found = np.full(len(self.tracks), OPEN, dtype=np.int64)
        limit = self._limit(at_s)
        is_findable = at_s - self.tracks.seen_at <= self._settings.longest_step_s
        for group in (is_strong.nonzero()[0], (~is_strong).nonzero()[0]):
            free = (is_findable & (found == OPEN)).nonzero()[0]
            if len(group) and len(free):
                costs = self._costs(free, now.take(free), points[group], sizes[group])
                columns = assign(costs, limit)
                is_paired = columns != OPEN
                found[free[is_paired]] = group[columns[is_paired]]
        return found

    def _limit(self, at_s: float) -> float:
        settings, step_s = self._settings, at_s - self._last_at
        if math.isnan(step_s):
            return settings.limit
        return settings.limit + settings.limit_growth * math.log(
            min(max(step_s, SHORTEST_STEP_S), LONGEST_WAIT_S)
        )

    def _costs(self, rows: Ints, now: Motion, points: Floats, sizes: Floats) -> Floats:
        """Return the negative log-likelihood of each pair of track and detection, infinite beyond the cut."""
        settings, heights = self._settings, self.tracks.sizes[rows, 1]
        noise = settings.motion.measured**2 * np.outer(heights, sizes[:, 1])
        spread_x = now.point_vars[:, 0, None] + noise
        spread_y = now.point_vars[:, 1, None] + noise
        gap_x = points[:, 0] - now.points[:, 0, None]
        gap_y = points[:, 1] - now.points[:, 1, None]
        growth = (np.log(sizes[:, 1]) - np.log(heights)[:, None]) / settings.size_spread
        distance = gap_x * gap_x / spread_x + gap_y * gap_y / spread_y + growth * growth
        costs = np.full(distance.shape, np.inf)
        near = np.nonzero(distance < settings.cut)
        vagueness = 0.5 * np.log(spread_x[near] * spread_y[near] / noise[near] ** 2)
        costs[near] = 0.5 * distance[near] + vagueness + self._penalties(rows)[near[0]]
        return costs

    def _penalties(self, rows: Ints) -> Floats:
        settings, tracks = self._settings, self.tracks
        unseen_s = np.fmax(self._last_at - tracks.seen_at[rows], 0.0).clip(max=settings.max_age_s)
        tentative = tracks.hits[rows] < settings.confirm_hits
        seen_share = (tracks.hits[rows] + 1) / (tracks.frames[rows] + 1)
        rarity = -settings.rarity_penalty * np.log(seen_share)
        penalties: Floats = (
            settings.tentative_penalty * tentative + settings.unseen_penalty * unseen_s + rarity
        )
        return penalties

    def _is_too_old(self, at_s: float) -> Bools:
        settings, tracks = self._settings, self.tracks
        is_tentative = tracks.hits < settings.confirm_hits
        max_age_s = np.where(is_tentative, settings.tentative_age_s, settings.max_age_s)
        is_missed_once = tracks.seen_at >= self._last_at - EPSILON_S
        is_long_unseen = ~is_missed_once & (at_s - tracks.seen_at > max_age_s + EPSILON_S)
        is_too_old: Bools = is_long_unseen | np.isnan(self._last_at)
        return is_too_old

    def _correct(self, rows: Ints, now: Motion, points: Floats, sizes: Floats, at_s: float) -> None:
        tracks, settings = self.tracks, self._settings.motion
        motion = corrected(now, points, sizes[:, 1], settings)
        tracks.points[rows], tracks.speeds[rows] = motion.points, motion.speeds
        tracks.point_vars[rows], tracks.mixed_vars[rows] = motion.point_vars, motion.mixed_vars
        tracks.speed_vars[rows] = motion.speed_vars
        tracks.sizes[rows] += settings.size_share * (sizes - tracks.sizes[rows])
        faded = np.exp((tracks.seen_at[rows] - at_s) / self._settings.visibility_s)
        fresh = self._fresh_share(at_s)
        tracks.visibility[rows] = tracks.visibility[rows] * faded + (
            1.0 - faded if np.isnan(fresh) else fresh
        )
        tracks.seen_at[rows] = at_s
        tracks.hits[rows] += 1

    def _fresh_share(self, at_s: float) -> float:
        """Return what one frame adds to the visibility; NaN when the frame before is not known."""
        return 1.0 - math.exp((self._last_at - at_s) / self._settings.visibility_s)

    def _begin(self, points: Floats, sizes: Floats, at_s: float) -> None:
        count = min(len(points), self._settings.max_tracks - len(self.tracks))
        if count <= 0:
            return
        ids = np.arange(self.next_id, self.next_id + count)
        self.next_id += count
        motion = first_motion(points[:count], sizes[:count, 1], self._settings.motion)
        new = Tracks(
            ids, motion.points, motion.speeds, motion.point_vars, motion.mixed_vars, motion.speed_vars,
            sizes=sizes[:count].copy(),
            seen_at=np.full(count, at_s),
            hits=np.ones(count, dtype=np.int64),
            frames=np.ones(count, dtype=np.int64),
            visibility=np.full(count, np.nan_to_num(self._fresh_share(at_s))),
            unseen_at=np.full(count, self._last_at),
        )  # fmt: skip
        self.tracks = self.tracks.joined(new)
