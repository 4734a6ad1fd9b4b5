"""Out of a container: packets with times. What PyAV calls a packet is one coded frame here."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import av
from av.error import FFmpegError
from av.video.stream import VideoStream

from hypersight_core.errors import SourceUnavailable, StreamFault
from hypersight_core.video.formats import BYTES_ONLY
from hypersight_core.video.pieces import CodedFrame, KeptPacket, Packet, VideoCodec, frame_interval_s
from hypersight_core.video.spill import SegmentBytes
from hypersight_core.video.times import PacketTimes

MPEG_TS_SYNC = b"\x47"
QUICK_LOOK = {"probesize": "5000", "analyzeduration": "1", **BYTES_ONLY}
"""A transport stream needs no long look: the decoder reads the parameter sets in the stream."""
NO_TRIAL_DECODING = [{"skip_frame": "all"}] * 8
"""For each stream: opening a segment would decode a frame just to learn the colour format, which our decoder
finds out by itself; without, opening one takes 0.3 ms of CPU instead of 15 (1080p)."""
READ_BYTES = 1 << 18
LONGEST_S = 60.0
LEAST_STEP_S = 1.0
IN_BAND_CODECS = ("h264", "hevc", "mjpeg", "mpeg2video")


@dataclass(frozen=True, slots=True)
class Cut:
    """The frames of one piece of stream, timed from its first shown frame."""

    coded: tuple[CodedFrame, ...]
    first_s: float
    """The stream's own time of the first shown frame."""
    duration_s: float
    """From the first frame's showing to the end of the last one's."""
    frame_s: float


def cut_from_bytes(data: SegmentBytes, usual_frame_s: float, listed_s: float = LONGEST_S) -> Cut:
    """Read one media segment (MPEG-TS, or fragmented MP4 with its header in front).

    Args:
        listed_s: how long it should be; a longer step of its time stamps is a changed clock.

    Raises:
        SourceUnavailable: there is no video in it.
    """
    is_transport_stream = data.read(0, 1) == MPEG_TS_SYNC
    data.file.seek(0)
    try:
        with av.open(  # type: ignore[call-overload]  # the stub wants a list[str] of stream options
            data.file,
            "r",
            format="mpegts" if is_transport_stream else None,
            options=QUICK_LOOK if is_transport_stream else BYTES_ONLY,
            stream_options=NO_TRIAL_DECODING,
            buffer_size=READ_BYTES,
        ) as container:
            stream = video_stream(container)
            codec = codec_of(stream, is_in_band=is_transport_stream)
            times = PacketTimes(max(LEAST_STEP_S, listed_s))
            packets = times.corrected(whole_packets(container, stream))
            return cut(packets, codec, usual_frame_s, kept=data.beside() if data.is_large else None)
    except (FFmpegError, ValueError) as error:
        raise SourceUnavailable(f"no video in it ({error})", StreamFault.NO_VIDEO) from error


def video_stream(container: Any) -> VideoStream:
    """Return the first video stream.

    Raises:
        SourceUnavailable: there is none.
    """
    if not container.streams.video:
        raise SourceUnavailable("there is no video in it", StreamFault.NO_VIDEO)
    stream: VideoStream = container.streams.video[0]
    return stream


def codec_of(stream: VideoStream, *, is_in_band: bool = False) -> VideoCodec:
    """Return what a decoder of `stream` must know; nothing but the name when the stream repeats the rest."""
    context = stream.codec_context
    name = context.codec.name
    if is_in_band and name in IN_BAND_CODECS:
        return VideoCodec(name)
    pixel_format = (context.pix_fmt or "") if name == "rawvideo" else ""
    size = (context.width, context.height)
    return VideoCodec(name, context.extradata or b"", *size, context.codec_tag, pixel_format)


def whole_packets(container: Any, stream: VideoStream | None) -> Iterator[Packet]:
    """Yield packets that hold something (None: of all streams); a stream cut off in the middle just ends."""
    packets = container.demux() if stream is None else container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, EOFError):
            return
        if packet.size:
            yield packet


def cut(
    packets: Iterable[Packet], codec: VideoCodec, usual_frame_s: float, kept: SegmentBytes | None = None
) -> Cut:
    """Time `packets`, in decoding order, from the first frame that shows.

    Args:
        kept: where the packets' bytes go; None: they stay in memory.

    Raises:
        SourceUnavailable: there is none.
    """
    found = [(shown_s(one), one.is_keyframe, one if kept is None else _kept(one, kept)) for one in packets]
    if not found:
        raise SourceUnavailable("there is no video with times in it", StreamFault.NO_VIDEO)
    first_s = min(at_s for at_s, _, _ in found)
    coded = tuple(
        CodedFrame(packet=packet, codec=codec, shown_s=at_s - first_s, is_key=is_key)
        for at_s, is_key, packet in found
    )
    frame_s = frame_interval_s(coded, usual_frame_s)
    return Cut(coded, first_s, max(frame.shown_s for frame in coded) + frame_s, frame_s)


def _kept(packet: Packet, kept: SegmentBytes) -> KeptPacket:
    at = kept.add(bytes(packet))
    return KeptPacket(kept, at, packet.size, packet.pts, packet.time_base)


def shown_s(packet: Packet) -> float:
    """Return when the frame shows, on the stream's own clock."""
    assert packet.pts is not None  # noqa: S101 - `PacketTimes` gave it one
    return float(packet.pts * packet.time_base)
