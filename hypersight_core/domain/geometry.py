"""Plane geometry of points against zones, vectorised; unit of length: the frame's height."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hypersight_core.domain.zones import Zone, signed_area

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def isotropic(points_rel: Floats, aspect: float) -> Floats:
    """Return frame-relative points in frame heights, so that distances mean the same both ways.

    Args:
        points_rel: shape `(…, 2)`, in [0, 1] of width and height.
        aspect: width divided by height of the frame.
    """
    points: Floats = points_rel * np.array([aspect, 1.0])
    return points


class ZoneGeometry:
    """All edges of a list of zones as padded arrays.

    Zones with fewer edges than the largest are filled up with edges of no length on their last
    corner, which change neither a distance nor a parity.

    Args:
        aspect: width divided by height of the frame.
    """

    def __init__(self, zones: Sequence[Zone], aspect: float) -> None:
        most = max((len(zone.corners_rel) for zone in zones), default=1)
        starts = np.zeros((len(zones), most, 2))
        ends = np.zeros((len(zones), most, 2))
        for index, zone in enumerate(zones):
            corners = isotropic(np.array(zone.corners_rel), aspect)
            count = len(corners)
            starts[index, :count], starts[index, count:] = corners, corners[0]
            ends[index, :count], ends[index, count:] = np.roll(corners, -1, axis=0), corners[0]
        self._starts, self._steps = starts, ends - starts
        self._ends_y = ends[..., 1]
        squares = (self._steps**2).sum(axis=2)
        self._squares = np.where(squares > 0.0, squares, 1.0)
        self._slopes = self._steps[..., 0] / np.where(self._steps[..., 1] == 0.0, 1.0, self._steps[..., 1])
        self.is_line: Bools = np.array([zone.is_line for zone in zones], dtype=bool)
        """Shape `(z,)`."""
        self.half_widths: Floats = np.array([_half_width(zone, aspect) for zone in zones], dtype=np.float64)
        """Shape `(z,)`: about half the width of the narrowest way through; infinite for lines."""

    def __len__(self) -> int:
        return len(self.is_line)

    def signed_distances(self, points: Floats) -> Floats:
        """Return how deep points lie in each zone.

        Args:
            points: shape `(n, 2)`.

        Returns:
            Shape `(n, z)`. Polygons: distance to the border, positive inside. Lines: distance to
            the line drawn on without end, positive on its right (in) side.
        """
        return self._depths(points[:, None, None, :], np.arange(len(self)))

    def pair_distances(self, points: Floats, zones: Ints) -> Floats:
        """Return the signed distances of points to one zone per row.

        Args:
            points: shape `(p, k, 2)`: k points for each of p pairs.
            zones: shape `(p,)`: the zone each row is measured against.

        Returns:
            Shape `(p, k)`.
        """
        return self._depths(points[:, :, None, :], zones[:, None])

    def passages(self, before: Floats, after: Floats, zones: Ints) -> tuple[Floats, Floats]:
        """Return the first and the last crossing of straight steps with the edges of one zone per row.

        Args:
            before: shape `(p, 2)`.
            after: shape `(p, 2)`.
            zones: shape `(p,)`.

        Returns:
            Two arrays of shape `(p,)`: fractions of the step in [0, 1], NaN where nothing is crossed.
        """
        step = (after - before)[:, None, :]
        edges = self._steps[zones]
        offset = self._starts[zones] - before[:, None, :]
        cross = step[..., 0] * edges[..., 1] - step[..., 1] * edges[..., 0]
        safe = np.where(cross == 0.0, 1.0, cross)
        along = (offset[..., 0] * edges[..., 1] - offset[..., 1] * edges[..., 0]) / safe
        share = (offset[..., 0] * step[..., 1] - offset[..., 1] * step[..., 0]) / safe
        hits = (cross != 0.0) & (along >= 0.0) & (along <= 1.0) & (share >= 0.0) & (share <= 1.0)
        first = np.where(hits, along, np.inf).min(axis=1)
        last = np.where(hits, along, -np.inf).max(axis=1)
        is_hit = hits.any(axis=1)
        return np.where(is_hit, first, np.nan), np.where(is_hit, last, np.nan)

    def is_beside(self, points: Floats, zones: Ints) -> Bools:
        """Say for each point whether it lies between the two ends of its line; always true for polygons.

        Args:
            points: shape `(p, 2)`.
            zones: shape `(p,)`.
        """
        offset = points - self._starts[zones, 0]
        share = (offset * self._steps[zones, 0]).sum(axis=1) / self._squares[zones, 0]
        is_beside: Bools = ~self.is_line[zones] | ((share >= 0.0) & (share <= 1.0))
        return is_beside

    def _depths(self, points: Floats, zones: Ints) -> Floats:
        starts, steps = self._starts[zones], self._steps[zones]
        dx, dy = points[..., 0] - starts[..., 0], points[..., 1] - starts[..., 1]
        step_x, step_y, squares = steps[..., 0], steps[..., 1], self._squares[zones]
        share = ((dx * step_x + dy * step_y) / squares).clip(0.0, 1.0)
        gaps = (dx - share * step_x) ** 2 + (dy - share * step_y) ** 2
        nearest = np.sqrt(gaps.min(axis=-1))
        is_spanned = (dy < 0.0) != (points[..., 1] < self._ends_y[zones])
        is_left_of = is_spanned & (dx < dy * self._slopes[zones])
        is_inside = is_left_of.sum(axis=-1) % 2 == 1
        depths: Floats = np.where(is_inside, nearest, -nearest)
        if self.is_line.any():
            right = (step_x[..., 0] * dy[..., 0] - step_y[..., 0] * dx[..., 0]) / np.sqrt(squares[..., 0])
            depths = np.where(self.is_line[zones], right, depths)
        return depths


def _half_width(zone: Zone, aspect: float) -> float:
    """Return area / perimeter: between half the inner radius and the inner radius of a convex polygon."""
    if zone.is_line:
        return float("inf")
    corners = isotropic(np.array(zone.corners_rel), aspect)
    perimeter = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T).sum()
    return abs(signed_area(zone.corners_rel)) * aspect / float(perimeter)
