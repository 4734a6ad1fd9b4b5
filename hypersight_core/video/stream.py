"""Streams FFmpeg reads for us: RTSP, RTMP, MJPEG or transport streams in one long HTTP answer."""

import errno
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import av
from av.error import FFmpegError
from av.video.stream import VideoStream

from hypersight_core.errors import SourceUnavailable
from hypersight_core.redaction import redacted
from hypersight_core.video.background import Heard
from hypersight_core.video.demux import Cut, codec_of, cut, video_stream, whole_packets
from hypersight_core.video.pacing import Backoff, News, pause
from hypersight_core.video.pieces import ClockSource, Packet, SourceState
from hypersight_core.video.playlist import Entry, Resource
from hypersight_core.video.slicing import USUAL_FRAME_S, Slicer
from hypersight_core.video.timeline import Timeline

MOST_BACKOFF_S = 10.0
TIMELESS_FORMATS = ("mpjpeg", "mjpeg", "h264", "hevc")
"""Streams without times of their own: FFmpeg would number their frames as if 25 came a second."""
MILLISECONDS = Fraction(1, 1000)
REFERENCE_TIME = struct.Struct("<qi")
"""FFmpeg's `prft` side data: the sender's microseconds since 1970, and flags."""


class StreamReader:
    """Reads a stream slice by slice and connects again whenever it ends.

    Times are the sender's (RTCP) where it sends them, else the moment of arrival, carried on by
    the stream's own clock until the connection breaks.
    """

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self._url, self._timeout_s = url, timeout_s
        self._timeline = Timeline()
        self._news = News()
        self._backoff = Backoff(MOST_BACKOFF_S)

    def read(self, stop: Callable[[], bool]) -> Iterator[Heard]:
        """Yield slices, gaps, and changes of state."""
        while not stop():
            try:
                with opened_stream(self._url, self._timeout_s) as container:
                    yield from self._slices(container, stop)
                problem = f"{redacted(self._url)} ended the stream"
            except SourceUnavailable as error:
                problem = str(error)
            self._timeline.tear()
            if not stop():
                yield from self._news.trouble(problem)
                pause(self._backoff.next_s(), stop)

    def _slices(self, container: Any, stop: Callable[[], bool]) -> Iterator[Heard]:
        """Place the slices; the first of an RTSP stream waits for the second, which tells when both were."""
        held: Cut | None = None
        may_hold = _is_rtsp(self._url)
        for piece in self._cuts(container, stop):
            sent_at = _sent_at(piece)
            if may_hold and sent_at is None:
                held, may_hold = piece, False
                continue
            may_hold = False
            if held is not None:
                earlier_s = piece.first_s - held.first_s
                began_at = None if sent_at is None else sent_at - timedelta(seconds=earlier_s)
                yield from self._placed(held, began_at, behind_s=earlier_s + piece.duration_s)
                held = None
            yield from self._placed(piece, sent_at, behind_s=piece.duration_s)
        if held is not None:
            yield from self._placed(held, None, behind_s=held.duration_s)

    def _cuts(self, container: Any, stop: Callable[[], bool]) -> Iterator[Cut]:
        stream = video_stream(container)
        codec, slicer = codec_of(stream), Slicer()
        broken: FFmpegError | None = None
        try:
            for packet in _timed_packets(container, stream):
                if stop():
                    return
                if packets := slicer.add(packet):
                    yield cut(packets, codec, USUAL_FRAME_S)
        except FFmpegError as error:
            broken = error
        if packets := slicer.rest():
            yield cut(packets, codec, USUAL_FRAME_S)
        if broken is not None:
            raise SourceUnavailable(_reason(self._url, broken, self._timeout_s)) from broken

    def _placed(self, piece: Cut, start_at: datetime | None, behind_s: float) -> Iterator[Heard]:
        self._backoff.reset()
        yield from self._news.of(SourceState.CONNECTED)
        entry = Entry(
            sequence=0,
            media=Resource(self._url),
            duration_s=piece.duration_s,
            start_at=start_at,
            is_discontinuity=False,
            clock_source=ClockSource.RTCP,
        )
        yield from self._timeline.placed(entry, piece, behind_s)


@contextmanager
def opened_stream(url: str, timeout_s: float) -> Iterator[Any]:
    """Connect to a stream with time-outs that interrupt.

    Raises:
        SourceUnavailable: it can't be reached, or is no video.
    """
    options = {"rtsp_flags": "prefer_tcp"} if _is_rtsp(url) else {}
    try:
        container = av.open(url, options=options, timeout=(timeout_s, timeout_s))
    except (FFmpegError, OSError, ValueError) as error:
        raise SourceUnavailable(_reason(url, error, timeout_s)) from error
    with container:
        if not container.streams.video:
            raise SourceUnavailable(f"{redacted(url)} has no video in it")
        yield container


def _timed_packets(container: Any, stream: VideoStream) -> Iterator[Packet]:
    """Yield packets; those of a stream without times get the moment of their arrival."""
    is_timeless = container.format.name in TIMELESS_FORMATS
    began_s = time.monotonic()
    for packet in whole_packets(container, stream):
        if is_timeless:
            packet.time_base = MILLISECONDS
            packet.pts = packet.dts = round((time.monotonic() - began_s) * 1000)
        yield packet


def _is_rtsp(url: str) -> bool:
    return url.lower().startswith("rtsp")


def _sent_at(piece: Cut) -> datetime | None:
    """Return the sender's time of the first shown frame; None where fewer than two packets tell it.

    FFmpeg gives the first report of a connection to the frame before the one it belongs to, so the
    newest is taken.
    """
    told = [frame for frame in piece.coded if _reference_time(frame.packet) is not None]
    if len(told) < 2:
        return None
    sent_at = _reference_time(told[-1].packet)
    return None if sent_at is None else sent_at - timedelta(seconds=told[-1].shown_s)


def _reference_time(packet: Packet) -> datetime | None:
    for side in packet.iter_sidedata():
        if side.data_type == "prft":
            sent_us, _ = REFERENCE_TIME.unpack(bytes(side)[: REFERENCE_TIME.size])
            return datetime.fromtimestamp(sent_us / 1e6, UTC)
    return None


def _reason(url: str, error: Exception, timeout_s: float) -> str:
    where = redacted(url)
    match error:
        case av.error.HTTPUnauthorizedError() | PermissionError():
            hint = "refuses access: check user and password"
        case av.error.HTTPNotFoundError() | FileNotFoundError():
            hint = "there is no such stream: check the path in the URL"
        case ConnectionRefusedError():
            hint = "connection refused; check address and port, and that the camera is switched on"
        case av.error.ExitError() | TimeoutError():
            hint = f"did not answer within {timeout_s:g} s: is the camera reachable from here?"
        case OSError(errno=errno.EIO):
            hint = "the connection broke off"
        case av.error.InvalidDataError():
            hint = "is no video that can be read"
        case _:
            hint = f"can't be read ({type(error).__name__}): check host and path"
    return f"{where}: {hint}"
