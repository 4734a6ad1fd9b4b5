"""What the field's clients send; fields nobody knows are ignored, as they always were."""

from typing import TypeVar

import msgspec

from hypersight_api.time_stamps import Stamp, parse_stamp
from hypersight_core.errors import InvalidInput


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


Question = TypeVar("Question", TrafficQuestion, ObjectsQuestion, FrameQuestion)


def understood(body: bytes, kind: type[Question]) -> Question:
    """Read a question, whatever content type it was sent under.

    Raises:
        InvalidInput: it is not JSON, or something in it is missing or of another type.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"the request cannot be understood: {error}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInput("the request is no JSON") from error


def optional_stamp(text: str | None) -> Stamp | None:
    """Read a time stamp that may be left out.

    Raises:
        InvalidInput: it is there, but no time.
    """
    return None if text is None else parse_stamp(text)
