"""Streams FFmpeg reads for us: RTSP, RTMP, MJPEG or transport streams in one long HTTP answer."""

import errno
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import av
from av.error import FFmpegError

from hypersight_core.errors import SourceUnavailable
from hypersight_core.redaction import redacted
from hypersight_core.video.background import Heard
from hypersight_core.video.demux import Cut, codec_of, cut, shown_s, video_stream, whole_packets
from hypersight_core.video.pacing import Backoff, News, pause
from hypersight_core.video.pieces import ClockSource, Packet, SourceState
from hypersight_core.video.playlist import Entry
from hypersight_core.video.slicing import USUAL_FRAME_S, Slicer
from hypersight_core.video.timeline import Timeline

MOST_BACKOFF_S = 10.0
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
        stream = video_stream(container)
        codec, slicer = codec_of(stream), Slicer()
        broken: FFmpegError | None = None
        try:
            for packet in whole_packets(container, stream):
                if stop():
                    return
                if packets := slicer.add(packet):
                    yield from self._placed(cut(packets, codec, USUAL_FRAME_S))
        except FFmpegError as error:
            broken = error
        if packets := slicer.rest():
            yield from self._placed(cut(packets, codec, USUAL_FRAME_S))
        if broken is not None:
            raise SourceUnavailable(_reason(self._url, broken, self._timeout_s)) from broken

    def _placed(self, piece: Cut) -> Iterator[Heard]:
        self._backoff.reset()
        yield from self._news.of(SourceState.CONNECTED)
        entry = Entry(
            sequence=0,
            url=self._url,
            duration_s=piece.duration_s,
            start_at=_sent_at([frame.packet for frame in piece.coded], piece.first_s),
            is_discontinuity=False,
            header_url=None,
            clock_source=ClockSource.RTCP,
        )
        yield from self._timeline.placed(entry, piece, behind_s=piece.duration_s)


@contextmanager
def opened_stream(url: str, timeout_s: float) -> Iterator[Any]:
    """Connect to a stream with time-outs that interrupt.

    Raises:
        SourceUnavailable: it can't be reached, or is no video.
    """
    options = {"rtsp_transport": "tcp"} if url.lower().startswith("rtsp") else {}
    try:
        container = av.open(url, options=options, timeout=(timeout_s, timeout_s))
    except (FFmpegError, OSError, ValueError) as error:
        raise SourceUnavailable(_reason(url, error, timeout_s)) from error
    with container:
        if not container.streams.video:
            raise SourceUnavailable(f"{redacted(url)} has no video in it")
        yield container


def _sent_at(packets: Sequence[Packet], first_s: float) -> datetime | None:
    """Return the sender's time of the first shown frame; None where no packet tells it."""
    for packet in packets:
        for side in packet.iter_sidedata():
            if side.data_type == "prft":
                sent_us, _ = REFERENCE_TIME.unpack(bytes(side)[: REFERENCE_TIME.size])
                sent_at = datetime.fromtimestamp(sent_us / 1e6, UTC)
                return sent_at - timedelta(seconds=shown_s(packet) - first_s)
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
