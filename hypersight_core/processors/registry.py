"""The kinds of processors: a new kind is one class and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from hypersight_core.domain.cameras import Camera, Processor
from hypersight_core.errors import InvalidInput
from hypersight_core.processors.faces import Faces
from hypersight_core.processors.interface import FrameProcessor, Maker, Services
from hypersight_core.processors.objects import Objects
from hypersight_core.processors.traffic import Traffic

KINDS: Mapping[str, Maker] = MappingProxyType({"traffic": Traffic, "objects": Objects, "faces": Faces})
"""What makes a running processor of each kind."""

REALTIME_KINDS = frozenset({"faces"})
"""Kinds whose results are worthless when late: they save nothing and may leave frames out."""


def kinds() -> tuple[str, ...]:
    """Return the names of all kinds."""
    return tuple(KINDS)


def make(camera: Camera, processor: Processor, services: Services) -> FrameProcessor:
    """Return a running processor.

    Raises:
        InvalidInput: there is no such kind.
    """
    maker = KINDS.get(processor.kind)
    if maker is None:
        raise InvalidInput(f"processor kind {processor.kind!r} is none of: {', '.join(KINDS)}")
    return maker(camera, processor, services)
