"""Out of a container: packets with times. What PyAV calls a packet is one coded frame here."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import av
from av.error import FFmpegError
from av.video.stream import VideoStream

from hypersight_core.errors import SourceUnavailable
from hypersight_core.video.pieces import CodedFrame, Packet, VideoCodec, frame_interval_s

MPEG_TS_SYNC = b"\x47"
QUICK_LOOK = {"probesize": "5000", "analyzeduration": "1"}
"""A transport stream needs no long look: the decoder reads the parameter sets in the stream."""
NO_TRIAL_DECODING = [{"skip_frame": "all"}] * 8
"""For each stream: opening a segment would decode a frame just to learn the colour format, which our decoder
finds out by itself; without, opening one takes 0.3 ms of CPU instead of 15 (1080p)."""
READ_BYTES = 1 << 18
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


def cut_from_bytes(data: bytes, usual_frame_s: float) -> Cut:
    """Read one media segment (MPEG-TS, or fragmented MP4 with its header in front).

    Raises:
        SourceUnavailable: there is no video in it.
    """
    is_transport_stream = data[:1] == MPEG_TS_SYNC
    try:
        with av.open(
            io.BytesIO(data),
            format="mpegts" if is_transport_stream else None,
            options=QUICK_LOOK if is_transport_stream else {},
            stream_options=NO_TRIAL_DECODING,  # type: ignore[arg-type]  # the stub says list[str]
            buffer_size=READ_BYTES,
        ) as container:
            stream = video_stream(container)
            codec = codec_of(stream, is_in_band=is_transport_stream)
            return cut(list(whole_packets(container, stream)), codec, usual_frame_s)
    except (FFmpegError, ValueError) as error:
        raise SourceUnavailable(f"no video in it ({error})") from error


def video_stream(container: Any) -> VideoStream:
    """Return the first video stream.

    Raises:
        SourceUnavailable: there is none.
    """
    if not container.streams.video:
        raise SourceUnavailable("there is no video in it")
    stream: VideoStream = container.streams.video[0]
    return stream


def codec_of(stream: VideoStream, *, is_in_band: bool = False) -> VideoCodec:
    """Return what a decoder of `stream` must know; nothing but the name when the stream repeats the rest."""
    context = stream.codec_context
    name = context.codec.name
    if is_in_band and name in IN_BAND_CODECS:
        return VideoCodec(name)
    return VideoCodec(name, context.extradata or b"", context.width, context.height, context.codec_tag)


def whole_packets(container: Any, stream: VideoStream) -> Iterator[Packet]:
    """Yield packets that hold something; a stream cut off in the middle just ends."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, EOFError):
            return
        if packet.size:
            yield packet


def cut(packets: Sequence[Packet], codec: VideoCodec, usual_frame_s: float) -> Cut:
    """Time `packets`, in decoding order, from the first frame that shows.

    Raises:
        SourceUnavailable: no packet carries a time.
    """
    timed = [packet for packet in packets if _has_time(packet)]
    if not timed:
        raise SourceUnavailable("there is no video with times in it")
    first_s = min(shown_s(packet) for packet in timed)
    coded = tuple(
        CodedFrame(
            packet=packet,
            codec=codec,
            shown_s=shown_s(packet) - first_s,
            is_key=packet.is_keyframe,
        )
        for packet in timed
    )
    frame_s = frame_interval_s(coded, usual_frame_s)
    return Cut(coded, first_s, max(frame.shown_s for frame in coded) + frame_s, frame_s)


def shown_s(packet: Packet) -> float:
    """Return when the frame shows, on the stream's own clock."""
    assert packet.pts is not None  # noqa: S101 - packets without a time were left out
    return float(packet.pts * packet.time_base)


def _has_time(packet: Packet) -> bool:
    """Say whether the packet has a time; some containers (AVI) write only the decoding time."""
    if packet.pts is None:
        packet.pts = packet.dts
    return packet.pts is not None
