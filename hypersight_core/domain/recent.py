"""Where persons were in the last minutes: what a candidate zone is tried on. Positions only, no pictures."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from hypersight_core.domain.detections import Detections


@dataclass(frozen=True, slots=True)
class RecentFrame:
    """What the detector found on one frame."""

    at: datetime
    width_px: int
    height_px: int
    rows: tuple[tuple[float, float, float, float, float], ...]
    """x_min, y_min, x_max, y_max in [0, 1] of the frame, and the score."""

    @classmethod
    def of(cls, at: datetime, width_px: int, height_px: int, found: Detections) -> "RecentFrame":
        """Copy what was found."""
        rows = np.column_stack([found.boxes_rel, found.scores]).tolist()
        return cls(at, width_px, height_px, tuple(tuple(row) for row in rows))

    def detections(self) -> Detections:
        """Return them as processors take them in."""
        if not self.rows:
            return Detections.none()
        table = np.array(self.rows)
        return Detections(table[:, :4], table[:, 4])


@dataclass(frozen=True, slots=True)
class RecentSegment:
    """The frames of one segment that were analysed."""

    scene: str
    """The stream they are from, without secrets."""
    start_at: datetime
    stop_at: datetime
    is_continuous: bool
    frames_wanted: int
    frames: tuple[RecentFrame, ...]
