"""Mosaics: several frames in one picture, and whose detections are whose."""

from dataclasses import dataclass

import numpy as np

from hypersight_core.domain.detections import Detections
from hypersight_core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class MosaicLayout:
    """A grid of equally large cells, filled row by row from the top left.

    Raises:
        InvalidInput: a side of less than one cell.
    """

    rows: int
    cols: int

    def __post_init__(self) -> None:
        """Refuse grids without a cell."""
        if self.rows < 1 or self.cols < 1:
            raise InvalidInput(
                f"a mosaic needs at least one row and one column, got {self.rows} x {self.cols}"
            )

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.rows * self.cols

    def cell(self, index: int) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom of a cell in [0, 1] of the mosaic.

        Raises:
            InvalidInput: the grid has no such cell.
        """
        if not 0 <= index < self.size:
            raise InvalidInput(f"cell {index} of a mosaic of {self.size}")
        row, col = divmod(index, self.cols)
        return col / self.cols, row / self.rows, (col + 1) / self.cols, (row + 1) / self.rows


def split(detections: Detections, layout: MosaicLayout, count: int) -> list[Detections]:
    """Give each of the first `count` cells its own detections, relative to the cell.

    A box belongs to the cell its centre lies in and is clipped to that cell; centres outside the
    picture and boxes in cells that hold no frame are dropped.
    """
    boxes = detections.boxes_rel
    centers = (boxes[:, :2] + boxes[:, 2:]) / 2.0
    grid = np.array([layout.cols, layout.rows])
    is_on_picture = ((centers >= 0.0) & (centers <= 1.0)).all(axis=1)
    cells = np.minimum((centers * grid).astype(np.int64, copy=False), grid - 1)
    indices = np.where(is_on_picture, cells[:, 1] * layout.cols + cells[:, 0], -1)
    within = (boxes * np.tile(grid, 2) - np.tile(cells, 2)).clip(0.0, 1.0)
    return [Detections(within[indices == i], detections.scores[indices == i]) for i in range(count)]
