"""Several pictures in one JPEG, for one detector call."""

import numpy as np

from hypersight_core.domain.mosaic import MosaicLayout
from hypersight_core.video.jpeg import USUAL_QUALITY, encode_jpeg
from hypersight_core.video.picture import Picture, Pixels


class MosaicCanvas:
    """The picture of a mosaic; each cell holds a whole frame, stretched into it.

    So a place in the cell, as a share of its size, is the same place in the frame.
    """

    def __init__(self, layout: MosaicLayout) -> None:
        self.layout = layout
        self._pixels: Pixels = np.zeros((layout.height_px, layout.width_px, 3), np.uint8)

    @property
    def pixels(self) -> Pixels:
        """The canvas itself, shape `(height, width, 3)`, BGR; read only."""
        view = self._pixels.view()
        view.flags.writeable = False
        return view

    def put(self, index: int, picture: Picture) -> None:
        """Draw `picture` into the cell `index`, counted row by row from 0.

        Raises:
            InvalidInput: there is no such cell.
        """
        left, top, right, bottom = self.layout.cell_px(index)
        # PyAV scales into memory of its own only; `to_bgr` is a view of that, so this copy is the only one.
        self._pixels[top:bottom, left:right] = picture.to_bgr(right - left, bottom - top)

    def clear(self, first: int = 0) -> None:
        """Make the cells from `first` on black."""
        for index in range(first, self.layout.size):
            left, top, right, bottom = self.layout.cell_px(index)
            self._pixels[top:bottom, left:right] = 0

    def jpeg(self, quality: int = USUAL_QUALITY) -> bytes:
        """Return the canvas as JPEG."""
        return encode_jpeg(self._pixels, quality)
