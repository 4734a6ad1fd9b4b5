"""The counter everybody writes first: nearest point, counted when the side changes, forgotten when missed."""

from collections.abc import Sequence

import numpy as np

from hypersight_core.domain.detections import Detections
from hypersight_core.domain.geometry import ZoneGeometry
from hypersight_core.domain.zones import Zone
from tests.walkers import HEIGHT_PX, WIDTH_PX

LONGEST_STEP = 1.0
"""In frame heights: nearest wins, however far, within about half a frame."""


def naively(zones: Sequence[Zone], frames: Sequence[tuple[float, Detections]]) -> list[bool]:
    """Return for each change of sides whether it was a way in."""
    geometry = ZoneGeometry(zones, WIDTH_PX / HEIGHT_PX)
    points, is_in = np.zeros((0, 2)), np.zeros((0, len(zones)), dtype=bool)
    ways: list[bool] = []
    for _, found in frames:
        boxes = found.boxes_rel
        now = (boxes[:, :2] + boxes[:, 2:]) / 2 * [WIDTH_PX / HEIGHT_PX, 1.0]
        sides = geometry.signed_distances(now.T).T >= 0
        free = set(range(len(points)))
        for index, point in enumerate(now):
            near = [(float(np.hypot(*(points[old] - point))), old) for old in free]
            if near and min(near)[0] < LONGEST_STEP:
                _, old = min(near)
                free.discard(old)
                ways += sides[index][sides[index] != is_in[old]].tolist()
        points, is_in = now, sides
    return ways
