"""What is drawn over a frame on the preview."""

from dataclasses import dataclass

from hypersight_core.domain.zones import Zone


@dataclass(frozen=True, slots=True)
class Mark:
    """One box to draw on the preview."""

    box_rel: tuple[float, float, float, float]
    label: str
    is_inside: bool


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a processor shows of itself on the preview of the frame it saw last."""

    marks: tuple[Mark, ...] = ()
    zones: tuple[Zone, ...] = ()
    caption: str = ""
    """For example `in 12 · out 9`."""
