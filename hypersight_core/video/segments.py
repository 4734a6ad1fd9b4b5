"""H.264 in MPEG-TS segments, as HLS wants them: each starts with a key frame and needs no other."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from hypersight_core.errors import SourceUnavailable
from hypersight_core.video.demux import video_stream
from hypersight_core.video.film import opened_film
from hypersight_core.video.picture import Pixels

TICKS = 90_000
ENDLESS_GROUP = 1_000_000


@dataclass(frozen=True, slots=True)
class Quality:
    """What a segment may cost: x264's preset and constant rate factor (lower is better)."""

    preset: str = "veryfast"
    crf: int = 23


@dataclass(frozen=True, slots=True)
class EncodedSegment:
    """One finished `.ts` file."""

    data: bytes
    duration_s: float


class SegmentEncoder:
    """Encodes the frames of one segment; memory holds the coded bytes only.

    Args:
        fps: what the decoder is told; the frames' own times may differ.
    """

    def __init__(self, width_px: int, height_px: int, *, fps: float, quality: Quality | None = None) -> None:
        quality = quality or Quality()
        self.width_px, self.height_px = even(width_px), even(height_px)
        self._file = io.BytesIO()
        # every segment counts its transport packets from 0: the flag tells players that none is missing
        self._container = av.open(
            self._file, "w", format="mpegts", options={"mpegts_flags": "initial_discontinuity"}
        )
        rate = Fraction(fps).limit_denominator(1000)
        self._stream: VideoStream = self._container.add_stream("libx264", rate=rate)
        self._stream.width, self._stream.height = self.width_px, self.height_px
        self._stream.pix_fmt = "yuv420p"
        self._stream.time_base = self._stream.codec_context.time_base = Fraction(1, TICKS)
        self._stream.codec_context.thread_count = 1
        self._stream.codec_context.gop_size = ENDLESS_GROUP
        self._stream.options = {"preset": quality.preset, "crf": str(quality.crf), "tune": "zerolatency"}
        self._reformatter = VideoReformatter()
        self._first_s: float | None = None

    def add(self, frame: "Pixels | av.VideoFrame", shown_s: float) -> None:
        """Encode a frame (BGR pixels, or as it was decoded) that shows at `shown_s` of the whole stream."""
        if not isinstance(frame, av.VideoFrame):
            frame = av.VideoFrame.from_ndarray(frame, format="bgr24")
        self._first_s = shown_s if self._first_s is None else self._first_s
        scaled = self._reformatter.reformat(frame, self.width_px, self.height_px, "yuv420p", threads=1)
        scaled.pts, scaled.time_base = round(shown_s * TICKS), Fraction(1, TICKS)
        scaled.pict_type = av.video.frame.PictureType.NONE
        self._container.mux(self._stream.encode(scaled))

    def abandon(self) -> None:
        """Throw away what was encoded."""
        self._container.close()

    def finish(self, stop_s: float) -> EncodedSegment:
        """Return the segment; its last frame shows until `stop_s`."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return EncodedSegment(self._file.getvalue(), stop_s - (self._first_s or 0.0))


def even(pixels: int) -> int:
    """Return the next smaller even number: 4:2:0 colour has no odd sizes."""
    return max(2, pixels // 2 * 2)


def clip_fps(clip: Path) -> float:
    """Return the frame rate a file claims.

    Raises:
        SourceUnavailable: it is missing, no video, or does not say.
    """
    with opened_film(clip) as container:
        rate = video_stream(container).average_rate
        if not rate:
            raise SourceUnavailable(f"{clip} does not say its frame rate: give one")
        return float(rate)


def encode_segments(
    clip: Path, *, fps: float, segment_s: float, stop: Callable[[], bool] = lambda: False
) -> Iterator[EncodedSegment]:
    """Yield a file as segments with `fps` frames per second, whatever its header says.

    Args:
        segment_s: rounded to whole frames; the last segment may be shorter.

    Raises:
        SourceUnavailable: it is missing or no video.
    """
    frames_each = max(1, round(segment_s * fps))
    encoder: SegmentEncoder | None = None
    count = 0
    try:
        for frame in _decoded(clip):
            if stop():
                return
            if encoder is None:
                encoder = SegmentEncoder(frame.width, frame.height, fps=fps, quality=Quality(crf=20))
            encoder.add(frame, count / fps)
            count += 1
            if count % frames_each == 0:
                yield encoder.finish(count / fps)
                encoder = None
        if encoder is not None:
            yield encoder.finish(count / fps)
            encoder = None
    finally:
        if encoder is not None:
            encoder.finish(count / fps)
    if count == 0:
        raise SourceUnavailable(f"{clip} has no frame that can be decoded")


def _decoded(clip: Path) -> Iterator[av.VideoFrame]:
    with opened_film(clip) as container:
        try:
            yield from container.decode(video_stream(container))
        except FFmpegError:
            return
