"""What the outputs of known detector families mean: tensors in, boxes out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
CENTERNET_STRIDE = 4
CENTERNET_MAX_IOU = 0.7
YOLOX_STRIDES = (8, 16, 32)
BLAZEFACE_GRIDS = ((16, 2), (8, 6))
"""Cells a side and anchors a cell of the two feature maps."""


@dataclass(frozen=True, slots=True)
class Boxes:
    """Detections on one picture; row `i` of all three belongs to one."""

    corners_rel: Floats
    """Shape `(n, 4)`: x_min, y_min, x_max, y_max in [0, 1] of the network's input."""
    scores: Floats
    """Shape `(n,)`, probability in [0, 1]."""
    classes: NDArray[np.int64]
    """Shape `(n,)`."""

    def take(self, keep: NDArray[Any]) -> "Boxes":
        """Return the rows that a mask or an index selects."""
        return Boxes(self.corners_rel[keep], self.scores[keep], self.classes[keep])


Layout = Callable[[Sequence[NDArray[Any]], int, float], list[Boxes]]
"""Called with outputs (batch first), the input's side in pixels, the least score; one `Boxes` a picture."""


def centernet(outputs: Sequence[NDArray[Any]], side_px: int, min_score: float) -> list[Boxes]:
    """Read heat maps whose 3×3 maxima are objects (Zhou et al., Objects as Points, 2019).

    `outputs`: scores `(n, classes, h, w)` after the sigmoid, and distances `(n, 4, h, w)` from the cell's
    corner to left, top, right and bottom of the box, in pixels of the input.
    """
    heat, distances = outputs
    return [_peaks(heat[one], distances[one], side_px, min_score) for one in range(len(heat))]


def _peaks(heat: Floats, distances: Floats, side_px: int, min_score: float) -> Boxes:
    classes, rows, cols = np.nonzero(heat >= min_score)
    scores = heat[classes, rows, cols]
    padded = np.pad(heat, ((0, 0), (1, 1), (1, 1)))
    around = np.max(
        [padded[classes, rows + dy, cols + dx] for dy in range(3) for dx in range(3)], axis=0, initial=0.0
    )
    keep = scores >= around
    classes, rows, cols, scores = classes[keep], rows[keep], cols[keep], scores[keep]
    left, top, right, bottom = distances[:, rows, cols]
    x, y = cols * CENTERNET_STRIDE, rows * CENTERNET_STRIDE
    corners = np.stack([x - left, y - top, x + right, y + bottom], axis=1) / side_px
    found = Boxes(_clipped(corners), scores, classes)
    # A person that fills the picture peaks in two neighbouring cells; its boxes are nearly the same.
    return found.take(suppressed(found, CENTERNET_MAX_IOU))


def yolox(outputs: Sequence[NDArray[Any]], side_px: int, min_score: float) -> list[Boxes]:
    """Read undecoded YOLOX rows (Ge et al., 2021): centre, size, objectness, class probabilities.

    `outputs`: one tensor `(n, cells, 5 + classes)`; cells of strides 8, 16 and 32, row by row; centres in
    cells from their own, sizes as logarithms of strides.
    """
    rows = outputs[0]
    cells, strides = _yolox_grid(side_px)
    centres = (rows[..., :2] + cells) * strides
    halves = np.exp(rows[..., 2:4]) * strides / 2
    corners = np.concatenate([centres - halves, centres + halves], axis=-1) / side_px
    scores = rows[..., 4:5] * rows[..., 5:]
    return [_best_class(corners[one], scores[one], min_score) for one in range(len(rows))]


def _yolox_grid(side_px: int) -> tuple[Floats, Floats]:
    cells, strides = [], []
    for stride in YOLOX_STRIDES:
        y, x = np.mgrid[: side_px // stride, : side_px // stride]
        cells.append(np.stack([x.ravel(), y.ravel()], axis=1))
        strides.append(np.full((x.size, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)


def _best_class(corners: Floats, scores: Floats, min_score: float) -> Boxes:
    classes = scores.argmax(axis=1)
    best = scores[np.arange(len(scores)), classes]
    found = Boxes(_clipped(corners), best, classes).take(best >= min_score)
    return found.take(suppressed(found, 0.45))


def blazeface(outputs: Sequence[NDArray[Any]], side_px: int, min_score: float) -> list[Boxes]:
    """Read BlazeFace's anchors (Bazarevsky et al., 2019): a logit and a box around each anchor's centre.

    `outputs`: logits `(n, anchors, 1)` and regressors `(n, anchors, 16)` of the fine grid, then of the coarse
    one, as logits, logits, regressors, regressors. The first four regressors are centre and size in pixels.
    """
    logits = np.concatenate(outputs[:2], axis=1)[..., 0]
    regressors = np.concatenate(outputs[2:], axis=1)
    centres = _anchors() + regressors[..., :2] / side_px
    halves = regressors[..., 2:4] / side_px / 2
    corners = np.concatenate([centres - halves, centres + halves], axis=-1)
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits, -80, 80)))
    faces = []
    for one in range(len(scores)):
        keep = scores[one] >= min_score
        found = Boxes(corners[one][keep], scores[one][keep], np.zeros(int(keep.sum()), np.int64))
        faces.append(found.take(suppressed(found, 0.3)))
    return faces


def _anchors() -> Floats:
    centres = []
    for side, per_cell in BLAZEFACE_GRIDS:
        y, x = (np.mgrid[:side, :side] + 0.5) / side
        centres.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), per_cell, axis=0))
    return np.concatenate(centres).astype(np.float32)


def suppressed(boxes: Boxes, max_iou: float) -> NDArray[np.int64]:
    """Return which boxes remain when each beats those of its class that overlap it more than `max_iou`."""
    order = np.argsort(-boxes.scores, kind="stable")
    kept: list[int] = []
    while len(order):
        best, order = int(order[0]), order[1:]
        kept.append(best)
        overlaps = _iou(boxes.corners_rel[best], boxes.corners_rel[order]) > max_iou
        order = order[~(overlaps & (boxes.classes[order] == boxes.classes[best]))]
    return np.array(kept, np.int64)


def _iou(one: Floats, others: Floats) -> Floats:
    low, high = np.maximum(one[:2], others[:, :2]), np.minimum(one[2:], others[:, 2:])
    shared: Floats = np.clip(high - low, 0, None).prod(axis=1)
    areas: Floats = (others[:, 2:] - others[:, :2]).prod(axis=1) + (one[2:] - one[:2]).prod()
    ratio: Floats = np.divide(shared, np.maximum(areas - shared, 1e-12), dtype=np.float32)
    return ratio


def _clipped(corners: NDArray[Any]) -> Floats:
    inside: Floats = np.clip(corners, 0.0, 1.0).astype(np.float32)
    return inside


LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {"centernet": centernet, "yolox": yolox, "blazeface": blazeface}
)
"""The output layouts that can be named in configuration."""
