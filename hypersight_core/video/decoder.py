"""One decoder for a whole stream, whatever the stream turns into."""

from collections.abc import Iterator
from datetime import datetime

import av
from av.error import FFmpegError

from hypersight_core.video.picture import Picture
from hypersight_core.video.pieces import CodedFrame, Packet, VideoCodec

MAX_PIXELS = 40_000_000
"""A little over 8K, which takes 60 MB; a header may announce a thousand times that."""


class Decoder:
    """Decodes packets in order; frames come out only if they were asked for.

    Broken packets are counted, not raised: the stream goes on.

    Args:
        skip_loop_filter: leave out the smoothing of block edges: cheaper, and not exact.
    """

    def __init__(self, *, skip_loop_filter: bool = False) -> None:
        self._skip_loop_filter = skip_loop_filter
        self._context: av.VideoCodecContext | None = None
        self._codec: VideoCodec | None = None
        self._shown_at: dict[int, datetime] = {}
        self.packets_decoded = 0
        self.packets_invalid = 0

    @property
    def is_owing(self) -> bool:
        """Whether a frame asked for has not come out yet."""
        return bool(self._shown_at)

    def wanted(self, coded: CodedFrame, shown_at: datetime) -> Iterator[Picture]:
        """Decode a packet whose frame is wanted; it may come out with a later call (B frames)."""
        yield from self._prepared(coded.codec)
        if coded.packet.pts is not None:
            self._shown_at[coded.packet.pts] = shown_at
        yield from self._decoded(coded.loaded())

    def passed(self, coded: CodedFrame) -> Iterator[Picture]:
        """Decode a packet only because others may need it; yields what was asked for earlier."""
        yield from self._prepared(coded.codec)
        yield from self._decoded(coded.loaded())

    def drained(self) -> Iterator[Picture]:
        """Take out the frames held back; the next packet must be a key frame."""
        if self._context is not None and self._context.is_open:
            yield from self._decoded(None)
        self.flush()

    def flush(self) -> None:
        """Forget all frames."""
        self._shown_at.clear()
        if self._context is not None and self._context.is_open:
            self._context.flush_buffers()

    def _prepared(self, codec: VideoCodec) -> Iterator[Picture]:
        """Change decoders when the stream changed its codec; what the old one owes comes out."""
        if codec != self._codec:
            yield from self.drained()
            self._context, self._codec = _context(codec), codec
            more = {"skip_loop_filter": "all"} if self._skip_loop_filter else {}
            self._context.options = {"max_pixels": str(MAX_PIXELS), **more}

    def _decoded(self, packet: Packet | None) -> Iterator[Picture]:
        if self._context is None:
            return
        self.packets_decoded += packet is not None
        try:
            frames = self._context.decode(packet)
        except (FFmpegError, ValueError):
            self.packets_invalid += 1
            return
        for frame in frames:
            shown_at = self._shown_at.pop(frame.pts, None) if frame.pts is not None else None
            if shown_at is not None:
                yield Picture(shown_at, frame)


def _context(codec: VideoCodec) -> av.VideoCodecContext:
    context = av.CodecContext.create(codec.name, "r")
    if not isinstance(context, av.VideoCodecContext):
        raise TypeError(f"{codec.name} is no video codec")
    context.thread_count = 1
    if codec.extradata:
        context.extradata = codec.extradata
    if codec.width_px:
        context.width, context.height = codec.width_px, codec.height_px
    if codec.pixel_format:
        context.pix_fmt = codec.pixel_format
    if codec.tag:
        context.codec_tag = codec.tag
    return context
