"""What a processor is: one class per kind, fed frame by frame."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hypersight_core.domain.cameras import Camera, Processor
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.events import Event
from hypersight_core.domain.faces import FacesInFrame
from hypersight_core.domain.overlay import Overlay

Pixels = NDArray[np.uint8]
"""Shape `(height, width, 3)`, BGR."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One analysed frame."""

    at: datetime
    """The stream's own time, aware UTC."""
    width_px: int
    height_px: int
    pixels: Callable[[], Pixels]
    """Converts the whole frame on call; costs a colour conversion, so ask only when needed."""


@dataclass(frozen=True, slots=True)
class FoundFaces:
    """A face detector's answer: `boxes_px` in pixels of the posted crop."""

    boxes_px: Sequence[tuple[float, float, float, float]]
    scores: Sequence[float]


@dataclass(frozen=True, slots=True)
class Services:
    """What the world offers to processors; the watcher provides it."""

    find_faces: Callable[[bytes], FoundFaces]
    """Posts a JPEG crop to the face detector; raises DetectorUnavailable."""
    encode_jpeg: Callable[[Pixels], bytes]
    publish_faces: Callable[[FacesInFrame], None]
    """Broadcasts, never blocks, never stores."""


@dataclass(frozen=True, slots=True)
class SegmentStart:
    """Said before the first frame of a segment."""

    at: datetime
    is_continuous: bool
    """False after a gap or a jump of the stream's clock: nobody knows what happened between."""


class FrameProcessor(Protocol):
    """A running processor. Deterministic: the same calls after the same state give the same events."""

    def begin(self, start: SegmentStart) -> Sequence[Event]:
        """Begin a segment."""
        ...

    def update(self, frame: Frame, detections: Detections) -> Sequence[Event]:
        """Take in the persons found on the next frame; return what happened."""
        ...

    def reconfigure(self, processor: Processor) -> None:
        """Go on under an edited configuration; open visits of unchanged zones go on."""
        ...

    def state(self) -> Mapping[str, Any]:
        """Return JSON values from which `restore` makes an equal processor."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up where another processor of this kind left off."""
        ...

    def overlay(self) -> Overlay:
        """Return what to draw over the frame seen last."""
        ...

    def advice(self) -> str:
        """Return what an operator should change so that the figures get better; empty when nothing."""
        ...


Maker = Callable[[Camera, Processor, Services], FrameProcessor]
"""Makes a running processor; `hypersight_core.processors.registry` names one per kind."""
