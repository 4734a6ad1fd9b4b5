"""Plane geometry of points against zones; unit of length: the frame's height.

Many points at once are arrays whose first axis is x and y and whose last is the point; the few
steps that come near a border are plain numbers.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hypersight_core.domain.zones import Zone, signed_area

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Point = tuple[float, float]


def isotropic(points_rel: Floats, aspect: float) -> Floats:
    """Return frame-relative points in frame heights, so that distances mean the same both ways.

    Args:
        points_rel: shape `(…, 2)`, in [0, 1] of width and height.
        aspect: width divided by height of the frame.
    """
    points: Floats = points_rel * np.array([aspect, 1.0])
    return points


class ZoneGeometry:
    """All edges of a list of zones.

    Args:
        aspect: width divided by height of the frame.
    """

    def __init__(self, zones: Sequence[Zone], aspect: float) -> None:
        outlines = [isotropic(np.array(zone.corners_rel), aspect) for zone in zones]
        self._corners, self._edges = _rings(outlines)
        self._edges_of = [_edge_list(outline) for outline in outlines]
        self.is_line: Bools = np.array([zone.is_line for zone in zones], dtype=bool)
        """Shape `(z,)`."""
        self._has_lines = bool(self.is_line.any())
        self.half_widths = [_half_width(zone, aspect) for zone in zones]
        """About half the width of the narrowest way through each zone; infinite for lines."""

    def __len__(self) -> int:
        return len(self.is_line)

    def signed_distances(self, points: Floats) -> Floats:
        """Return how deep points lie in each zone.

        Args:
            points: shape `(2, n)`.

        Returns:
            Shape `(z, n)`. Polygons: distance to the border, positive inside. Lines: distance to
            the line drawn on without end, positive on its right (in) side.
        """
        return self._depths(
            points[:, None, None], self._corners[..., None], self._edges[..., None], self.is_line[:, None]
        )

    def pair_distances(self, points: Floats, zones: Ints) -> Floats:
        """Return the signed distance of each point, `(2, p)`, to its zone, `(p,)`."""
        corners, edges = self._corners.take(zones, axis=2), self._edges.take(zones, axis=2)
        return self._depths(points[:, None], corners, edges, self.is_line[zones])

    def passages(self, before: Point, after: Point, zone: int) -> tuple[float, float] | None:
        """Return the first and the last crossing of a straight step with the edges of a zone.

        Returns:
            Fractions of the step in [0, 1]; None when nothing is crossed.
        """
        x, y = before
        step_x, step_y = after[0] - x, after[1] - y
        crossings = []
        for start_x, start_y, edge_x, edge_y in self._edges_of[zone]:
            cross = step_x * edge_y - step_y * edge_x
            if cross == 0.0:
                continue
            gap_x, gap_y = start_x - x, start_y - y
            along = (gap_x * edge_y - gap_y * edge_x) / cross
            share = (gap_x * step_y - gap_y * step_x) / cross
            if 0.0 <= along <= 1.0 and 0.0 <= share <= 1.0:
                crossings.append(along)
        return (min(crossings), max(crossings)) if crossings else None

    def is_beside(self, point: Point, zone: int) -> bool:
        """Say whether a point lies between the two ends of a line; always true for polygons."""
        if not self.is_line[zone]:
            return True
        start_x, start_y, edge_x, edge_y = self._edges_of[zone][0]
        share = (point[0] - start_x) * edge_x + (point[1] - start_y) * edge_y
        return 0.0 <= share / (edge_x * edge_x + edge_y * edge_y) <= 1.0

    def _depths(self, points: Floats, corners: Floats, edges: Floats, is_line: Bools) -> Floats:
        """Return depths, `(…)`, of points, `(2, 1, …)`, in rings of corners and edges; see `_rings`."""
        steps, squares, slopes = edges[:2], edges[2], edges[3]
        gaps = points - corners
        is_above = gaps[1] < 0.0
        gaps = gaps[:, :-1]
        is_left_of = (is_above[:-1] != is_above[1:]) & (gaps[0] < gaps[1] * slopes)
        along = gaps * steps
        share = np.minimum(np.maximum((along[0] + along[1]) / squares, 0.0), 1.0)
        off = gaps - share * steps
        off *= off
        nearest = np.sqrt(np.minimum.reduce(off[0] + off[1], axis=0))
        depths: Floats = np.where(np.logical_xor.reduce(is_left_of, axis=0), nearest, -nearest)
        if self._has_lines:
            right = (steps[0, 0] * gaps[1, 0] - steps[1, 0] * gaps[0, 0]) / np.sqrt(squares[0])
            depths = np.where(is_line, right, depths)
        return depths


def _rings(outlines: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Return the corners of zones, `(2, e + 1, z)`, and the edges between them, `(4, e, z)`.

    An edge is its step, its squared length, and its slope, x by y. Zones with fewer edges than the
    largest end in edges of no length, which change neither a distance nor a parity.
    """
    most = max((len(outline) for outline in outlines), default=1)
    corners = np.zeros((2, most + 1, len(outlines)))
    for zone, outline in enumerate(outlines):
        corners[:, :, zone] = outline[0][:, None]
        corners[:, : len(outline), zone] = outline.T
    steps = np.diff(corners, axis=1)
    squares = (steps**2).sum(axis=0)
    squares = np.where(squares > 0.0, squares, 1.0)
    slopes = steps[0] / np.where(steps[1] == 0.0, 1.0, steps[1])
    return corners, np.concatenate([steps, squares[None], slopes[None]])


def _edge_list(outline: Floats) -> list[tuple[float, float, float, float]]:
    """Return start and step of each edge, also of the one back to the first corner."""
    corners: list[list[float]] = outline.tolist()
    return [(x, y, to_x - x, to_y - y) for (x, y), (to_x, to_y) in pairwise([*corners, corners[0]])]


def _half_width(zone: Zone, aspect: float) -> float:
    """Return area / perimeter: between half the inner radius and the inner radius of a convex polygon."""
    if zone.is_line:
        return math.inf
    corners = isotropic(np.array(zone.corners_rel), aspect)
    perimeter = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T).sum()
    return abs(signed_area(zone.corners_rel)) * aspect / float(perimeter)
