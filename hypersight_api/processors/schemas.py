"""Request and reply bodies for processors."""

from typing import Annotated, Any, Self

import msgspec
from msgspec import UNSET, UnsetType

from hypersight_api.bodies import PLAIN_TEXT, Name
from hypersight_core.domain.cameras import Anchor, Processor, ProcessorSettings
from hypersight_core.domain.zones import Zone, parse_zones, refuse_tiny

Kind = Annotated[
    str, msgspec.Meta(max_length=50, pattern=PLAIN_TEXT, description="traffic, objects or faces")
]
Zones = Annotated[
    str | list[Any],
    msgspec.Meta(
        description="[[[x, y], …], …] as a list or as text, or [{name, corners}, …]; coordinates 0 to 1 of "
        "the frame; exactly two corners are a directed line"
    ),
]
Threshold = Annotated[float, msgspec.Meta(ge=0, le=1, description="Least detection confidence")]
Corner = tuple[float, float]


class ZoneOut(msgspec.Struct, frozen=True):
    """A polygon, or a directed line when it has exactly two corners."""

    name: str
    corners: tuple[Corner, ...]


class ProcessorOut(msgspec.Struct, frozen=True):
    """A calculation on a camera."""

    processor_id: int
    camera_id: int
    version: int
    kind: str
    name: str
    zones: tuple[ZoneOut, ...]
    threshold: float
    anchor: Anchor
    enabled: bool
    output_hls: bool
    best_view: bool
    """Of faces: the best view of each person once a second, instead of every face on every frame."""
    preview_url: str | None
    """Where its annotated preview plays while the camera is watched; made while somebody looks, or always
    with `output_hls`."""

    @classmethod
    def of(cls, processor: Processor) -> Self:
        """Copy a processor."""
        return cls(
            processor.processor_id,
            processor.camera_id,
            processor.version,
            processor.kind,
            processor.name,
            tuple(ZoneOut(zone.name, zone.corners_rel) for zone in processor.zones),
            processor.threshold,
            processor.anchor,
            processor.enabled,
            processor.output_hls,
            processor.best_view,
            preview_url(processor),
        )


class ProcessorIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new processor."""

    kind: Kind
    zones: Zones = ""
    threshold: Threshold = 0.4
    anchor: Anchor = Anchor.CENTER
    enabled: bool = True
    output_hls: bool = False
    best_view: bool = False
    name: Name = ""

    def settings(self) -> ProcessorSettings:
        """Return it as the domain knows it.

        Raises:
            InvalidInput: a value lies outside its range, or a zone is none.
        """
        values = msgspec.structs.asdict(self)
        return ProcessorSettings(**values | {"zones": drawn_zones(self.zones)})


class ProcessorChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to change of a processor; what is left out stays. Its kind stays for good."""

    zones: Zones | UnsetType = UNSET
    threshold: Threshold | UnsetType = UNSET
    anchor: Anchor | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    output_hls: bool | UnsetType = UNSET
    best_view: bool | UnsetType = UNSET
    name: Name | UnsetType = UNSET

    def applied_to(self, processor: Processor) -> ProcessorSettings:
        """Return the processor's settings after the change.

        Raises:
            InvalidInput: a value lies outside its range, or a zone is none.
        """
        given = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not UNSET}
        if self.zones is not UNSET:
            given["zones"] = drawn_zones(self.zones)
        values: dict[str, Any] = {name: getattr(processor, name) for name in ProcessorIn.__struct_fields__}
        return ProcessorSettings(**values | given)


def drawn_zones(zones: str | list[Any]) -> tuple[Zone, ...]:
    """Read zones as people draw them.

    Raises:
        InvalidInput: a zone in it means nothing, or is too small for anybody.
    """
    return tuple(refuse_tiny(zone) for zone in parse_zones(zones))


def preview_url(processor: Processor) -> str | None:
    """Return where a processor's preview plays; None while the processor is switched off."""
    return f"/videos/{processor.processor_id}/processed_stream.m3u8" if processor.enabled else None
