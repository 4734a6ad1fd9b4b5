"""The processors of one camera while it is watched."""

import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hypersight_core.domain.cameras import Camera, Processor, WatchPlan
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.events import Event
from hypersight_core.domain.overlay import Overlay
from hypersight_core.processors import registry
from hypersight_core.processors.interface import Frame, FrameProcessor, SegmentStart, Services
from hypersight_core.traces import spans

logger = logging.getLogger(__name__)

REALTIME_FRAMES = 4
"""Frames that may wait for a realtime processor before the oldest is left out."""


@dataclass(slots=True)
class _Member:
    processor: Processor
    running: FrameProcessor


Show = Callable[[int, Callable[[], Overlay]], None]


class RunningProcessors:
    """Counting processors in the loop; realtime ones (faces) beside it, where they can't hold it up."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._members: dict[int, _Member] = {}
        self._realtime = _RealtimeThread()
        self._camera: Camera | None = None
        self._unknown = ""

    def configure(self, plan: WatchPlan, saved: Mapping[str, Any]) -> None:
        """Make, edit and drop processors so that they are those of `plan`, without unknown kinds.

        Args:
            saved: states by processor id from before a restart; they win over what runs now.
        """
        wanted = {one.processor_id: one for one in plan.processors if one.kind in registry.KINDS}
        self._unknown = _unknown(plan)
        for gone in self._members.keys() - wanted.keys():
            del self._members[gone]
        for processor_id, processor in wanted.items():
            member = self._members.get(processor_id)
            state = saved.get(str(processor_id))
            if member is None or state is not None or self._camera != plan.camera:
                if state is None and member is not None:
                    state = member.running.state()
                self._members[processor_id] = _Member(processor, self._made(plan.camera, processor, state))
            elif member.processor != processor:
                member.running.reconfigure(processor)
                member.processor = processor
        self._camera = plan.camera

    def begin(self, start: SegmentStart) -> Sequence[Event]:
        """Begin a segment in every processor."""
        return [event for member in self._members.values() for event in member.running.begin(start)]

    def update(self, frame: Frame, detections: Detections, show: Show) -> Sequence[Event]:
        """Give one analysed frame to every processor; return what the counting ones say happened.

        Args:
            show: called with each processor and what says what it shows on this very frame (to be asked at
                once or never); from the realtime thread for realtime processors.
        """
        events: list[Event] = []
        for member in self._members.values():
            if registry.is_realtime(member.processor.kind):
                self._realtime.put(spans.carried(partial(_updated, member, frame, detections, show)))
            else:
                events.extend(_updated(member, frame, detections, show))
        return events

    def state(self) -> dict[str, Any]:
        """Return what the counting processors must remember, by processor id."""
        return {
            str(processor_id): member.running.state()
            for processor_id, member in self._members.items()
            if not registry.is_realtime(member.processor.kind)
        }

    def advice(self) -> str:
        """Return what an operator should change; empty when nothing."""
        said = (member.running.advice() for member in self._members.values())
        return self._unknown or next(filter(None, said), "")

    def close(self) -> None:
        """End the realtime thread."""
        self._realtime.close()

    def _made(self, camera: Camera, processor: Processor, state: Mapping[str, Any] | None) -> FrameProcessor:
        running = registry.make(camera, processor, self._services)
        if state:
            try:
                running.restore(state)
            except (KeyError, TypeError, ValueError) as error:
                logger.warning(
                    "saved state not usable, counting starts afresh",
                    extra={"processor_id": processor.processor_id, "reason": str(error)},
                )
                running = registry.make(camera, processor, self._services)
        return running


class _RealtimeThread:
    """Runs processors whose results are worthless when late."""

    def __init__(self) -> None:
        self._jobs: queue.Queue[Callable[[], object] | None] = queue.Queue(REALTIME_FRAMES)
        self._thread = threading.Thread(target=self._run, name="realtime", daemon=True)
        self._thread.start()

    def put(self, job: Callable[[], object]) -> None:
        while True:
            try:
                self._jobs.put_nowait(job)
            except queue.Full:
                _left_out(self._jobs)
            else:
                return

    def close(self) -> None:
        _left_out(self._jobs)
        self._jobs.put(None)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:
                logger.exception("realtime processor failed, the next frame is tried")


def _unknown(plan: WatchPlan) -> str:
    unknown = [
        f"{one.processor_id} ({one.kind})" for one in plan.processors if one.kind not in registry.KINDS
    ]
    return f"no such kind here, so not counted: processor {', '.join(unknown)}" if unknown else ""


def _updated(member: _Member, frame: Frame, detections: Detections, show: Show) -> Sequence[Event]:
    events = member.running.update(frame, detections)
    show(member.processor.processor_id, member.running.overlay)
    return events


def _left_out(jobs: "queue.Queue[Callable[[], object] | None]") -> None:
    try:
        jobs.get_nowait()
    except queue.Empty:
        return
    logger.debug("frame left out by a slow realtime processor")
