"""Streams FFmpeg reads for us: RTSP, RTMP, MJPEG or transport streams in one long HTTP answer."""

import struct
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from av.error import FFmpegError
from av.video.stream import VideoStream

from hypersight_core.errors import SourceUnavailable, StreamFault
from hypersight_core.redaction import redacted
from hypersight_core.video.access import Access
from hypersight_core.video.background import Heard
from hypersight_core.video.bitstream import other_codec
from hypersight_core.video.connecting import is_rtsp, opened_stream, unavailable
from hypersight_core.video.demux import Cut, codec_of, cut, video_stream, whole_packets
from hypersight_core.video.pacing import Backoff, News, pause
from hypersight_core.video.pieces import ClockSource, Packet, SourceState
from hypersight_core.video.playlist import Entry, Resource
from hypersight_core.video.slicing import Slicer
from hypersight_core.video.timeline import Timeline
from hypersight_core.video.times import USUAL_FRAME_S, PacketTimes

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

    def __init__(self, url: str, access: Access) -> None:
        self._url, self._access = url, access
        self._timeline = Timeline()
        self._news = News()
        self._backoff = Backoff(MOST_BACKOFF_S)
        self._asked_s = 0.0

    def read(self, stop: Callable[[], bool]) -> Iterator[Heard]:
        """Yield slices, gaps, and changes of state."""
        while not stop():
            try:
                with opened_stream(self._url, self._access, lambda: self._asked_s) as container:
                    yield from self._slices(container, stop)
                problem = SourceUnavailable(f"{redacted(self._url)} ended the stream")
            except SourceUnavailable as error:
                problem = error
            self._timeline.tear()
            if not stop():
                yield from self._news.trouble(problem)
                pause(self._backoff.next_s(), stop)

    def _slices(self, container: Any, stop: Callable[[], bool]) -> Iterator[Heard]:
        """Place the slices; the first of an RTSP stream waits for the second, which tells when both were."""
        held: Cut | None = None
        may_hold = is_rtsp(self._url)
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
        broken: FFmpegError | SourceUnavailable | None = None
        try:
            for packet in PacketTimes(None).corrected(self._packets(container, stream)):
                if stop():
                    return
                if packets := slicer.add(packet):
                    yield cut(packets, codec, USUAL_FRAME_S)
        except (FFmpegError, SourceUnavailable) as error:
            broken = error
        if packets := slicer.rest():
            yield cut(packets, codec, USUAL_FRAME_S)
        if isinstance(broken, SourceUnavailable):
            raise broken
        if broken is not None:
            raise unavailable(self._url, broken, self._access.timeout_s) from broken

    def _packets(self, container: Any, stream: VideoStream) -> Iterator[Packet]:
        """Yield the video's packets; those of a stream without times get the moment of their arrival.

        Raises:
            SourceUnavailable: only sound comes, or another codec than at the start: FFmpeg goes on for ever.
        """
        is_timeless = container.format.name in TIMELESS_FORMATS
        began_s = came_s = self._asked_s = time.monotonic()
        for packet in whole_packets(container, None):
            now_s = time.monotonic()
            if packet.stream_index != stream.index:
                if now_s - came_s > self._access.timeout_s:
                    raise SourceUnavailable(
                        f"{redacted(self._url)} sends no pictures any more", StreamFault.NO_VIDEO
                    )
                continue
            came_s = now_s
            if packet.is_keyframe and other_codec(packet, stream.codec_context.codec.name):
                raise SourceUnavailable(f"{redacted(self._url)} changed its codec")
            if is_timeless:
                packet.time_base = MILLISECONDS
                packet.pts = packet.dts = round((now_s - began_s) * 1000)
            yield packet
            self._asked_s = time.monotonic()

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


def _sent_at(piece: Cut) -> datetime | None:
    """Return the sender's time of the first shown frame; None where fewer than two packets tell it.

    FFmpeg gives the first report of a connection to the frame before the one it belongs to, so the
    newest is taken.
    """
    told = [frame for frame in piece.coded if _reference_time(frame.loaded()) is not None]
    if len(told) < 2:
        return None
    sent_at = _reference_time(told[-1].loaded())
    return None if sent_at is None else sent_at - timedelta(seconds=told[-1].shown_s)


def _reference_time(packet: Packet) -> datetime | None:
    for side in packet.iter_sidedata():
        if side.data_type == "prft":
            sent_us, _ = REFERENCE_TIME.unpack(bytes(side)[: REFERENCE_TIME.size])
            return datetime.fromtimestamp(sent_us / 1e6, UTC)
    return None
