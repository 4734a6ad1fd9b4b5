"""The kinds of processors: a new kind is one class and one line here."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from hypersight_core.domain.cameras import Camera, Processor
from hypersight_core.errors import InvalidInput
from hypersight_core.processors.faces import Faces
from hypersight_core.processors.interface import FrameProcessor, Maker, Services
from hypersight_core.processors.objects import Objects
from hypersight_core.processors.traffic import Traffic


class Measure(StrEnum):
    """What the saved events of a kind add up to."""

    TRAFFIC = "traffic"
    """Persons that passed: events of kinds enter, exit, cross_in and cross_out."""
    PRESENCE = "persons present"
    """A number of persons over time: events of kind count, a step function."""
    NOTHING = "nothing"
    """Nothing is saved."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of processor."""

    make: Maker
    """What makes a running processor, usually the class."""
    measure: Measure
    is_realtime: bool = False
    """Whether its results are worthless when late: it may leave frames out, and saves nothing."""


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "traffic": Kind(Traffic, Measure.TRAFFIC),
        "objects": Kind(Objects, Measure.PRESENCE),
        "faces": Kind(Faces, Measure.NOTHING, is_realtime=True),
    }
)


def kinds() -> tuple[str, ...]:
    """Return the names of all kinds."""
    return tuple(KINDS)


def measure_of(kind: str) -> Measure:
    """Return what a kind's events add up to; nothing for a kind that is not registered any more."""
    return KINDS[kind].measure if kind in KINDS else Measure.NOTHING


def is_realtime(kind: str) -> bool:
    """Say whether a kind's results are worthless when late."""
    return kind in KINDS and KINDS[kind].is_realtime


def make(camera: Camera, processor: Processor, services: Services) -> FrameProcessor:
    """Return a running processor.

    Raises:
        InvalidInput: there is no such kind.
    """
    if processor.kind not in KINDS:
        raise InvalidInput(f"processor kind {processor.kind!r} is none of: {', '.join(KINDS)}")
    return KINDS[processor.kind].make(camera, processor, services)
