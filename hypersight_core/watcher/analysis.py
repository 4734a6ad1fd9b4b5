"""Frames in, detections out: mosaics go to the detector while the next frames are decoded.

Where the camera wants it, frames on which nothing moved cost no call: see `hypersight_core.watcher.gate`.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from hypersight_core.detection.breaker import spread
from hypersight_core.domain.cameras import CameraSettings
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.mosaic import MosaicLayout, split
from hypersight_core.errors import DetectorUnavailable
from hypersight_core.redaction import redacted_text
from hypersight_core.traces import spans
from hypersight_core.video.mosaic import MosaicCanvas
from hypersight_core.video.sampler import Picture
from hypersight_core.watcher.gate import Look, MotionGate, SceneAnswers

logger = logging.getLogger(__name__)

CALLS_IN_FLIGHT = 2
"""Detector calls of one camera at a time: one is answered while the next is on its way."""
RETRY_PAUSE_S = 1.0
POLL_S = 0.1
LAST_MOMENT_S = 2.0
MAX_CELL_WIDTH_PX = 1280
MIN_CELL_WIDTH_PX = 640


_Call = Future[list[Detections] | None]


@dataclass(frozen=True, slots=True)
class _Posted:
    """The frames of one mosaic, on their way through the detector."""

    pictures: list[Picture]
    call: _Call
    begins_scene: list[bool]
    """Of each frame, with the motion gate: whether something moved since the one before."""


class PersonFinder(Protocol):
    """A detector of persons on one JPEG; `hypersight_core.detection.client.ObjectDetector` is one."""

    def detect(self, jpeg: bytes) -> Detections:
        """Return the persons found, in coordinates of the posted picture; or raise DetectorUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class AnalysedFrame:
    """One frame with what was found on it."""

    picture: Picture
    detections: Detections | None
    """None: the detector did not answer in time, so nobody knows."""


def layout_for(picture: Picture, rows: int, cols: int) -> MosaicLayout:
    """Return the mosaic for frames like `picture`: cells even, in its proportions, never enlarged."""
    width = min(picture.width_px, max(MIN_CELL_WIDTH_PX, MAX_CELL_WIDTH_PX // cols))
    height = round(picture.height_px * width / picture.width_px)
    return MosaicLayout(rows, cols, max(2, width // 2 * 2), max(2, height // 2 * 2))


class Analyst:
    """Posts mosaics of frames and gives the frames back in their order.

    A call that fails is repeated until `give_up` says that the segment has waited long enough;
    its frames then come back without detections.
    """

    def __init__(self, finder: PersonFinder, camera: CameraSettings) -> None:
        self._finder = finder
        self._rows, self._cols, self._quality = camera.watch_rows, camera.watch_cols, camera.jpeg_quality
        self._gate = MotionGate(camera.motion_recheck_s) if camera.motion_gate else None
        self._answers = SceneAnswers()
        self._canvas: MosaicCanvas | None = None
        self._calls = ThreadPoolExecutor(CALLS_IN_FLIGHT, thread_name_prefix="detector")
        self.problem = ""
        """Why the newest call failed; empty while the detector answers."""

    def close(self) -> None:
        """Begin no more calls; those under way end by their own time-out."""
        self._calls.shutdown(wait=False, cancel_futures=True)

    def analyse(self, pictures: Iterable[Picture], give_up: Callable[[], bool]) -> Iterator[AnalysedFrame]:
        """Yield every picture, in order, with its detections; the last mosaic may be part empty."""
        patience = _Patience(give_up)
        under_way: deque[_Posted] = deque()
        for batch in _batches(pictures, self._rows * self._cols):
            looks = [] if self._gate is None else [Look.at(picture) for picture in batch]
            if self._gate is not None and self._gate.is_still(looks):
                yield from self._all_answered(under_way, patience)  # whether they hold is in them
                if self._answers.are_settled:
                    yield from (AnalysedFrame(picture, self._answers.next()) for picture in batch)
                    continue
            under_way.append(self._post(batch, looks, give_up))
            while len(under_way) > CALLS_IN_FLIGHT or (under_way and under_way[0].call.done()):
                yield from self._answered(under_way.popleft(), patience)
        yield from self._all_answered(under_way, patience)

    def _post(self, pictures: list[Picture], looks: list[Look], give_up: Callable[[], bool]) -> _Posted:
        begins_scene = [] if self._gate is None else self._gate.posted(looks)
        canvas = self._drawn(pictures)
        jpeg = canvas.jpeg(self._quality)
        call = self._calls.submit(spans.carried(self._detect), jpeg, canvas.layout, len(pictures), give_up)
        return _Posted(pictures, call, begins_scene)

    def _drawn(self, pictures: list[Picture]) -> MosaicCanvas:
        layout = layout_for(pictures[0], self._rows, self._cols)
        canvas = self._canvas
        if canvas is None or canvas.layout != layout:
            canvas = self._canvas = MosaicCanvas(layout)
        for index, picture in enumerate(pictures):
            canvas.put(index, picture)
        canvas.clear(len(pictures))
        return canvas

    def _all_answered(self, under_way: deque[_Posted], patience: "_Patience") -> Iterator[AnalysedFrame]:
        while under_way:
            yield from self._answered(under_way.popleft(), patience)

    def _answered(self, posted: _Posted, patience: "_Patience") -> Iterator[AnalysedFrame]:
        found = patience.answer(posted.call)
        if found is None:
            self._answers.forget()
            yield from (AnalysedFrame(picture, None) for picture in posted.pictures)
            return
        for one, begins in zip(found, posted.begins_scene, strict=False):  # none without the gate
            self._answers.add(one, begins_scene=begins)
        yield from (AnalysedFrame(picture, one) for picture, one in zip(posted.pictures, found, strict=True))

    def _detect(
        self, jpeg: bytes, layout: MosaicLayout, count: int, give_up: Callable[[], bool]
    ) -> list[Detections] | None:
        while True:
            try:
                found = split(self._finder.detect(jpeg), layout, count)
            except DetectorUnavailable as error:
                if not self.problem:
                    logger.warning("detector does not answer", extra={"reason": redacted_text(str(error))})
                self.problem = redacted_text(str(error))
                if give_up():
                    return None
                time.sleep(spread(RETRY_PAUSE_S))
            else:
                if self.problem:
                    logger.info("detector answers again")
                self.problem = ""
                return found


class _Patience:
    """How long the answers of one segment are still waited for, once there is no time left for retries."""

    def __init__(self, give_up: Callable[[], bool]) -> None:
        self._give_up = give_up
        self._left_s = LAST_MOMENT_S

    def answer(self, call: _Call) -> list[Detections] | None:
        """Return a call's answer; None when it hangs and patience is over."""
        while True:
            try:
                return call.result(timeout=POLL_S)
            except TimeoutError:
                if self._give_up():
                    self._left_s -= POLL_S
                if self._left_s <= 0:
                    return None


def _batches(pictures: Iterable[Picture], size: int) -> Iterator[list[Picture]]:
    """Yield up to `size` consecutive frames of one size in pixels."""
    waiting: list[Picture] = []
    for picture in pictures:
        if waiting and _size_px(picture) != _size_px(waiting[0]):
            yield waiting
            waiting = []
        waiting.append(picture)
        if len(waiting) == size:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _size_px(picture: Picture) -> tuple[int, int]:
    return picture.width_px, picture.height_px
