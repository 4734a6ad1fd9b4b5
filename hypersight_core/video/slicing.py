"""Cuts a stream of packets without segments of its own into pieces of a few seconds."""

from hypersight_core.video.demux import shown_s
from hypersight_core.video.pieces import Packet

SLICE_S = 2.0
LONGEST_SLICE_S = 6.0
"""Without a key frame for so long, the cut is made in the middle of a group of pictures."""
USUAL_FRAME_S = 0.04


class Slicer:
    """Collects packets and gives back a slice whenever a new one should begin."""

    def __init__(self) -> None:
        self._packets: list[Packet] = []
        self._untimed: Packet | None = None

    def add(self, packet: Packet) -> list[Packet]:
        """Take in the next packet; return the slice it ends, else nothing."""
        if not self._is_timed(packet):
            return []
        done: list[Packet] = []
        if self._packets and self._is_due(packet):
            done, self._packets = self._packets, []
        if self._untimed is not None:
            self._packets.append(_timed_before(self._untimed, packet))
            self._untimed = None
        self._packets.append(packet)
        return done

    def rest(self) -> list[Packet]:
        """Return the slice that was begun."""
        done, self._packets = self._packets, []
        return done

    def _is_timed(self, packet: Packet) -> bool:
        """Keep back a packet without a time: over RTSP the first one, a key frame, has none."""
        if packet.pts is None:
            packet.pts = packet.dts
        if packet.pts is None:
            self._untimed = packet
        return packet.pts is not None

    def _is_due(self, packet: Packet) -> bool:
        length_s = shown_s(packet) - shown_s(self._packets[0])
        return length_s < 0 or length_s >= LONGEST_SLICE_S or (packet.is_keyframe and length_s >= SLICE_S)


def _timed_before(untimed: Packet, packet: Packet) -> Packet:
    assert packet.pts is not None  # noqa: S101 - packets without a time were left out
    frame_ticks = packet.duration or round(USUAL_FRAME_S / float(packet.time_base))
    untimed.time_base = packet.time_base
    untimed.pts = untimed.dts = packet.pts - frame_ticks
    return untimed
