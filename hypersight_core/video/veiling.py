"""Persons made unrecognizable: coarse blocks of one colour, in which no face can be made out.

Blocks rather than blur: a blur keeps what was there in part, and can be undone in part.
"""

import numpy as np
from numpy.typing import NDArray

from hypersight_core.domain.privacy import Veil

BLOCKS = 6
"""Blocks along the longer side of a box: a standing person's face is smaller than one."""
BLOCKS_OF_PICTURE = 16
"""Along the longer side of a picture that is hidden whole."""
LEAST_BLOCK_PX = 8
LOOKED_AT = 8
"""Rows and columns of a block whose mean it becomes: all of them would say no more and take longer."""


def hide(bgr: NDArray[np.uint8], veil: Veil) -> None:
    """Hide in `bgr`, shape `(height, width, 3)`, what `veil` says."""
    height, width = bgr.shape[:2]
    if veil.boxes_rel is None:
        _hide(bgr, (0, 0, width, height), -(-max(width, height) // BLOCKS_OF_PICTURE))
        return
    size = np.array([width, height, width, height])
    edges = np.clip(np.rint(veil.boxes_rel * size), 0, size).astype(int)
    for left, top, right, bottom in edges.tolist():
        if right > left and bottom > top:
            _hide(bgr, (left, top, right, bottom), -(-max(right - left, bottom - top) // BLOCKS))


def _hide(bgr: NDArray[np.uint8], box_px: tuple[int, int, int, int], block_px: int) -> None:
    """Fill the whole blocks that a box touches, each with its mean; blocks are counted from the corner."""
    side = max(block_px, LEAST_BLOCK_PX)
    rows = np.arange(box_px[1] // side, -(-box_px[3] // side)) * side
    columns = np.arange(box_px[0] // side, -(-box_px[2] // side)) * side
    within = (np.arange(LOOKED_AT) + 0.5) * side // LOOKED_AT
    ys = np.minimum((rows[:, np.newaxis] + within).ravel().astype(int), bgr.shape[0] - 1)
    xs = np.minimum((columns[:, np.newaxis] + within).ravel().astype(int), bgr.shape[1] - 1)
    looked_at = bgr[ys[:, np.newaxis], xs].reshape(len(rows), LOOKED_AT, len(columns), LOOKED_AT, 3)
    means = looked_at.mean(axis=(1, 3)).astype(np.uint8)
    region = bgr[rows[0] : rows[-1] + side, columns[0] : columns[-1] + side]
    wide = means.repeat(side, axis=1)[:, : region.shape[1]]
    for number, band in enumerate(wide):
        region[number * side : (number + 1) * side] = band
