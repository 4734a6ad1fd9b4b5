"""What people say happened on a clip: a count by hand (CSV), or boxes with identities (MOTChallenge)."""

import csv
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hypersight_core.domain.cameras import Anchor
from hypersight_core.domain.gates import Persons, ZoneGates
from hypersight_core.domain.validation import Passing
from hypersight_core.domain.zones import Zone
from hypersight_core.errors import InvalidInput

Floats = NDArray[np.float64]

LONGEST_GAP_S = 1.0
"""An annotated person that is missing for longer begins anew."""
DIRECTIONS = {"": True, "in": True, "out": False}
CSV_COLUMNS = ("time", "direction", "zone")
PEDESTRIAN = 1
"""The MOTChallenge class of persons on their feet; negative where a sequence has no classes."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Who passed, and what the source of it speaks about."""

    passings: tuple[Passing, ...]
    kinds: frozenset[tuple[int, bool]]
    """Zone and whether it is the way in: what was looked for, found or not."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a truth took place."""

    zones: Sequence[Zone]
    anchor: Anchor
    width_px: int
    height_px: int
    fps: float
    """Frames per second of the clip."""
    starts_at: datetime
    """Of the first frame, aware."""


def read_truth(text: str, scene: Scene) -> Truth:
    """Read either form: a CSV file with a header line that names `time`, else MOTChallenge ground truth.

    Raises:
        InvalidInput: it is neither; the message names the line.
    """
    first = text.lstrip("\ufeff").partition("\n")[0]
    if "time" in [name.strip().lower() for name in first.split(",")]:
        return read_csv(text, scene)
    return read_mot(text, scene)


def read_csv(text: str, scene: Scene) -> Truth:
    """Read a count by hand: a row a person, columns `time`, `direction` (in, out) and `zone`.

    `time` is seconds from the first frame, `mm:ss`, `hh:mm:ss`, or an ISO 8601 time with offset.
    Without `direction` all went in; without `zone` there must be one zone only. Only directions that
    occur are compared.

    Raises:
        InvalidInput: a row cannot be understood; the message names its line.
    """
    reader = csv.DictReader(text.lstrip("\ufeff").splitlines(), skipinitialspace=True)
    names = [name.strip().lower() for name in reader.fieldnames or ()]
    unknown = set(names) - set(CSV_COLUMNS)
    if "time" not in names or unknown:
        raise InvalidInput(f"the first line of the count must name {', '.join(CSV_COLUMNS)}, got {names}")
    reader.fieldnames = names
    passings = []
    for row in reader:
        try:
            passings.append(_row(row, scene))
        except (InvalidInput, ValueError) as error:
            raise InvalidInput(f"line {reader.line_num} of the count: {error}") from error
    if not passings:
        raise InvalidInput("the count has no row: nothing to compare with")
    directions = {one.is_in for one in passings}
    return Truth(
        tuple(passings), frozenset((zone, is_in) for zone in range(len(scene.zones)) for is_in in directions)
    )


def read_mot(text: str, scene: Scene) -> Truth:
    """Read MOTChallenge ground truth: frame (from 1), person, left, top, width, height (pixels), flag, class.

    Rows with flag 0, and of other classes than pedestrians, are left out. Who passes is told by the rules
    of the counter itself, at the full rate of the annotation and with the annotators' identities.

    Source of the format: MOT16: A Benchmark for Multi-Object Tracking, arXiv:1603.00831, table 5.

    Raises:
        InvalidInput: a row cannot be understood; the message names its line.
    """
    people: defaultdict[int, dict[int, list[float]]] = defaultdict(dict)
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            frame, person, *rest = (float(value) for value in line.split(","))
        except ValueError as error:
            raise InvalidInput(f"line {number} of the ground truth is no row of numbers") from error
        if len(rest) < 4 or not all(map(math.isfinite, (frame, person, *rest[:4]))) or frame < 1:
            raise InvalidInput(
                f"line {number} of the ground truth: frame, person, left, top, width, height …"
            )
        if _is_scored(rest):
            people[int(person)][int(frame) - 1] = rest[:4]
    if not people:
        raise InvalidInput("the ground truth has no person in it: nothing to compare with")
    passings = [one for boxes in people.values() for one in _passings_of(boxes, scene)]
    kinds = frozenset((zone, is_in) for zone in range(len(scene.zones)) for is_in in (True, False))
    return Truth(tuple(sorted(passings, key=lambda one: one.at_s)), kinds)


def _is_scored(rest: Sequence[float]) -> bool:
    flag = rest[4] if len(rest) > 4 else 1.0
    is_person = len(rest) < 6 or rest[5] < 0 or rest[5] == PEDESTRIAN
    return flag != 0 and is_person


def _row(row: Mapping[str, str | None], scene: Scene) -> Passing:
    time, direction, zone = ((row.get(name) or "").strip() for name in CSV_COLUMNS)
    if direction.lower() not in DIRECTIONS:
        raise InvalidInput(f"direction is in or out, got {direction!r}")
    return Passing(_seconds(time, scene.starts_at), _zone(zone, scene.zones), DIRECTIONS[direction.lower()])


def _seconds(text: str, starts_at: datetime) -> float:
    if "-" in text[1:]:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise InvalidInput(f"{text} has no offset: write 2026-01-31T12:00:00+01:00")
        return (at - starts_at) / timedelta(seconds=1)
    seconds = 0.0
    for part in text.split(":"):
        seconds = 60 * seconds + float(part)
    if not 0 <= seconds < math.inf:
        raise InvalidInput(f"{text!r} is no time of a clip: write seconds, mm:ss or hh:mm:ss")
    return seconds


def _zone(text: str, zones: Sequence[Zone]) -> int:
    if not text and len(zones) == 1:
        return 0
    names = [zone.name for zone in zones]
    if text and names.count(text) == 1:
        return names.index(text)
    if text.isdecimal() and int(text) < len(zones):
        return int(text)
    known = ", ".join(f"{index} {name}".strip() for index, name in enumerate(names))
    raise InvalidInput(f"zone {text!r} is none of: {known}")


def _passings_of(boxes_px: Mapping[int, Sequence[float]], scene: Scene) -> list[Passing]:
    """Return the passings of one person; its boxes are left, top, width and height by frame."""
    frames = sorted(boxes_px)
    cuts = [index for index, (a, b) in enumerate(pairwise(frames), 1) if (b - a) / scene.fps > LONGEST_GAP_S]
    passings = []
    for first, last in pairwise([0, *cuts, len(frames)]):
        passings += _walked([(frame, boxes_px[frame]) for frame in frames[first:last]], scene)
    return passings


def _walked(boxes_px: Sequence[tuple[int, Sequence[float]]], scene: Scene) -> list[Passing]:
    aspect = scene.width_px / scene.height_px
    gates = ZoneGates(scene.zones, aspect)
    only, still, never = np.zeros(1, dtype=np.int64), np.zeros((2, 1)), np.full(1, np.nan)
    times = [frame / scene.fps for frame, _ in boxes_px]
    crossings = []
    for at_s, (_, box_px) in zip(times, boxes_px, strict=True):
        left, top, width, height = box_px
        middle, anchor = left + width / 2, top + scene.anchor.share * height
        spot = np.array([[at_s], [middle / scene.width_px * aspect], [anchor / scene.height_px]])
        heights = np.array([height / scene.height_px])
        crossings += gates.follow(Persons(only, spot, still, heights, np.ones(1), never))
    boxes_rel = [_box_rel(box_px, scene) for _, box_px in boxes_px]
    return [
        Passing(one.at_s, one.zone, one.is_in, boxes_rel[int(np.abs(np.array(times) - one.at_s).argmin())])
        for one in crossings
    ]


def _box_rel(box_px: Sequence[float], scene: Scene) -> tuple[float, float, float, float]:
    left, top, width, height = box_px
    return (
        left / scene.width_px, top / scene.height_px,
        (left + width) / scene.width_px, (top + height) / scene.height_px,
    )  # fmt: skip
