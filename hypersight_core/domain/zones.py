"""Zones: polygons and directed lines in frame-relative coordinates."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hypersight_core.errors import InvalidInput, UnusableZone

Corner = tuple[float, float]

MIN_AREA_REL = 1e-6
"""Share of the frame: about one pixel of a 1280 x 720 picture."""
LEAST_AREA_REL, LEAST_LENGTH_REL = 2e-4, 0.01
"""What people draw on purpose: a square of 14 pixels on a 1280 x 720 picture, a line of a hundredth of it."""
MAX_CORNERS = 200
NAME = re.compile(r"[^\x00\ud800-\udfff]{0,200}")
"""No database stores a zero byte, or half of a character."""
MAX_ZONES = 100


@dataclass(frozen=True, slots=True)
class Zone:
    """A simple polygon (3 corners or more) or a directed line (exactly 2).

    Crossing a line from its left to its right, looking from the first corner to the
    second on the picture as people see it (y down), is *in*.

    Raises:
        UnusableZone: fewer than 2 corners, a coordinate outside [0, 1], no area, or edges that cross.
    """

    corners_rel: tuple[Corner, ...]
    """x and y in [0, 1] of the frame's width and height, in drawing order."""
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse shapes that enclose nothing or cannot be told inside from outside."""
        corners = self.corners_rel
        if not 2 <= len(corners) <= MAX_CORNERS:
            raise UnusableZone(
                f"a zone needs 3 to {MAX_CORNERS} corners, a line exactly 2, got {len(corners)}", "corners"
            )
        for x, y in corners:
            if not (math.isfinite(x) and math.isfinite(y) and 0 <= x <= 1 and 0 <= y <= 1):
                raise UnusableZone(
                    f"corner ({x}, {y}) lies outside the frame: coordinates are 0 to 1", "outside"
                )
        repeated = [corner for i, corner in enumerate(corners) if corner in corners[:i]]
        if repeated:
            raise UnusableZone("two corners of a zone are the same point", "repeated", repeated[:1])
        if not self.is_line:
            _check_polygon(corners)

    @property
    def is_line(self) -> bool:
        """Whether this is a directed line rather than a polygon."""
        return len(self.corners_rel) == 2


def parse_zones(value: object) -> tuple[Zone, ...]:
    """Read zones from either form in use, as JSON text or as the values JSON stands for.

    The field's form is `[[[x, y], …], …]`; the named form is
    `[{"name": "door", "corners": [[x, y], …]}, …]`. Empty text means no zones. A polygon that
    repeats its first corner as its last is taken as closed.

    Raises:
        InvalidInput: it is no JSON, no list, or a zone in it means nothing.
    """
    return tuple(parse_zone(one) for one in zone_values(value))


def zone_values(value: object) -> Sequence[object]:
    """Return the zones in either form one by one, not looked at yet; see `parse_zones`.

    Raises:
        InvalidInput: it is no JSON, or no list.
    """
    if isinstance(value, str):
        value = _json_value(value)
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise InvalidInput("zones must be a list of polygons: [[[x, y], …], …]", field="zones")
    if len(value) > MAX_ZONES:
        raise InvalidInput(f"at most {MAX_ZONES} zones, got {len(value)}", field="zones")
    return value


def refuse_tiny(zone: Zone) -> Zone:
    """Return a zone that people can have drawn on purpose.

    Raises:
        UnusableZone: nobody would be counted by it.
    """
    corners = zone.corners_rel
    if zone.is_line:
        if math.dist(*corners) < LEAST_LENGTH_REL:
            raise UnusableZone("the line is too short to be crossed: draw it longer", "tiny", corners)
    elif abs(signed_area(corners)) < LEAST_AREA_REL:
        raise UnusableZone("the zone is too small for anybody to be in it: draw it larger", "tiny", corners)
    return zone


def zones_json(zones: Sequence[Zone]) -> list[dict[str, object]]:
    """Return the named form that `parse_zones` reads."""
    return [{"name": zone.name, "corners": [list(corner) for corner in zone.corners_rel]} for zone in zones]


def zones_text(zones: Sequence[Zone]) -> str:
    """Return the field's form, without names: `[[[x, y], …], …]`."""
    return json.dumps([[list(corner) for corner in zone.corners_rel] for zone in zones])


def _json_value(text: str) -> object:
    if not text.strip():
        return []
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        example = "[[[0.1, 0.2], [0.9, 0.2], [0.5, 0.8]]]"
        raise InvalidInput(f"zones are no JSON; example: {example}", field="zones") from error


def parse_zone(value: object) -> Zone:
    """Read one zone in either form.

    Raises:
        InvalidInput: it means nothing.
    """
    name, corners = "", value
    if isinstance(value, Mapping):
        name, corners = _name(value.get("name")), value.get("corners")
    if not isinstance(corners, Sequence) or isinstance(corners, str | bytes):
        raise InvalidInput("a zone is a list of corners: [[x, y], …]", field="zones")
    points = tuple(_corner(corner) for corner in corners)
    if len(points) > 3 and points[0] == points[-1]:
        points = points[:-1]
    return Zone(points, name)


def _name(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise InvalidInput(
            "a zone's name is a text of at most 200 characters, without zero bytes", field="zones"
        )
    return value


def _corner(value: object) -> Corner:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes) or len(value) != 2:
        raise InvalidInput(f"a corner is two numbers [x, y], got {value!r:.80}", field="zones")
    x, y = value
    for number in (x, y):
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise InvalidInput(f"a corner is two numbers [x, y], got {value!r:.80}", field="zones")
    return _finite(x), _finite(y)


def _finite(number: float) -> float:
    try:
        return float(number)
    except OverflowError as error:
        raise InvalidInput("a coordinate is too large: coordinates are 0 to 1", field="zones") from error


def _check_polygon(corners: tuple[Corner, ...]) -> None:
    is_flat = all(_turn(corners[0], corners[1], corner) == 0 for corner in corners[2:])
    if not is_flat:
        _refuse_crossings(corners)
    if abs(signed_area(corners)) < MIN_AREA_REL:
        raise UnusableZone("the zone encloses no area", "tiny", corners)


def _refuse_crossings(corners: tuple[Corner, ...]) -> None:
    edges = list(pairwise((*corners, corners[0])))
    for i, (a, b) in enumerate(edges):
        for j in range(i + 1, len(edges)):
            c, d = edges[j]
            if b == c or a == d:
                has_overlap = _is_folded(a, b, d) if b == c else _is_folded(c, d, b)
            else:
                has_overlap = _is_touching(a, b, c, d)
            if has_overlap:
                raise UnusableZone(
                    f"edges {i + 1} and {j + 1} of the zone cross or touch", "crossing", (a, b, c, d)
                )


def signed_area(corners: Sequence[Corner]) -> float:
    """Return the area of a polygon; positive when its corners go clockwise on the picture (y down)."""
    closed = (*corners, corners[0])
    return 0.5 * sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(closed))


def _turn(a: Corner, b: Corner, c: Corner) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _is_folded(a: Corner, b: Corner, c: Corner) -> bool:
    """Say whether the edge b-c runs back over the edge a-b."""
    backwards = (a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1]) > 0
    return _turn(a, b, c) == 0 and backwards


def _is_touching(a: Corner, b: Corner, c: Corner, d: Corner) -> bool:
    turns = (_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b))
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(turn == 0 and _is_between(*end) for turn, end in zip(turns, ends, strict=True))


def _is_between(a: Corner, b: Corner, point: Corner) -> bool:
    return min(a[0], b[0]) <= point[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= point[1] <= max(a[1], b[1])


WHOLE_FRAME = Zone(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)), "whole frame")
