"""Persons found on one frame, as struct of arrays."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hypersight_core.errors import InvalidInput

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Detections:
    """Boxes with their scores; row `i` of both belongs to one detection.

    Raises:
        InvalidInput: shapes differ, a value is not finite, or a box is turned inside out.
    """

    boxes_rel: Floats
    """Shape `(n, 4)`: x_min, y_min, x_max, y_max in [0, 1] of the frame's width and height."""
    scores: Floats
    """Shape `(n,)`: probability in [0, 1]."""

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together."""
        boxes, scores = self.boxes_rel, self.scores
        if boxes.ndim != 2 or boxes.shape[1] != 4 or scores.shape != (len(boxes),):
            raise InvalidInput(f"boxes {boxes.shape} and scores {scores.shape} do not belong together")
        if not (np.isfinite(boxes).all() and np.isfinite(scores).all()):
            raise InvalidInput("a box or a score is not a finite number")
        if (boxes[:, 2:] < boxes[:, :2]).any():
            raise InvalidInput("a box ends before it starts")

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def none(cls) -> Self:
        """Return no detections at all."""
        return cls(np.zeros((0, 4)), np.zeros(0))

    def above(self, threshold: float) -> "Detections":
        """Return those with a score of at least `threshold`."""
        keep = self.scores >= threshold
        return Detections(self.boxes_rel[keep], self.scores[keep])
