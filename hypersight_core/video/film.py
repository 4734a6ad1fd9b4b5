"""A recorded file, read once from its start to its end, as fast as the reader likes."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError

from hypersight_core.errors import SourceUnavailable, StreamFault
from hypersight_core.video.demux import Cut, codec_of, cut, video_stream, whole_packets
from hypersight_core.video.formats import FILE_ONLY
from hypersight_core.video.pieces import ClockSource, Gap, Segment
from hypersight_core.video.slicing import Slicer
from hypersight_core.video.times import USUAL_FRAME_S, PacketTimes

logger = logging.getLogger(__name__)

MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Recording:
    """What is known about a file better than the file says it itself."""

    starts_at: datetime | None = None
    """When its first frame was taken; otherwise the file's creation time, else its last change."""
    fps: float | None = None
    """Its true frame rate where the header is wrong."""


class FilmSource:
    """Yields a file in slices of a few seconds, cut at key frames."""

    def __init__(
        self,
        path: Path,
        *,
        stop: Callable[[], bool],
        recording: Recording,
        resume_after: datetime | None,
    ) -> None:
        self._path, self._stop = path, stop
        self._recording, self._resume_after = recording, resume_after
        self._is_closed = False

    def pieces(self) -> Iterator[Segment | Gap]:
        """Yield the slices; the frames' times start at the recording's start."""
        with opened_film(self._path) as container:
            starts_at = self._recording.starts_at or film_starts_at(container, self._path)
            before: Segment | None = None
            for segment in self._segments(container, starts_at):
                if before is not None:
                    yield before
                if self._is_closed or self._stop():
                    return
                before = segment if self._is_unread(segment) else None
            if before is not None:
                yield replace(before, is_last=True)

    def close(self) -> None:
        """End the iteration."""
        self._is_closed = True

    def _is_unread(self, segment: Segment) -> bool:
        return self._resume_after is None or segment.stop_at > self._resume_after

    def _segments(self, container: Any, starts_at: datetime) -> Iterator[Segment]:
        first_s: float | None = None
        stretch = self._stretch(container)
        for piece in self._cuts(container):
            first_s = piece.first_s if first_s is None else first_s
            coded = tuple(replace(one, shown_s=one.shown_s * stretch) for one in piece.coded)
            yield Segment(
                start_at=starts_at + timedelta(seconds=(piece.first_s - first_s) * stretch),
                duration_s=piece.duration_s * stretch,
                is_discontinuity=piece.first_s == first_s,
                clock_source=ClockSource.FILE,
                coded=coded,
                frame_s=piece.frame_s * stretch,
            )

    def _stretch(self, container: Any) -> float:
        rate = video_stream(container).average_rate
        return float(rate) / self._recording.fps if rate and self._recording.fps else 1.0

    def _cuts(self, container: Any) -> Iterator[Cut]:
        stream = video_stream(container)
        codec, slicer = codec_of(stream), Slicer()
        frame_s = 1 / float(stream.average_rate) if stream.average_rate else USUAL_FRAME_S
        try:
            for packet in PacketTimes(None).corrected(whole_packets(container, stream)):
                if packets := slicer.add(packet):
                    yield cut(packets, codec, frame_s)
        except FFmpegError as error:
            logger.warning(
                "file is broken, the rest is left out", extra={"file": str(self._path), "reason": str(error)}
            )
        if packets := slicer.rest():
            yield cut(packets, codec, frame_s)


@contextmanager
def opened_film(path: Path) -> Iterator[Any]:
    """Open a video file.

    Raises:
        SourceUnavailable: it is missing, not readable or no video.
    """
    if not path.is_file():
        raise SourceUnavailable(f"there is no file {path}", StreamFault.NOT_FOUND)
    try:
        # a name such as `concat:…` would be one of FFmpeg's own addresses
        container = av.open(f"file:{path}", options=FILE_ONLY)
    except PermissionError as error:
        raise SourceUnavailable(f"{path} may not be read: check its permissions") from error
    except (FFmpegError, ValueError) as error:
        raise SourceUnavailable(
            f"{path} is no video file that can be read ({error.__class__.__name__})",
            StreamFault.UNSUPPORTED,
        ) from error
    with container:
        if not container.streams.video:
            raise SourceUnavailable(f"{path} has no video in it", StreamFault.NO_VIDEO)
        yield container


def film_starts_at(container: Any, path: Path) -> datetime:
    """Return when the first frame was taken: the file's creation time, else last change less length."""
    try:
        created_at = datetime.fromisoformat(container.metadata.get("creation_time", ""))
    except ValueError:
        length_s = (container.duration or 0) / MICROSECONDS
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) - timedelta(seconds=length_s)
    return created_at.replace(tzinfo=UTC) if created_at.tzinfo is None else created_at.astimezone(UTC)


def first_frame_at(path: Path, recording: Recording) -> datetime:
    """Return when the first frame of a file was taken: what its owner says, else the file.

    Raises:
        SourceUnavailable: it is missing, not readable or no video.
    """
    if recording.starts_at is not None:
        return recording.starts_at
    with opened_film(path) as container:
        return film_starts_at(container, path)
