"""Request and reply bodies for zones that are not saved yet."""

from datetime import datetime
from typing import Self

import msgspec

from hypersight_api.processors.schemas import Corner, Kind, Threshold, ZoneOut, Zones, drawn_zones
from hypersight_core.domain.cameras import Anchor, ProcessorSettings
from hypersight_core.domain.events import EventKind
from hypersight_core.processors.trial import Sighting, Trial


class ZonesQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Zones to be looked at."""

    zones: Zones


class ZoneProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a zone cannot be used."""

    zone: int
    """Its place in the list, from 0."""
    fault: str
    """`corners` (too few or too many), `outside`, `repeated`, `tiny`, `crossing`, or `form`."""
    message: str
    places: tuple[Corner, ...]
    """Where; of `crossing` the two edges, one after the other."""


class ZonesReport(msgspec.Struct, frozen=True, kw_only=True):
    """Zones in both forms, or what is wrong with them."""

    can_be_used: bool
    problems: tuple[ZoneProblem, ...]
    zones: tuple[ZoneOut, ...]
    """Those that can be used, by name."""
    text: str
    """The same in the field's form, without names."""


class TrialQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A processor to be tried."""

    kind: Kind
    zones: Zones = ""
    threshold: Threshold = 0.4
    anchor: Anchor = Anchor.CENTER

    def settings(self) -> ProcessorSettings:
        """Return it as the domain knows it.

        Raises:
            InvalidInput: it could never count.
        """
        values = msgspec.structs.asdict(self)
        return ProcessorSettings(**values | {"zones": drawn_zones(self.zones)})


class SightingOut(msgspec.Struct, frozen=True, kw_only=True):
    """Something that would have been counted."""

    ts: datetime
    kind: EventKind
    value: int
    zone: int
    """Its place in the list, from 0; -1: all together."""
    track_id: int
    place: Corner | None
    """Where on the picture the person was; null when not known."""

    @classmethod
    def of(cls, sighting: Sighting) -> Self:
        """Copy it."""
        event = sighting.event
        return cls(
            ts=event.ts,
            kind=event.kind,
            value=event.value,
            zone=event.zone,
            track_id=event.track_id,
            place=sighting.place_rel,
        )


class TrialReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a processor would have counted in the last minutes."""

    has_data: bool
    """False: nothing was watched in the last ten minutes."""
    start: datetime | None
    stop: datetime | None
    watched_s: float
    """Time between the two that was really watched."""
    frames: int
    entered: int
    left: int
    people_max: int
    people_mean: float | None
    """Of kinds that count who is there: on average over the time watched."""
    sightings: tuple[SightingOut, ...]
    """The newest of them, 500 at most."""
    text: str
    """The same in words."""

    @classmethod
    def of(cls, trial: Trial, text: str) -> Self:
        """Copy it."""
        return cls(
            has_data=trial.frames > 0,
            start=trial.from_at,
            stop=trial.to_at,
            watched_s=round(trial.watched_s, 3),
            frames=trial.frames,
            entered=trial.entered,
            left=trial.left,
            people_max=trial.people_max,
            people_mean=None if trial.people_mean is None else round(trial.people_mean, 3),
            sightings=tuple(map(SightingOut.of, trial.sightings[-MOST_SIGHTINGS:])),
            text=text,
        )


MOST_SIGHTINGS = 500
