"""What the field's clients send; fields nobody knows are ignored, as they always were."""

import msgspec

from hypersight_api.time_stamps import Stamp, parse_stamp


class TrafficQuestion(msgspec.Struct, frozen=True):
    """`POST /traffic`."""

    proc_id: int
    start_ts: str
    stop_ts: str | None = None


class ObjectsQuestion(msgspec.Struct, frozen=True):
    """`POST /objects`."""

    proc_id: int
    ts: str | None = None


class FrameQuestion(msgspec.Struct, frozen=True):
    """`POST /getFrame`."""

    camera_id: int


def optional_stamp(text: str | None) -> Stamp | None:
    """Read a time stamp that may be left out.

    Raises:
        InvalidInput: it is there, but no time.
    """
    return None if text is None else parse_stamp(text)
