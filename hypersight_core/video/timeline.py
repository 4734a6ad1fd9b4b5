"""Where the pieces of a playlist lie in time, and what is missing between them."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from hypersight_core.video.demux import Cut
from hypersight_core.video.pieces import ClockSource, Gap, Segment
from hypersight_core.video.playlist import Entry

CLOCK_JUMP_S = 60.0
"""A stream clock that gains more than this on the time that really passed was set, not interrupted."""
HOLE_SLACK_S = 2.0
"""A stream's own time that steps further than the time that passed, and this, was set, not interrupted."""
PARTIAL_SHARE = 0.75
"""A segment shorter than this share of what the playlist says was cut off."""


def utc_now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


class Timeline:
    """Gives each segment its start: program date time, else this machine's clock carried on by the stream's.

    Args:
        resume_after: stream time up to which everything was seen before; the first segment
            goes on from there, or else is a discontinuity.
    """

    def __init__(
        self,
        resume_after: datetime | None = None,
        *,
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now, self._monotonic = now, monotonic
        self._end_at = resume_after
        self._has_seen = False
        self._is_torn = resume_after is None
        self._first_s: float | None = None
        self._before_at: datetime | None = None
        self._seen_s = monotonic()

    @property
    def end_at(self) -> datetime | None:
        """Stream time up to which everything is seen or known to be lost."""
        return self._end_at

    def tear(self) -> None:
        """Take note that segments were missed: nothing carries on."""
        self._is_torn = True

    def placed(self, entry: Entry, cut: Cut, behind_s: float) -> Iterator[Segment | Gap]:
        """Yield the segment with its time; before and after it, what is missing.

        Args:
            behind_s: from the segment's start to the newest end in the playlist.
        """
        start_at, clock_source = self._start(entry, cut, behind_s)
        listed_s = entry.duration_s or cut.duration_s
        is_partial = cut.duration_s < PARTIAL_SHARE * listed_s
        duration_s = cut.duration_s if is_partial else listed_s
        jump_s = (start_at - self._end_at).total_seconds() if self._end_at else 0.0
        overlap_s = listed_s / 2 if self._has_seen else listed_s  # a restart may have stopped inside it
        slack_s = listed_s / 2  # a steady stream's times are uneven
        if self._is_torn:
            slack_s = min(slack_s, cut.frame_s)  # nobody saw what lies between, however short it is
        is_jump = not -overlap_s <= jump_s <= slack_s
        if is_jump and self._end_at and self._is_missing(jump_s):
            yield Gap(self._end_at, start_at)
        is_broken = self._is_torn or is_jump or entry.is_discontinuity
        segment = Segment(start_at, duration_s, is_broken, clock_source, cut.coded, cut.frame_s)
        yield segment
        self._carry_on(start_at, segment.stop_at, cut.first_s)
        if is_partial:
            yield from self.lost(entry, since=segment.stop_at, until=start_at + timedelta(seconds=listed_s))

    def lost(
        self, entry: Entry, *, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[Gap]:
        """Yield the gap that a segment leaves which can't be had (or the part from `since` to `until`)."""
        since = since or entry.start_at or self._end_at
        self._is_torn = True
        if since is None:
            return
        until = until or since + timedelta(seconds=entry.duration_s)
        if self._end_at and self._is_missing((since - self._end_at).total_seconds()):
            since = self._end_at
        self._carry_on(since, until, None)
        self._is_torn = True
        yield Gap(since, until)

    def _start(self, entry: Entry, cut: Cut, behind_s: float) -> tuple[datetime, ClockSource]:
        if entry.start_at is not None:
            return entry.start_at, entry.clock_source
        end_at = self._end_at
        if self._is_torn or end_at is None or not self._has_seen:
            anchored_at = self._now() - timedelta(seconds=behind_s)
            return max(anchored_at, end_at or anchored_at), ClockSource.WALL_CLOCK
        if self._first_s is None or self._before_at is None or entry.is_discontinuity:
            return end_at, ClockSource.WALL_CLOCK
        step_s = cut.first_s - self._first_s
        usual_s = (end_at - self._before_at).total_seconds()
        passed_s = self._monotonic() - self._seen_s
        if not 0.5 * usual_s < step_s < max(1.5 * usual_s, passed_s + HOLE_SLACK_S):
            return end_at, ClockSource.WALL_CLOCK
        return self._before_at + timedelta(seconds=step_s), ClockSource.WALL_CLOCK

    def _is_missing(self, jump_s: float) -> bool:
        """Say whether a jump of the stream's time is time that passed unseen."""
        passed_s = self._monotonic() - self._seen_s
        return self._has_seen and 0 < jump_s <= passed_s + CLOCK_JUMP_S

    def _carry_on(self, start_at: datetime, end_at: datetime, first_s: float | None) -> None:
        self._before_at, self._end_at, self._first_s = start_at, end_at, first_s
        self._is_torn = False
        self._has_seen = True
        self._seen_s = self._monotonic()
