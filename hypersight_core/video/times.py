"""Times of packets as they should have been: made up where they are missing, carried on where they jump."""

from collections.abc import Iterable, Iterator

from hypersight_core.video.pieces import Packet

USUAL_FRAME_S = 0.04
REORDER_S = 3.0
"""Without decoding times a showing time may lie this far before an earlier one: B frames."""


class PacketTimes:
    """Corrects the packets of one stream, in decoding order; nothing is left out.

    Args:
        most_step_s: a longer step forward is a changed clock; None: it is time that passed.
    """

    def __init__(self, most_step_s: float | None) -> None:
        self._most_step_s = most_step_s
        self._untimed: list[Packet] = []
        self._shown: int | None = None
        self._decoded: int | None = None
        self._frame = 0
        self._shift = 0

    def corrected(self, packets: Iterable[Packet]) -> Iterator[Packet]:
        """Yield the packets with times; those before the first time wait for it."""
        for packet in packets:
            if packet.pts is None:
                packet.pts = packet.dts  # some containers (AVI) write only the decoding time
            if packet.pts is None and self._shown is None:
                self._untimed.append(packet)
                continue
            self._frame = packet.duration or self._frame or round(USUAL_FRAME_S / float(packet.time_base))
            yield from self._before(packet)
            self._correct(packet)
            yield packet

    def _before(self, first: Packet) -> Iterator[Packet]:
        """Time what came before the first time: over RTSP one packet, the key frame."""
        untimed, self._untimed = self._untimed, []
        for count, packet in zip(range(len(untimed), 0, -1), untimed, strict=True):
            assert first.pts is not None  # noqa: S101 - else `first` would wait as well
            packet.time_base = first.time_base
            packet.pts = packet.dts = first.pts - count * self._frame
            yield packet

    def _correct(self, packet: Packet) -> None:
        if packet.pts is None:
            assert self._shown is not None  # noqa: S101 - else it would wait
            packet.pts = packet.dts = self._shown + self._frame
        else:
            self._close_jump(packet, packet.pts, packet.dts)
        self._shown, self._decoded = packet.pts, packet.dts

    def _close_jump(self, packet: Packet, shown: int, decoded: int | None) -> None:
        """Shift this packet, and all after it, to where the last one ended if the clock was set."""
        if self._shown is not None:
            has_order = decoded is not None and self._decoded is not None
            now, before = (decoded, self._decoded) if has_order else (shown, self._shown)
            assert now is not None  # noqa: S101 - one or the other
            assert before is not None  # noqa: S101
            step_s = float((now + self._shift - before) * packet.time_base)
            is_late = self._most_step_s is not None and step_s > self._most_step_s
            if is_late or step_s < (0.0 if has_order else -REORDER_S):
                self._shift = before + self._frame - now
        if self._shift:
            packet.pts = shown + self._shift
            packet.dts = None if decoded is None else decoded + self._shift
