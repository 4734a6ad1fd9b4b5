"""What becomes of a camera's time: each piece of it is observed once, as watched or as missed."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from hypersight_core.domain.events import Observation, Reason, SegmentRecord

LONGEST_PAUSE = timedelta(days=31)
"""Longer ones leave no observation: that nobody watched is clear without, and a clock set by years would
leave a row for every hour of them."""


class Coverage:
    """Adds to an observation what else must be said: time without a watcher, records that were lost."""

    def __init__(self) -> None:
        self.frames: Mapping[str, int] = {}
        """Wanted frames so far by what became of them: `detected`, or the reason why not."""
        self._seen_until: datetime | None = None
        self._unstored: Observation | None = None

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

    def observed(self, seen: Observation, watch_fps: float) -> tuple[Observation, ...]:
        """Return all that the record of a piece of time has to say, in order."""
        lost, self._unstored = self._unstored, None
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
