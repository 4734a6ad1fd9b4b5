"""A detector of the white square that `tests.clips` films show."""

import numpy as np

from hypersight_core.domain.detections import Detections
from hypersight_core.errors import DetectorUnavailable
from hypersight_core.video.jpeg import decode_jpeg

WHITE = 200
MIN_WHITE_PX = 100


class SquareFinder:
    """Finds bright rectangles; fails while `is_away`, and remembers how often it was asked."""

    def __init__(self) -> None:
        self.is_away = False
        self.calls = 0

    def detect(self, jpeg: bytes) -> Detections:
        self.calls += 1
        if self.is_away:
            raise DetectorUnavailable("away, as the test wants it")
        bright = decode_jpeg(jpeg).min(axis=2) > WHITE
        if bright.sum() < MIN_WHITE_PX:
            return Detections.none()
        rows, cols = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
        height, width = bright.shape
        box = [cols[0] / width, rows[0] / height, (cols[-1] + 1) / width, (rows[-1] + 1) / height]
        return Detections(np.array([box]), np.array([0.9]))


def squares(jpeg: bytes) -> list[list[float]]:
    """Answer as an external detector of persons does."""
    found = SquareFinder().detect(jpeg)
    return [
        [*box.tolist(), score, 0] for box, score in zip(found.boxes_rel, found.scores.tolist(), strict=True)
    ]
