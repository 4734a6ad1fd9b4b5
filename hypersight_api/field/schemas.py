"""What the field's clients send; fields nobody knows are ignored, as they always were."""

import msgspec
from msgspec import UNSET, UnsetType

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


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    err: bool
    msg: str | UnsetType = UNSET
    """Why there is no figure; with `err` true."""


class TrafficAnswer(_Answer, frozen=True, kw_only=True):
    """How many persons passed; times in the camera's time zone."""

    traffic: int | UnsetType = UNSET
    min_ts: str | UnsetType = UNSET
    max_ts: str | UnsetType = UNSET


class ObjectsAnswer(_Answer, frozen=True, kw_only=True):
    """How many persons were there."""

    count: int | UnsetType = UNSET
    ts: str | UnsetType = UNSET


class FrameAnswer(_Answer, frozen=True, kw_only=True):
    """Where a frame can be fetched, and its size in pixels."""

    path: str | UnsetType = UNSET
    height: int | UnsetType = UNSET
    width: int | UnsetType = UNSET


class Watching(msgspec.Struct, frozen=True):
    """Whether a camera is watched."""

    watching: bool
    url: str
