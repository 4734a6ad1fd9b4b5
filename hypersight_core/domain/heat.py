"""Where people were: time by cell of a coarse grid over the frame, of nobody in particular."""

from collections import Counter
from datetime import UTC, datetime

import numpy as np

from hypersight_core.domain.cells import COLUMNS, ROWS, CellTime
from hypersight_core.domain.detections import Detections


class HeatTally:
    """Adds up frame by frame where the feet of the detected persons are; knows no tracks, so no ways."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._frames: Counter[tuple[datetime, int]] = Counter()

    def add(self, at: datetime, detections: Detections) -> None:
        """Take in the persons found on one frame."""
        hour_at = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        boxes = detections.above(self._threshold).boxes_rel
        columns = np.clip((boxes[:, 0] + boxes[:, 2]) / 2 * COLUMNS, 0, COLUMNS - 1).astype(int)
        rows = np.clip(boxes[:, 3] * ROWS, 0, ROWS - 1).astype(int)
        self._frames.update((hour_at, cell) for cell in (rows * COLUMNS + columns).tolist())

    def cells(self, frame_s: float) -> tuple[CellTime, ...]:
        """Return what was added up, in order.

        Args:
            frame_s: for how long each frame stands.
        """
        return tuple(
            CellTime(hour_at=hour_at, cell=cell, person_ms=round(count * frame_s * 1000))
            for (hour_at, cell), count in sorted(self._frames.items())
        )
