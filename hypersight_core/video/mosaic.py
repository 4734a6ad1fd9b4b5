"""Several pictures in one JPEG, for one detector call."""

import numpy as np

from hypersight_core.video.jpeg import USUAL_QUALITY, encode_jpeg
from hypersight_core.video.picture import Picture, Pixels


class MosaicCanvas:
    """A grid of cells, row by row; each holds a whole picture, stretched into it.

    So a place in the cell, as a share of its size, is the same place in the frame.
    """

    def __init__(self, rows: int, cols: int, cell_width_px: int, cell_height_px: int) -> None:
        self.rows, self.cols = rows, cols
        self.cell_width_px, self.cell_height_px = cell_width_px, cell_height_px
        self._pixels: Pixels = np.zeros((rows * cell_height_px, cols * cell_width_px, 3), np.uint8)

    @property
    def pixels(self) -> Pixels:
        """The canvas itself, shape `(rows * cell height, cols * cell width, 3)`, BGR; read only."""
        view = self._pixels.view()
        view.flags.writeable = False
        return view

    def put(self, index: int, picture: Picture) -> None:
        """Draw `picture` into the cell `index`, counted row by row from 0.

        Raises:
            IndexError: there is no such cell.
        """
        if not 0 <= index < self.rows * self.cols:
            raise IndexError(f"cell {index} of {self.rows} x {self.cols}")
        row, col = divmod(index, self.cols)
        top, left = row * self.cell_height_px, col * self.cell_width_px
        cell = self._pixels[top : top + self.cell_height_px, left : left + self.cell_width_px]
        cell[:] = picture.to_bgr(self.cell_width_px, self.cell_height_px)

    def clear(self) -> None:
        """Make every cell black."""
        self._pixels.fill(0)

    def jpeg(self, quality: int = USUAL_QUALITY) -> bytes:
        """Return the canvas as JPEG."""
        return encode_jpeg(self._pixels, quality)
