"""What people look at while a camera is watched: previews and the latest frame, off the counting path.

And what was detected in the last minutes, to try zones on: one line a segment.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from hypersight_core.domain.cameras import WatchPlan
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.overlay import Overlay
from hypersight_core.domain.picture_files import preview_folder, snapshot_path
from hypersight_core.domain.privacy import Veiling
from hypersight_core.domain.recent import RecentSegment
from hypersight_core.store.recent import RecentDetections
from hypersight_core.video.jpeg import encode_jpeg
from hypersight_core.video.preview import PreviewWriter
from hypersight_core.video.sampler import Picture

logger = logging.getLogger(__name__)

WAITING_FRAMES = 8
END_WITHIN_S = 2.0
TIDY_S = 1.0
"""Previews that are no longer wanted end so soon, also when no frame comes."""
SNAPSHOT_MAX_WIDTH_PX = 1920
SNAPSHOT_EVERY_S = 10.0
"""Fresh enough to draw zones on; one of every segment would cost a watcher a tenth more."""

_Job = tuple[Picture, int | None, Overlay]
"""A frame, the processor whose preview it goes to (None: the snapshot), and what is drawn on it."""
_Kind = tuple[int, bool]
"""A processor, and whether persons are blurred on its preview."""


def save_snapshot(picture: Picture, path: Path) -> None:
    """Write a frame as JPEG, so that nobody ever reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    width_px = min(picture.width_px, SNAPSHOT_MAX_WIDTH_PX)
    height_px = round(picture.height_px * width_px / picture.width_px)
    part = path.with_suffix(".part")
    part.write_bytes(encode_jpeg(picture.to_bgr(width_px, height_px), quality=90))
    part.replace(path)


class Outputs:
    """Draws and encodes in a thread of its own; when it cannot keep up, frames are left out.

    Args:
        looked_at: says whose previews people look at now, besides those that are always made.
    """

    def __init__(self, var_dir: Path, camera_id: int, looked_at: Callable[[], Collection[int]]) -> None:
        self._var_dir, self._looked_at = var_dir, looked_at
        self._camera_id = camera_id
        self._recent = RecentDetections(var_dir, camera_id)
        self._next_snapshot_s = 0.0
        self._stream_url = ""
        self._is_outdated = False
        """Whether the snapshot on disk shows another place, or persons nobody may see any more."""
        self._is_blurred = False
        self._veiling = Veiling()
        self._jobs: queue.Queue[_Job | None] = queue.Queue(WAITING_FRAMES)
        self._previews: dict[_Kind, PreviewWriter] = {}
        self._shown: set[_Kind] = set()
        self._fps = 1.0
        self._always: frozenset[int] = frozenset()
        self._failing: set[str] = set()
        self.left_out = 0
        """Frames that no preview and no snapshot shows, since they could not keep up."""
        self._thread = threading.Thread(target=self._run, name="outputs", daemon=True)
        self._thread.start()

    @property
    def preview_count(self) -> int:
        """How many previews are written now."""
        return len(self._shown)

    def configure(self, plan: WatchPlan) -> None:
        """Say which processors always have a preview, and how many frames per second previews get."""
        self._fps = plan.camera.watch_fps
        is_moved = self._stream_url not in ("", plan.camera.stream_url)
        if is_moved or self._is_blurred != plan.camera.blur_persons:
            self._next_snapshot_s, self._veiling = 0.0, Veiling()
            self._is_outdated = True
        self._stream_url, self._is_blurred = plan.camera.stream_url, plan.camera.blur_persons
        self._always = frozenset(one.processor_id for one in plan.processors if one.output_hls)

    def veiled(self, picture: Picture, detections: Detections | None) -> Picture:
        """Return a frame as people may see it; to be asked for each frame in order, whoever looks."""
        if not self._is_blurred:
            return picture
        aspect = picture.width_px / picture.height_px
        return replace(picture, veil=self._veiling.veil(picture.at.timestamp(), aspect, detections))

    def show(self, picture: Picture, processor_id: int, overlay: Callable[[], Overlay]) -> None:
        """Add a frame to the preview of a processor, if it is wanted; never waits."""
        if self._is_wanted(processor_id):
            drawn = partial(self._put_drawn, picture, processor_id, overlay)
            self._guard(f"overlay of {processor_id}", drawn)

    def snapshot(self, picture: Picture) -> None:
        """Make a frame the camera's latest one, if the one before is old enough; never waits."""
        if time.monotonic() >= self._next_snapshot_s:
            self._next_snapshot_s = time.monotonic() + SNAPSHOT_EVERY_S
            self._put((picture, None, Overlay()))

    def detected(self, segment: RecentSegment) -> None:
        """Keep what was detected in a segment for some minutes."""
        self._recent.append(segment, datetime.now(UTC))

    def _put_drawn(self, picture: Picture, processor_id: int, overlay: Callable[[], Overlay]) -> None:
        self._put((picture, processor_id, overlay()))

    def _put(self, job: _Job) -> None:
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            self.left_out += 1

    def close(self) -> None:
        """Finish the frames that wait and end the previews."""
        with suppress(queue.Full):  # a disk that hangs must not hold up the end
            self._jobs.put(None, timeout=END_WITHIN_S)
        self._thread.join(timeout=END_WITHIN_S)

    def _is_wanted(self, processor_id: int) -> bool:
        return processor_id in self._always or processor_id in self._looked_at()

    def _run(self) -> None:
        while True:
            with suppress(queue.Empty):
                job = self._jobs.get(timeout=TIDY_S)
                if job is None:
                    break
                self._forget_outdated()
                self._do(*job)
            self._forget_outdated()
            self._end_unwanted()
        for kind in self._shown:
            self._previews[kind].close()

    def _forget_outdated(self) -> None:
        if self._is_outdated:
            self._is_outdated = False
            for is_blurred in (False, True):
                self._guard("snapshot", partial(self._snapshot(is_blurred).unlink, missing_ok=True))

    def _snapshot(self, is_blurred: bool) -> Path:
        return snapshot_path(self._var_dir, self._camera_id, is_blurred=is_blurred)

    def _end_unwanted(self) -> None:
        for kind in [one for one in self._shown if not self._is_kind_wanted(one)]:
            self._shown.discard(kind)
            self._guard(f"end of preview {kind[0]}", self._previews[kind].remove)

    def _is_kind_wanted(self, kind: _Kind) -> bool:
        return kind[1] == self._is_blurred and self._is_wanted(kind[0])

    def _do(self, picture: Picture, processor_id: int | None, overlay: Overlay) -> None:
        is_blurred = picture.veil is not None
        if is_blurred != self._is_blurred:
            return  # it was taken before the edit
        if processor_id is None:
            self._guard("snapshot", partial(save_snapshot, picture, self._snapshot(is_blurred)))
        elif self._is_wanted(processor_id):
            drawn = partial(self._draw, (processor_id, is_blurred), picture, overlay)
            self._guard(f"preview {processor_id}", drawn)

    def _draw(self, kind: _Kind, picture: Picture, overlay: Overlay) -> None:
        preview = self._previews.get(kind)
        if preview is None:
            folder = preview_folder(self._var_dir, kind[0], is_blurred=kind[1])
            preview = self._previews[kind] = PreviewWriter(folder, fps=self._fps)
        self._shown.add(kind)
        preview.set_fps(self._fps)
        preview.write(picture, overlay)

    def _guard(self, what: str, action: Callable[[], None]) -> None:
        try:
            action()
            self._failing.discard(what)
        except Exception:
            if what not in self._failing:
                logger.exception("output failed, counting goes on", extra={"output": what})
            self._failing.add(what)
