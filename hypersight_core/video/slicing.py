"""Cuts a stream of packets without segments of its own into pieces of a few seconds."""

from hypersight_core.video.demux import shown_s
from hypersight_core.video.pieces import Packet

SLICE_S = 2.0
LONGEST_SLICE_S = 6.0
"""Without a key frame for so long, the cut is made in the middle of a group of pictures."""


class Slicer:
    """Collects packets and gives back a slice whenever a new one should begin."""

    def __init__(self) -> None:
        self._packets: list[Packet] = []

    def add(self, packet: Packet) -> list[Packet]:
        """Take in the next packet; return the slice it ends, else nothing."""
        done: list[Packet] = []
        if self._packets and self._is_due(packet):
            done, self._packets = self._packets, []
        self._packets.append(packet)
        return done

    def rest(self) -> list[Packet]:
        """Return the slice that was begun."""
        done, self._packets = self._packets, []
        return done

    def _is_due(self, packet: Packet) -> bool:
        length_s = shown_s(packet) - shown_s(self._packets[0])
        return length_s >= LONGEST_SLICE_S or (packet.is_keyframe and length_s >= SLICE_S)
