"""Zones: polygons and directed lines in frame-relative coordinates."""

import math
from dataclasses import dataclass

from hypersight_core.errors import InvalidInput

Corner = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Zone:
    """A simple polygon (3 corners or more) or a directed line (exactly 2).

    Crossing a line from its left to its right, looking from the first corner to the
    second on the picture as people see it (y down), is *in*.

    Raises:
        InvalidInput: fewer than 2 corners, a coordinate outside [0, 1], no area, or edges that cross.
    """

    corners_rel: tuple[Corner, ...]
    """x and y in [0, 1] of the frame's width and height, in drawing order."""
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse shapes that enclose nothing or cannot be told inside from outside."""
        if len(self.corners_rel) < 2:
            raise InvalidInput("a zone needs at least 3 corners, a line exactly 2")
        for x, y in self.corners_rel:
            if not (math.isfinite(x) and math.isfinite(y) and 0 <= x <= 1 and 0 <= y <= 1):
                raise InvalidInput(f"corner ({x}, {y}) lies outside the frame: coordinates are 0 to 1")

    @property
    def is_line(self) -> bool:
        """Whether this is a directed line rather than a polygon."""
        return len(self.corners_rel) == 2
