"""Segment by segment: decode, detect, count, and leave one record."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from hypersight_core.domain.cameras import WatchPlan
from hypersight_core.domain.cells import CellTime
from hypersight_core.domain.events import Event, Observation, Reason, SegmentRecord
from hypersight_core.domain.heat import HeatTally
from hypersight_core.domain.overlay import Overlay
from hypersight_core.domain.recent import RecentFrame, RecentSegment
from hypersight_core.processors.interface import Frame, SegmentStart, Services
from hypersight_core.redaction import redacted
from hypersight_core.traces import spans
from hypersight_core.video.sampler import FrameSampler, Picture
from hypersight_core.video.source import Gap, Segment
from hypersight_core.watcher.analysis import AnalysedFrame, Analyst, PersonFinder
from hypersight_core.watcher.coverage import Coverage
from hypersight_core.watcher.outputs import Outputs
from hypersight_core.watcher.running import RunningProcessors

logger = logging.getLogger(__name__)

CLOCK_STEP = timedelta(minutes=10)
"""A stream time further than this before the last position is a changed clock (an hour, where a camera ends
its daylight saving time), not a repetition: playlists are shorter."""
TICK = timedelta(microseconds=1)
SEAM = timedelta(seconds=1.5)
"""Segments further apart than this have something missing between them."""


@dataclass(slots=True)
class _Tally:
    """What one segment has come to so far."""

    heat: HeatTally
    events: list[Event] = field(default_factory=list)
    repeated: int = 0
    wanted: int = 0
    last_at: datetime | None = None
    is_continuous: bool = False
    """Of the first frame that was analysed, with the one before it."""
    seen: list[RecentFrame] = field(default_factory=list)

    @property
    def detected(self) -> int:
        return len(self.seen)


class SegmentLoop:
    """Turns the pieces of a stream into records; knows neither database nor network addresses.

    Args:
        outputs: where previews and snapshots go; None when nobody looks (recordings).
        max_lag_s: how long a segment may wait for the detector.
    """

    def __init__(
        self,
        plan: WatchPlan,
        finder: PersonFinder,
        services: Services,
        *,
        outputs: Outputs | None,
        max_lag_s: float,
        stop: threading.Event,
    ) -> None:
        self._plan = plan
        self._outputs, self._max_lag_s, self._stop = outputs, max_lag_s, stop
        self._sampler = _sampler(plan)
        self._analyst = Analyst(finder, plan.camera)
        self._finder = finder
        self._running = RunningProcessors(services)
        self._seq = 0
        self._position_at: datetime | None = None
        self._ended_at: datetime | None = None
        self._coverage = Coverage()
        self._is_resumed = self._is_broken = False
        self._advice = ""

    @property
    def detector_problem(self) -> str:
        """Why the detector does not answer; empty while it does."""
        return self._analyst.problem

    @property
    def advice(self) -> str:
        """What an operator should change about the camera; empty when nothing."""
        return self._coverage.notice(self._position_at) or self._advice

    @property
    def position_at(self) -> datetime | None:
        """Stream time up to which everything is counted."""
        return self._position_at

    @property
    def frames(self) -> Mapping[str, int]:
        """Wanted frames so far by what became of them: `detected`, or the reason why not."""
        return self._coverage.frames

    def resume(self, record: SegmentRecord, seen_until: datetime | None) -> None:
        """Go on after `record`, as if there had been no restart.

        Args:
            seen_until: end of the newest observation; what lies between it and the stream's next piece
                is observed as `paused`.
        """
        self._seq, self._position_at = record.seq, record.position_at
        self._ended_at, self._is_resumed = record.position_at, True
        self._coverage.resume(seen_until)
        self._running.configure(self._plan, record.state)

    def configure(self, plan: WatchPlan) -> None:
        """Take over an edited plan, from the next frame on."""
        before, self._plan = self._plan.camera, plan
        self._running.configure(plan, {})
        if plan.camera.skip_loop_filter != before.skip_loop_filter:
            self._sampler = _sampler(plan)  # from the next key frame on
        elif plan.camera.watch_fps != before.watch_fps:
            self._sampler.set_fps(plan.camera.watch_fps)
        if plan.camera != before:
            self._analyst.close()
            self._analyst = Analyst(self._finder, plan.camera)
        if self._outputs is not None:
            self._outputs.configure(plan)

    def close(self) -> None:
        """End the threads of detector calls and realtime processors."""
        self._analyst.close()
        self._running.close()

    def unstored(self, record: SegmentRecord) -> None:
        """Take note that a record could not be kept: the next one says that its time is missing."""
        self._coverage.unstored(record)

    def gap(self, gap: Gap, *, is_late: bool = False) -> SegmentRecord | None:
        """Record a piece of time nobody saw; None when its length is not known.

        Args:
            is_late: the stream went on, but could not be followed in time.
        """
        self._ended_at = None
        if gap.to_at is None or gap.to_at <= gap.from_at or self._is_seen(gap.to_at):
            return None
        reason = Reason.LATE_DROPPED if is_late else Reason.STREAM_DOWN
        if self._analyst.problem:
            reason = Reason.DETECTOR_ERROR
        wanted = round((gap.to_at - gap.from_at).total_seconds() * self._plan.camera.watch_fps)
        return self._record(gap.to_at, [], self._observation(gap.from_at, gap.to_at, wanted, 0, reason))

    def drop(self, segment: Segment) -> SegmentRecord | None:
        """Record a segment that comes too late to be analysed; None when it was counted before."""
        self._ended_at = None
        if self._is_seen(segment.stop_at - TICK):
            return None
        wanted = round(segment.duration_s * self._plan.camera.watch_fps)
        seen = self._observation(segment.start_at, segment.stop_at, wanted, 0, Reason.LATE_DROPPED)
        return self._record(segment.stop_at - TICK, [], seen)

    def segment(self, segment: Segment) -> SegmentRecord | None:
        """Count one segment; None when all of it was counted before."""
        give_up = self._give_up_after(time.monotonic())
        tally = _Tally(HeatTally(min(one.threshold for one in self._plan.processors)))
        decoding, counting = spans.stage("decode"), spans.stage("count")
        for frame in self._analyst.analyse(decoding.over(self._fresh(segment, tally)), give_up):
            with counting:
                self._count(frame, tally)
        decoding.end(frames=tally.wanted)
        counting.end(frames=tally.detected, events=len(tally.events))
        last_at = tally.last_at or segment.stop_at - TICK
        if tally.wanted == 0 and (tally.repeated or self._is_seen(last_at)):
            self._coverage.repeated(segment)
            return None
        if self._stop.is_set() and tally.detected < tally.wanted:
            return None  # the successor counts all of it, while the stream still has it
        self._ended_at, self._is_resumed = segment.stop_at, False
        if self._outputs is not None and tally.seen:
            self._outputs.detected(self._recent(segment, tally))
        # Frames counted before are not in the tally, and their time must not go to the others.
        heat = tally.heat.cells(segment.duration_s / max(1, tally.wanted + tally.repeated))
        return self._record(last_at, tally.events, self._seen_of(segment, tally), heat)

    def _count(self, frame: AnalysedFrame, tally: _Tally) -> None:
        picture = frame.picture
        tally.wanted += 1
        tally.last_at = picture.at
        shown = picture if self._outputs is None else self._outputs.veiled(picture, frame.detections)
        if self._outputs is not None and tally.wanted == 1:
            self._outputs.snapshot(shown)
        if frame.detections is None:
            return
        if tally.detected == 0:
            tally.is_continuous = not self._is_broken
            tally.events.extend(self._running.begin(SegmentStart(picture.at, tally.is_continuous)))
            self._is_broken = False
        tally.seen.append(RecentFrame.of(picture.at, picture.width_px, picture.height_px, frame.detections))
        tally.heat.add(picture.at, frame.detections)
        show = partial(self._outputs.show, shown) if self._outputs is not None else _nobody_looks
        tally.events.extend(self._running.update(_as_frame(picture), frame.detections, show))

    def _seen_of(self, segment: Segment, tally: _Tally) -> Observation:
        wanted, reason = tally.wanted, None
        if tally.detected < tally.wanted:
            reason = Reason.DETECTOR_ERROR
        due = min(int(segment.duration_s * self._plan.camera.watch_fps), len(segment.coded))
        if not tally.repeated and tally.wanted < due - 1:
            # Frames came but could not be decoded; a stream slower than `watch_fps` is no loss.
            wanted, reason = due, reason or Reason.STREAM_DOWN
        return self._observation(segment.start_at, segment.stop_at, wanted, tally.detected, reason)

    def _recent(self, segment: Segment, tally: _Tally) -> RecentSegment:
        return RecentSegment(
            scene=redacted(self._plan.camera.stream_url),
            start_at=segment.start_at,
            stop_at=segment.stop_at,
            is_continuous=tally.is_continuous,
            frames_wanted=tally.wanted,
            frames=tuple(tally.seen),
        )

    def _is_continuous(self, segment: Segment) -> bool:
        """Whether nothing was missed between the last segment and this one.

        The first segment after a restart is marked as discontinuous by its source, which knows of none
        before; here it is known.
        """
        before, was_resumed = self._ended_at, self._is_resumed
        if before is None or (segment.is_discontinuity and not was_resumed):
            return False
        sample = timedelta(seconds=1 / self._plan.camera.watch_fps) if was_resumed else timedelta()
        return abs(segment.start_at - before) <= SEAM + sample

    def _fresh(self, segment: Segment, tally: _Tally) -> Iterator[Picture]:
        """Yield the frames not counted before; a segment of which there are none changes nothing."""
        is_begun = False
        for picture in self._sampler.frames(segment):
            if self._is_seen(picture.at):
                tally.repeated += 1
                continue
            if not is_begun:
                # Kept until a frame is really counted: the detector may be away for all of this segment.
                self._is_broken = self._is_broken or not self._is_continuous(segment)
                is_begun = True
            yield picture

    def _is_seen(self, at: datetime) -> bool:
        before = self._position_at
        return before is not None and before - CLOCK_STEP < at <= before

    def _give_up_after(self, started_s: float) -> Callable[[], bool]:
        return lambda: self._stop.is_set() or time.monotonic() - started_s > self._max_lag_s

    def _observation(
        self, from_at: datetime, to_at: datetime, wanted: int, detected: int, reason: Reason | None
    ) -> Observation:
        return Observation(
            camera_id=self._plan.camera.camera_id,
            from_at=from_at,
            to_at=to_at,
            frames_wanted=wanted,
            frames_detected=detected,
            reason=reason,
        )

    def _record(
        self, position_at: datetime, events: list[Event], seen: Observation, heat: tuple[CellTime, ...] = ()
    ) -> SegmentRecord:
        self._seq += 1
        self._position_at = position_at
        self._advice = self._running.advice()
        return SegmentRecord(
            camera_id=self._plan.camera.camera_id,
            seq=self._seq,
            position_at=position_at,
            events=tuple(events),
            observations=self._coverage.observed(seen, self._plan.camera.watch_fps),
            heat=heat,
            state=self._running.state(),
        )


def _sampler(plan: WatchPlan) -> FrameSampler:
    return FrameSampler(plan.camera.watch_fps, skip_loop_filter=plan.camera.skip_loop_filter)


def _nobody_looks(_processor_id: int, _overlay: Callable[[], Overlay]) -> None:
    return


def _as_frame(picture: Picture) -> Frame:
    return Frame(picture.at, picture.width_px, picture.height_px, picture.to_bgr)
