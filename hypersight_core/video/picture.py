"""A decoded frame and its way to pixels."""

import threading
from dataclasses import dataclass
from datetime import datetime

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from hypersight_core.domain.privacy import Veil
from hypersight_core.video.veiling import hide

Pixels = NDArray[np.uint8]
"""Shape `(height, width, 3)`, BGR."""


class _Converters(threading.local):
    """One converter per thread: they keep state and are not safe to share."""

    def __init__(self) -> None:
        self.reformatter = VideoReformatter()


_converters = _Converters()


@dataclass(frozen=True, slots=True)
class Picture:
    """One sampled frame; may be handed to other threads."""

    at: datetime
    """The stream's own time, aware UTC."""
    decoded: av.VideoFrame
    veil: Veil | None = None
    """What nobody may see of it; None: everything may be seen."""

    @property
    def width_px(self) -> int:
        """Width of the frame as it was sent."""
        return self.decoded.width

    @property
    def height_px(self) -> int:
        """Height of the frame as it was sent."""
        return self.decoded.height

    def to_bgr(self, width_px: int | None = None, height_px: int | None = None) -> Pixels:
        """Return the whole picture, stretched to `width_px` x `height_px`: shape `(height, width, 3)`, BGR.

        Scaling and colours are one pass; each call costs one. What is veiled is hidden.
        """
        pixels = self._scaled(width_px or self.width_px, height_px or self.height_px, "bgr24")
        if self.veil is not None:
            hide(pixels, self.veil)
        return pixels

    def to_grey(self, width_px: int) -> Pixels:
        """Return the brightness, `width_px` wide in the picture's proportions: shape `(height, width)`."""
        return self._scaled(width_px, max(1, round(self.height_px * width_px / self.width_px)), "gray")

    def _scaled(self, width_px: int, height_px: int, pixel_format: str) -> Pixels:
        """Return a view of memory that belongs to the array alone."""
        scaled = _converters.reformatter.reformat(
            self.decoded, width_px, height_px, pixel_format, interpolation=Interpolation.AREA, threads=1
        )
        pixels: Pixels = scaled.to_ndarray().astype(np.uint8, copy=False)
        return pixels
