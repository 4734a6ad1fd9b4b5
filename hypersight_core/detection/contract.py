"""What detectors answer, and what of it is believed."""

import math
from dataclasses import dataclass

import msgspec
import numpy as np

from hypersight_core.domain.detections import Detections
from hypersight_core.errors import DetectorUnavailable

SLACK_REL = 0.01
"""Boxes may stick out of the picture this far, as regression makes them; more is another unit by mistake."""
MAX_ROWS = 5_000
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What reading JSON may raise; the last one for brackets without end."""


class _FaceAnswer(msgspec.Struct):
    boxes: list[tuple[float, float, float, float]]
    conf: list[float]


@dataclass(frozen=True, slots=True)
class FaceBoxes:
    """Faces on a crop; entry `i` of both belongs to one."""

    boxes_px: tuple[tuple[float, float, float, float], ...]
    """x_min, y_min, x_max, y_max in pixels of the crop."""
    scores: tuple[float, ...]


def parse_objects(body: bytes, *, person_class: int = 0) -> Detections:
    """Read an object detector's answer; rows of other classes are left out, a missing class is a person.

    Raises:
        DetectorUnavailable: the contract does not allow such an answer; nothing of it is counted.
    """
    try:
        rows = msgspec.json.decode(body, type=list[list[float]])
    except UNREADABLE as error:
        raise _garbage(str(error)) from error
    if len(rows) > MAX_ROWS:
        raise _garbage(f"{len(rows)} rows")
    if any(len(row) not in (5, 6) for row in rows):
        raise _garbage("a row has neither 5 nor 6 values")
    # Rows of other classes are checked too: pixels instead of shares there make the whole answer doubtful.
    found = _checked(np.array([row[:5] for row in rows], dtype=np.float64).reshape(-1, 5))
    is_person = np.array([len(row) == 5 or row[5] == person_class for row in rows], dtype=bool)
    return Detections(found.boxes_rel[is_person], found.scores[is_person])


def _checked(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> Detections:
    if not np.isfinite(values).all():
        raise _garbage("a value is not a finite number")
    boxes, scores = values[:, :4], values[:, 4]
    if (boxes < -SLACK_REL).any() or (boxes > 1 + SLACK_REL).any():
        raise _garbage("a coordinate lies outside [0, 1]: boxes must be relative to the posted picture")
    if (scores < 0).any() or (scores > 1).any():
        raise _garbage("a probability lies outside [0, 1]")
    if (boxes[:, 2:] < boxes[:, :2]).any():
        raise _garbage("a box ends before it starts")
    return Detections(np.clip(boxes, 0.0, 1.0), scores)


def parse_faces(body: bytes) -> FaceBoxes:
    """Read a face detector's answer.

    Raises:
        DetectorUnavailable: the contract does not allow such an answer.
    """
    try:
        answer = msgspec.json.decode(body, type=_FaceAnswer)
    except UNREADABLE as error:
        raise _garbage(str(error)) from error
    if len(answer.boxes) != len(answer.conf):
        raise _garbage(f"{len(answer.boxes)} boxes and {len(answer.conf)} probabilities")
    if not all(math.isfinite(value) for box in answer.boxes for value in box):
        raise _garbage("a coordinate is not a finite number")
    if any(x_max < x_min or y_max < y_min for x_min, y_min, x_max, y_max in answer.boxes):
        raise _garbage("a box ends before it starts")
    if not all(0 <= score <= 1 for score in answer.conf):
        raise _garbage("a probability lies outside [0, 1]")
    return FaceBoxes(tuple(answer.boxes), tuple(answer.conf))


def _garbage(what: str) -> DetectorUnavailable:
    return DetectorUnavailable(f"the detector answers what its contract does not allow: {what}")
