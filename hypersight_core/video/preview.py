"""An annotated live stream of what a processor sees, as HLS files in a folder."""

import logging
import math
import re
import shutil
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from av.error import FFmpegError

from hypersight_core.domain.overlay import Overlay
from hypersight_core.video.drawing import annotated
from hypersight_core.video.picture import Picture
from hypersight_core.video.segments import Quality, SegmentEncoder, even

logger = logging.getLogger(__name__)

PLAYLIST = "processed_stream.m3u8"
QUALITY = Quality(preset="ultrafast", crf=26)
LATE_SEGMENTS = 3
"""Segments kept on disk after they left the playlist, for players that are late."""


@dataclass(frozen=True, slots=True)
class _Listed:
    number: int
    duration_s: float
    at: datetime
    is_discontinuity: bool


class PreviewWriter:
    """Draws frames and appends them to a live playlist; times are the frames' own.

    A full disk or a failing encoder costs preview segments, is logged once, and never raised.

    Args:
        fps: frames per second that will come, roughly.
        keep: segments in the playlist.
    """

    def __init__(
        self, folder: Path, *, fps: float, width_px: int = 640, segment_s: float = 2.0, keep: int = 6
    ) -> None:
        self._folder, self._width_px, self._segment_s = folder, width_px, segment_s
        self.set_fps(fps)
        self._listed: deque[_Listed] = deque(maxlen=keep)
        self._number: int | None = None
        self._dropped_discontinuities = 0
        self._encoder: SegmentEncoder | None = None
        self._origin_at = self._begun_at = self._last_at = datetime.min.replace(tzinfo=UTC)
        self._is_discontinuity = True
        self._is_failing = False

    def set_fps(self, fps: float) -> None:
        """Say how many frames per second come from now on."""
        self._fps = fps
        self._target_s = math.ceil(self._segment_s + 1.5 / fps)

    def write(self, picture: Picture, overlay: Overlay) -> None:
        """Add one frame; a frame that is not newer than the last is left out."""
        try:
            self._add(picture, overlay)
        except (OSError, FFmpegError, ValueError) as error:
            self._failed(error)

    def close(self) -> None:
        """Finish the segment in hand; what is on disk stays there."""
        try:
            self._end_segment(self._last_at + timedelta(seconds=1 / self._fps))
        except (OSError, FFmpegError, ValueError) as error:
            self._failed(error)

    def remove(self) -> None:
        """End it, and take what is on disk away; it may begin again, and its numbers go on then."""
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            encoder.abandon()
        self._dropped_discontinuities += sum(one.is_discontinuity for one in self._listed)
        self._listed.clear()
        self._is_discontinuity = True
        shutil.rmtree(self._folder, ignore_errors=True)

    def _add(self, picture: Picture, overlay: Overlay) -> None:
        width_px = even(min(self._width_px, picture.width_px))
        height_px = even(round(picture.height_px * width_px / picture.width_px))
        if picture.at == self._last_at:
            return
        if self._encoder is not None:
            self._cut(picture.at, (width_px, height_px))
        if self._encoder is None:
            self._begin_segment(picture.at, width_px, height_px)
        self._last_at = picture.at
        drawn = annotated(picture.to_bgr(width_px, height_px), overlay, picture.at)
        if self._encoder is not None:
            self._encoder.add(drawn, (picture.at - self._origin_at).total_seconds())

    def _cut(self, at: datetime, size_px: tuple[int, int]) -> None:
        """End the segment where it is long enough, or where nothing carries on."""
        assert self._encoder is not None  # noqa: S101 - asked by the only caller
        length_s = (at - self._begun_at).total_seconds()
        has_new_size = size_px != (self._encoder.width_px, self._encoder.height_px)
        if has_new_size or at < self._last_at or length_s > self._target_s:
            self._end_segment(self._last_at + timedelta(seconds=1 / self._fps))
            self._is_discontinuity = True
        elif length_s >= self._segment_s - 0.5 / self._fps:
            self._end_segment(at)

    def _begin_segment(self, at: datetime, width_px: int, height_px: int) -> None:
        if self._is_discontinuity:
            self._origin_at = at
        self._begun_at = at
        self._encoder = SegmentEncoder(width_px, height_px, fps=self._fps, quality=QUALITY)

    def _end_segment(self, stop_at: datetime) -> None:
        encoder, self._encoder = self._encoder, None
        if encoder is None:
            return
        segment = encoder.finish((stop_at - self._origin_at).total_seconds())
        number = self._next_number()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._replace(_name(number), segment.data)
        if len(self._listed) == self._listed.maxlen and self._listed[0].is_discontinuity:
            self._dropped_discontinuities += 1
        self._listed.append(_Listed(number, segment.duration_s, self._begun_at, self._is_discontinuity))
        self._number = number
        self._is_discontinuity = False
        self._replace(PLAYLIST, self._playlist().encode())
        self._remove_older_than(self._listed[0].number - LATE_SEGMENTS)
        if self._is_failing:
            logger.info("preview is written again", extra={"folder": str(self._folder)})
        self._is_failing = False

    def _failed(self, error: Exception) -> None:
        if not self._is_failing:
            logger.warning(
                "preview can't be written", extra={"folder": str(self._folder), "reason": str(error)}
            )
        self._is_failing = self._is_discontinuity = True
        self._encoder = None

    def _next_number(self) -> int:
        """Go on after the segments of an earlier run, so that players notice the new ones."""
        if self._number is not None:
            return self._number + 1
        return max((_number(path) for path in self._folder.glob("*.ts")), default=-1) + 1

    def _playlist(self) -> str:
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:3",
            f"#EXT-X-TARGETDURATION:{self._target_s}",
            f"#EXT-X-MEDIA-SEQUENCE:{self._listed[0].number}",
            f"#EXT-X-DISCONTINUITY-SEQUENCE:{self._dropped_discontinuities}",
            "#EXT-X-INDEPENDENT-SEGMENTS",
        ]
        for listed in self._listed:
            if listed.is_discontinuity:
                lines.append("#EXT-X-DISCONTINUITY")
            at = listed.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            lines += [
                f"#EXT-X-PROGRAM-DATE-TIME:{at}",
                f"#EXTINF:{listed.duration_s:.3f},",
                _name(listed.number),
            ]
        return "\n".join(lines) + "\n"

    def _replace(self, name: str, data: bytes) -> None:
        """Write a file so that nobody ever reads half of it."""
        part = self._folder / f"{name}.part"
        try:
            part.write_bytes(data)
            part.replace(self._folder / name)
        finally:
            part.unlink(missing_ok=True)

    def _remove_older_than(self, number: int) -> None:
        for path in self._folder.glob("*.ts"):
            if _number(path) < number:
                path.unlink(missing_ok=True)


def _name(number: int) -> str:
    return f"segment-{number}.ts"


def _number(path: Path) -> int:
    found = re.fullmatch(r"segment-(\d+)\.ts", path.name)
    return int(found[1]) if found else -1
