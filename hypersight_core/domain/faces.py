"""Faces in view: what is broadcast for one frame, and never stored."""

from dataclasses import dataclass
from datetime import datetime

Box = tuple[float, float, float, float]
"""x_min, y_min, x_max, y_max."""


@dataclass(frozen=True, slots=True)
class Face:
    """One face on a frame."""

    box_px: Box
    """In pixels of the frame."""
    score: float
    jpeg: bytes
    """The face cut out of the frame."""


@dataclass(frozen=True, slots=True)
class FacesInFrame:
    """All faces of one frame."""

    camera_id: int
    camera_url: str
    """Without user:password."""
    frame_at: datetime
    faces: tuple[Face, ...]
