"""Mosaics: several frames in one picture, and whose detections are whose."""

from dataclasses import dataclass

import numpy as np

from hypersight_core.domain.detections import Detections
from hypersight_core.errors import InvalidInput

GUTTER_PX = 64
"""Black between two cells: whoever stands at the edge of one does not grow together with the next."""


@dataclass(frozen=True, slots=True)
class MosaicLayout:
    """A grid of equally large cells with gutters between them, filled row by row from the top left.

    What is drawn and what is read back go by the same layout. A single cell is the whole picture.

    Raises:
        InvalidInput: a side of less than one cell, or a cell without a pixel.
    """

    rows: int
    cols: int
    cell_width_px: int
    cell_height_px: int
    gutter_px: int = GUTTER_PX

    def __post_init__(self) -> None:
        """Refuse grids that nothing can be drawn into."""
        if self.rows < 1 or self.cols < 1:
            raise InvalidInput(
                f"a mosaic needs at least one row and one column, got {self.rows} x {self.cols}"
            )
        if self.cell_width_px < 1 or self.cell_height_px < 1 or self.gutter_px < 0:
            raise InvalidInput(
                f"cells of {self.cell_width_px} x {self.cell_height_px} pixels, {self.gutter_px} apart"
            )

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.rows * self.cols

    @property
    def width_px(self) -> int:
        """Width of the whole mosaic."""
        return self.cols * self._pitch_px[0] - self.gutter_px

    @property
    def height_px(self) -> int:
        """Height of the whole mosaic."""
        return self.rows * self._pitch_px[1] - self.gutter_px

    def cell_px(self, index: int) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom of a cell in pixels of the mosaic.

        Raises:
            InvalidInput: the grid has no such cell.
        """
        if not 0 <= index < self.size:
            raise InvalidInput(f"cell {index} of a mosaic of {self.size}")
        row, col = divmod(index, self.cols)
        left, top = col * self._pitch_px[0], row * self._pitch_px[1]
        return left, top, left + self.cell_width_px, top + self.cell_height_px

    @property
    def _pitch_px(self) -> tuple[int, int]:
        """From one cell to the next, across and down."""
        return self.cell_width_px + self.gutter_px, self.cell_height_px + self.gutter_px


def split(detections: Detections, layout: MosaicLayout, count: int) -> list[Detections]:
    """Give each of the first `count` cells its own detections, relative to the cell.

    A box belongs to the cell its centre lies in and is clipped to that cell; centres in a gutter or outside
    the picture and boxes in cells that hold no frame are dropped.
    """
    boxes_px = detections.boxes_rel * np.tile([layout.width_px, layout.height_px], 2)
    centers_px = (boxes_px[:, :2] + boxes_px[:, 2:]) / 2.0
    grid = np.array([layout.cols, layout.rows])
    cell_px = np.array([layout.cell_width_px, layout.cell_height_px])
    pitch_px = cell_px + layout.gutter_px
    cells = np.clip(centers_px // pitch_px, 0, grid - 1)
    origin_px = cells * pitch_px
    is_in_cell = ((centers_px >= origin_px) & (centers_px <= origin_px + cell_px)).all(axis=1)
    indices = np.where(is_in_cell, cells[:, 1] * layout.cols + cells[:, 0], -1)
    within = ((boxes_px - np.tile(origin_px, 2)) / np.tile(cell_px, 2)).clip(0.0, 1.0)
    return [Detections(within[indices == i], detections.scores[indices == i]) for i in range(count)]
