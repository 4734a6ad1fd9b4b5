"""The little of H.264 and H.265 that must be read without decoding: what else needs this packet."""

from typing import NamedTuple

from hypersight_core.video.pieces import CodedFrame, Packet

LOOKED_AT_BYTES = 4096
"""Slices start within the first bytes of a packet, after parameter sets and messages."""
START_CODE = b"\0\0\1"
H264_SLICES = (1, 2, 5)
H264_IDR = 5
H264_SPS, H264_SPS_MASK = 7, 0x9F
"""A sequence parameter set, whatever its importance; in H.265 kinds 35, 51, 3 and 19 with odd layers."""
HEVC_VPS = 0x40
PARAMETERS_WITHIN_BYTES = 64
HEVC_IDR = (19, 20)
HEVC_LAST_SLICE = 31
HEVC_SUB_LAYER_KINDS = 16
"""Below, even kinds are not referred to within their own temporal layer (H.265 table 7-1)."""


class Traits(NamedTuple):
    """What a packet means for the packets after it."""

    is_reference: bool
    """Another frame may be predicted from it, so it can't be left out."""
    is_clean_start: bool
    """Nothing after it needs anything before it."""
    layer: int = 0
    """Temporal layer; frames of higher ones may refer even to frames that are no reference in their own."""


UNKNOWN = Traits(is_reference=True, is_clean_start=False)


def traits(frame: CodedFrame) -> Traits:
    """Read the traits of one coded frame; what can't be told counts as needed."""
    match frame.codec.name:
        case "h264":
            return _h264(_units(frame))
        case "hevc":
            return _hevc(_units(frame))
        case "mjpeg" | "rawvideo":
            return Traits(is_reference=False, is_clean_start=True)
    return UNKNOWN


def other_codec(packet: Packet, name: str) -> bool:
    """Say whether a key frame begins with the other codec's parameter set: a camera was set to H.26x."""
    starts = _after_start_codes(bytes(memoryview(packet)[:PARAMETERS_WITHIN_BYTES]))
    match name:
        case "h264":
            return (HEVC_VPS, 1) in starts
        case "hevc":
            return any(first & H264_SPS_MASK == H264_SPS for first, _ in starts)
    return False


def _h264(headers: list[tuple[int, int]]) -> Traits:
    for header, _ in headers:
        if header & 31 in H264_SLICES:
            return Traits(bool(header >> 5 & 3), header & 31 == H264_IDR)
    return UNKNOWN


def _hevc(headers: list[tuple[int, int]]) -> Traits:
    for first, second in headers:
        kind = first >> 1 & 63
        if kind <= HEVC_LAST_SLICE:
            is_reference = kind >= HEVC_SUB_LAYER_KINDS or kind % 2 == 1
            return Traits(is_reference, kind in HEVC_IDR, max(0, (second & 7) - 1))
    return UNKNOWN


def _units(frame: CodedFrame) -> list[tuple[int, int]]:
    """Return the first two bytes of each NAL unit near the packet's start."""
    head = frame.head(LOOKED_AT_BYTES)
    length_bytes = _length_bytes(frame)
    return _after_lengths(head, length_bytes) if length_bytes else _after_start_codes(head)


def _length_bytes(frame: CodedFrame) -> int:
    """Return how many bytes give a unit's length (MP4's way); 0 where start codes part the units."""
    extradata = frame.codec.extradata
    if not extradata or extradata[0] != 1:
        return 0
    at = 4 if frame.codec.name == "h264" else 21
    return (extradata[at] & 3) + 1 if len(extradata) > at else 0


def _after_start_codes(head: bytes) -> list[tuple[int, int]]:
    headers = []
    at = head.find(START_CODE)
    while 0 <= at < len(head) - 4:
        headers.append((head[at + 3], head[at + 4]))
        at = head.find(START_CODE, at + 3)
    return headers


def _after_lengths(head: bytes, length_bytes: int) -> list[tuple[int, int]]:
    headers = []
    at = 0
    while at + length_bytes + 1 < len(head):
        headers.append((head[at + length_bytes], head[at + length_bytes + 1]))
        at += length_bytes + int.from_bytes(head[at : at + length_bytes], "big")
    return headers
