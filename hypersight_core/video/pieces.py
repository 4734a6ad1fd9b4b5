"""What a source gives: segments of coded video with trustworthy times, and the gaps between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Protocol, cast

import av
from av.video.stream import VideoStream

from hypersight_core.errors import StreamFault
from hypersight_core.video.spill import SegmentBytes

if TYPE_CHECKING:  # generic in the stubs only
    Packet = av.Packet[VideoStream]
else:
    Packet = av.Packet


class ClockSource(StrEnum):
    """Where the times of a segment come from, best first."""

    PROGRAM_DATE_TIME = "program_date_time"
    RTCP = "rtcp"
    WALL_CLOCK = "wall_clock"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class SourceState:
    """Whether a source has its stream, and if not, what to do about it (no secret in it)."""

    is_connected: bool
    detail: str = ""
    fault: StreamFault = StreamFault.OTHER
    CONNECTING: ClassVar["SourceState"]
    CONNECTED: ClassVar["SourceState"]


SourceState.CONNECTING = SourceState(is_connected=False, detail="connecting")
SourceState.CONNECTED = SourceState(is_connected=True)


@dataclass(frozen=True, slots=True)
class VideoCodec:
    """What a decoder must be told before the first packet."""

    name: str
    """FFmpeg's name of the decoder: `h264`, `hevc`, `mjpeg`, …"""
    extradata: bytes = b""
    """Parameter sets that are not in the stream itself; empty for MPEG-TS."""
    width_px: int = 0
    """0 where the stream says it itself."""
    height_px: int = 0
    tag: str = ""
    """The container's four letters, which some old codecs need."""
    pixel_format: str = ""
    """Of pictures that are not coded: local cameras."""


@dataclass(frozen=True, slots=True)
class KeptPacket:
    """A packet whose bytes are on disk."""

    kept: SegmentBytes
    at: int
    size: int
    pts: int | None
    time_base: Fraction

    def loaded(self) -> Packet:
        """Return it as the decoder wants it."""
        packet = av.Packet(self.kept.read(self.at, self.size))
        packet.pts, packet.time_base = self.pts, self.time_base
        return cast("Packet", packet)


@dataclass(frozen=True, slots=True)
class CodedFrame:
    """One frame, still coded, in decoding order."""

    packet: Packet | KeptPacket
    codec: VideoCodec
    shown_s: float
    """When it is shown, in seconds from the segment's start."""
    is_key: bool

    def loaded(self) -> Packet:
        """Return the packet with its bytes."""
        return self.packet.loaded() if isinstance(self.packet, KeptPacket) else self.packet

    def head(self, size: int) -> bytes:
        """Return the packet's first bytes, `size` at most."""
        if isinstance(self.packet, KeptPacket):
            return self.packet.kept.read(self.packet.at, min(size, self.packet.size))
        return bytes(memoryview(self.packet)[:size])


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the stream that is processed as a unit.

    `coded` is for the sampler; everybody else looks at the times.
    """

    start_at: datetime
    """The instant its first frame shows, aware UTC."""
    duration_s: float
    is_discontinuity: bool
    """Nobody knows what happened between the segment before and this one, or the clock jumped."""
    clock_source: ClockSource
    coded: tuple[CodedFrame, ...]
    frame_s: float
    """Time between two frames: the median over the segment."""
    is_last: bool = False
    """Nothing comes after it: a file's end."""

    @property
    def stop_at(self) -> datetime:
        """The instant its last frame is replaced by the next."""
        return self.start_at + timedelta(seconds=self.duration_s)


@dataclass(frozen=True, slots=True)
class Gap:
    """A piece of time the source could not see."""

    from_at: datetime
    to_at: datetime | None
    reason: str = "stream_down"


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What a stream turned out to be."""

    codec: str
    width_px: int
    height_px: int
    fps: float | None
    """None where the stream does not say and too little was read to tell."""
    is_live: bool


class Source(Protocol):
    """A stream or a file, read piece by piece."""

    def pieces(self) -> Iterator[Segment | Gap]:
        """Yield what is read, in order; ends when a file ends or the owner says stop."""
        ...

    def close(self) -> None:
        """Let go of connections and threads; safe to call twice."""
        ...


def frame_interval_s(coded: Sequence[CodedFrame], otherwise: float) -> float:
    """Return the median time between two frames as they are shown; `otherwise` for less than two."""
    shown = sorted(frame.shown_s for frame in coded)
    steps = sorted(later - earlier for earlier, later in pairwise(shown) if later > earlier)
    return steps[len(steps) // 2] if steps else otherwise
