"""What becomes of a camera's time: each piece of it is observed once, as watched or as missed."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from hypersight_core.domain.events import Observation, Reason, SegmentRecord
from hypersight_core.video.source import Segment

LONGEST_PAUSE = timedelta(days=31)
"""Longer ones leave no observation: that nobody watched is clear without, and a clock set by years would
leave a row for every hour of them."""
REPEATED_S = 30.0
"""More than this again, one after the other, is a clock set back; after a reconnection it is less."""

logger = logging.getLogger(__name__)


class Coverage:
    """Adds to an observation what else must be said: time without a watcher, records that were lost."""

    def __init__(self) -> None:
        self.frames: Mapping[str, int] = {}
        """Wanted frames so far by what became of them: `detected`, or the reason why not."""
        self._seen_until: datetime | None = None
        self._unstored: Observation | None = None
        self._repeated_s = 0.0

    def resume(self, seen_until: datetime | None) -> None:
        """Go on after a restart; `seen_until` is the end of the newest observation."""
        self._seen_until = seen_until

    def unstored(self, record: SegmentRecord) -> None:
        """Take note that a record could not be kept: its time is missing, which the next one says."""
        lost = record.observations
        wanted = sum(one.frames_wanted for one in lost)
        self._unstored = replace(
            lost[0],
            to_at=lost[-1].to_at,
            frames_wanted=wanted,
            frames_detected=0,
            reason=Reason.LATE_DROPPED,
        )

    def repeated(self, segment: Segment) -> None:
        """Take note that all of a segment lies in time that was counted before."""
        before_s, self._repeated_s = self._repeated_s, self._repeated_s + segment.duration_s
        if before_s <= REPEATED_S < self._repeated_s:
            logger.warning("stream's clock set back", extra={"to": segment.start_at.isoformat()})

    def notice(self, counted_until: datetime | None) -> str:
        """Return what an operator should know of the stream's clock; empty when nothing."""
        if counted_until is None or self._repeated_s <= REPEATED_S:
            return ""
        return (
            "the camera's clock was set back to a time that was counted before: "
            f"nothing is counted until it shows {counted_until:%Y-%m-%d %H:%M:%S} UTC"
        )

    def observed(self, seen: Observation, watch_fps: float) -> tuple[Observation, ...]:
        """Return all that the record of a piece of time has to say, in order."""
        lost, self._unstored = self._unstored, None
        self._repeated_s = 0.0
        pieces = tuple(self._since_restart(seen, watch_fps))
        counts = Counter(self.frames)
        for one in pieces:
            counts["detected"] += one.frames_detected
            if one.reason is not None:
                counts[one.reason.value] += one.frames_wanted - one.frames_detected
        self.frames = dict(counts)
        return pieces if lost is None else (lost, *pieces)

    def _since_restart(self, seen: Observation, watch_fps: float) -> Iterator[Observation]:
        """Yield, after a restart, the time nobody watched; then the piece, less what was observed before."""
        until, self._seen_until = self._seen_until, None
        if until is not None and seen.from_at < until < seen.to_at:
            seen = replace(seen, from_at=until)
        elif until is not None and timedelta() < (pause := seen.from_at - until) <= LONGEST_PAUSE:
            wanted = round(pause.total_seconds() * watch_fps)
            yield replace(
                seen,
                from_at=until,
                to_at=seen.from_at,
                frames_wanted=wanted,
                frames_detected=0,
                reason=Reason.PAUSED,
            )
        yield seen
