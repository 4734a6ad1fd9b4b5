"""Detections over time become tracks: one identity per person.

No clock, no randomness: the same calls give the same tracks.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from hypersight_core.domain.association import OPEN, Association
from hypersight_core.domain.hiding import hidden_shares
from hypersight_core.domain.motion import POINTS, corrected, first_motion, grown, predicted, resized
from hypersight_core.domain.tracks import Bools, Floats, Found, Ints, Now, TrackingSettings, Tracks
from hypersight_core.errors import InvalidInput

EPSILON_S = 1e-6
SMALLEST = 1e-4
"""Width and height of a box, in frame heights: a person has a size."""


class Change(NamedTuple):
    """Who is gone after a frame."""

    ended: Ints
    """Their rows before it, shape `(e,)`."""
    ends: Floats
    """Shape `(2, e)`: where their handles would be by now."""


class Tracker:
    """Follows persons from frame to frame; memory is bounded by `max_tracks`."""

    def __init__(self, settings: TrackingSettings | None = None, *, first_id: int = 1) -> None:
        self._settings = settings or TrackingSettings()
        self._handle = np.array([[0.5], [self._settings.handle]])
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
        found, now = self._found(boxes, is_strong), self._now(at_s)
        columns = Association(self.tracks, now, self._last_at, self._settings).columns(found)
        is_seen = columns != OPEN
        unseen = (~is_seen).nonzero()[0].tolist()
        ended = self._given_up(unseen, now)
        change = Change(ended, now.motion[POINTS].take(ended, axis=1))
        self.tracks.frames += 1
        if len(is_strong):
            points, sizes = found.points.take(columns, axis=1), found.sizes.take(columns, axis=1)
            self._correct(is_seen, now, points, sizes)
            self.tracks.strong_at[is_seen & is_strong.take(columns)] = at_s
        if len(ended):
            self.tracks = self.tracks.without(ended)
        is_new = is_strong.copy()
        is_new[columns[is_seen]] = False
        begun = is_new.nonzero()[0]
        if len(begun):
            self._begin(found, begun, at_s)
        self._last_at = at_s
        return change

    def interrupt(self) -> None:
        """Say that nobody knows what happened since the frame before.

        Who is not found again on the next one is gone.
        """
        self._last_at = np.nan

    def predicted_points(self, at_s: float) -> Floats:
        """Return where the handles of all tracks should be, shape `(2, n)`."""
        points: Floats = self._now(at_s).motion[POINTS]
        return points

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

    def _now(self, at_s: float) -> Now:
        tracks, settings = self.tracks, self._settings.motion
        unseen_s = at_s - tracks.seen_at
        motion = predicted(tracks.motion, unseen_s, tracks.sizes[1], settings)
        return Now(at_s, unseen_s, motion, grown(tracks.size_vars, unseen_s, settings))

    def _found(self, boxes: Floats, is_strong: Bools) -> Found:
        corners = np.ascontiguousarray(boxes.T)
        sizes = np.maximum(corners[2:] - corners[:2], SMALLEST)
        return Found(corners[:2] + self._handle * sizes, sizes, is_strong)

    def _given_up(self, unseen: list[int], now: Now) -> Ints:
        """Return which of the tracks that are not seen end: those unseen for too long, hidden or not."""
        longest_s = self._settings.hidden_age_s
        late_s = {row: self._late_s(row, now.at_s) for row in unseen}
        may_hide = [row for row, late in late_s.items() if 0.0 < late <= longest_s]
        if may_hide:
            shares = hidden_shares(np.array(may_hide), self.tracks, now.motion, self._last_at, self._settings)
            for row, share in zip(may_hide, shares.tolist(), strict=True):
                late_s[row] -= longest_s * share
        return np.array([row for row, late in late_s.items() if late > 0.0], dtype=np.int64)

    def _late_s(self, row: int, at_s: float) -> float:
        """Return for how long a track should have been seen; infinite when hiding is no excuse.

        None is late at its first miss, and all are that are not found again after an interruption.
        """
        settings, seen_at = self._settings, float(self.tracks.seen_at[row])
        if math.isnan(self._last_at):
            return math.inf
        if seen_at >= self._last_at - EPSILON_S:
            return 0.0
        unseen_s = at_s - seen_at - EPSILON_S
        if not self.tracks.is_confirmed(settings, row):
            return math.inf if unseen_s > settings.tentative_age_s else 0.0
        return unseen_s - settings.max_age_s

    def _correct(self, is_seen: Bools, now: Now, points: Floats, sizes: Floats) -> None:
        """Take in the detection of each track, `(2, n)`; those of tracks that have none are not looked at."""
        tracks, settings = self.tracks, self._settings
        motion = corrected(now.motion, points, sizes[1], settings.motion)
        sizes, size_vars = resized(tracks.sizes, now.size_vars, sizes, settings.motion)
        faded, fresh = np.exp(now.unseen_s / -settings.visibility_s), self._fresh_share(now.at_s)
        visibility = tracks.visibility * faded + (1.0 - faded if math.isnan(fresh) else fresh)
        np.copyto(tracks.motion, motion, where=is_seen)
        np.copyto(tracks.sizes, sizes, where=is_seen)
        np.copyto(tracks.size_vars, size_vars, where=is_seen)
        np.copyto(tracks.visibility, visibility, where=is_seen)
        tracks.seen_at[is_seen] = now.at_s
        tracks.hits += is_seen

    def _fresh_share(self, at_s: float) -> float:
        """Return what one frame adds to the visibility; NaN when the frame before is not known."""
        return 1.0 - math.exp((self._last_at - at_s) / self._settings.visibility_s)

    def _begin(self, found: Found, columns: Ints, at_s: float) -> None:
        columns = columns[: max(0, self._settings.max_tracks - len(self.tracks))]
        count, fresh = len(columns), self._fresh_share(at_s)
        sizes = found.sizes.take(columns, axis=1)
        new = Tracks(
            ids=np.arange(self.next_id, self.next_id + count),
            motion=first_motion(found.points.take(columns, axis=1), sizes[1], self._settings.motion),
            sizes=sizes,
            size_vars=np.full(count, self._settings.motion.size_measured**2),
            seen_at=np.full(count, at_s),
            strong_at=np.full(count, at_s),
            hits=np.ones(count, dtype=np.int64),
            frames=np.ones(count, dtype=np.int64),
            visibility=np.full(count, 0.0 if math.isnan(fresh) else fresh),
            unseen_at=np.full(count, self._last_at),
        )
        self.next_id += count
        self.tracks = self.tracks.joined(new)
