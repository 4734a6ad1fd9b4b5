"""When people are told that a camera is not watched: once an outage, and once when it is over.

An outage that is over within the grace period is told to nobody; one that seems over must stay so for a
while, so that a camera that comes and goes makes one outage and not many.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

LONGEST_SETTLING = timedelta(seconds=30)
"""How long a camera must be well until its outage counts as over; the grace period where that is shorter."""


class Condition(StrEnum):
    """What matters about a camera to somebody who is told of it."""

    WATCHING = "watching"
    DOWN = "down"
    """The camera does not answer, or nobody watches it."""
    DETECTOR_AWAY = "detector_away"
    FAILED = "failed"
    """Its watchers end badly again and again."""
    SWITCHED_OFF = "switched_off"
    """Nobody wants it to be watched."""


class Ending(StrEnum):
    """How an outage ends."""

    RECOVERED = "recovered"
    SWITCHED_OFF = "switched_off"


_CONDITIONS: Mapping[str, Condition] = {
    "watching": Condition.WATCHING,
    "detector_away": Condition.DETECTOR_AWAY,
    "failed": Condition.FAILED,
}


@dataclass(frozen=True, slots=True)
class Plight:
    """How one camera is now."""

    camera_id: int
    condition: Condition
    reason: str = ""
    """For people; empty when it is well."""

    @classmethod
    def of(cls, camera_id: int, state: str, *, is_wanted: bool, reason: str) -> "Plight":
        """Judge a camera by its state, a key of `health.LIVE_STATES` or `health.IDLE_STATES`."""
        if not is_wanted:
            return cls(camera_id, Condition.SWITCHED_OFF)
        condition = _CONDITIONS.get(state, Condition.DOWN)
        return cls(camera_id, condition, "" if condition is Condition.WATCHING else reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which a camera should have been watched and was not."""

    outage_id: int = 0
    """0: not stored yet."""
    camera_id: int
    condition: Condition
    reason: str
    began_at: datetime
    well_since: datetime | None = None
    told_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: Ending | None = None


@dataclass(slots=True)
class Turns:
    """What has changed about outages; each one is in one list at most."""

    begun: list[Outage] = field(default_factory=list)
    changed: list[Outage] = field(default_factory=list)
    """Still open, nothing to be told."""
    told: list[Outage] = field(default_factory=list)
    """To be told from now on."""
    ended: list[Outage] = field(default_factory=list)
    """Were told, and are over."""
    forgotten: list[Outage] = field(default_factory=list)
    """Over before anybody was told."""


def turns(plights: Iterable[Plight], outages: Iterable[Outage], now: datetime, grace: timedelta) -> Turns:
    """Compare how cameras are with the outages that are open.

    Args:
        outages: the open ones; those of cameras without a plight end, since the camera is gone.
        grace: how long an outage must last until people are told.
    """
    by_camera = {one.camera_id: one for one in plights}
    found, is_open = Turns(), set()
    for outage in outages:
        is_open.add(outage.camera_id)
        gone = Plight(outage.camera_id, Condition.SWITCHED_OFF)
        _go_on(outage, by_camera.get(outage.camera_id, gone), now, grace, found)
    for one in by_camera.values():
        if one.camera_id not in is_open and one.condition not in {Condition.WATCHING, Condition.SWITCHED_OFF}:
            begun = Outage(camera_id=one.camera_id, condition=one.condition, reason=one.reason, began_at=now)
            found.begun.append(begun)
    return found


def _go_on(outage: Outage, plight: Plight, now: datetime, grace: timedelta, found: Turns) -> None:
    if plight.condition is Condition.SWITCHED_OFF:
        _end(replace(outage, ended_at=now, ended_by=Ending.SWITCHED_OFF), found)
    elif plight.condition is Condition.WATCHING:
        since = outage.well_since or now
        if outage.told_at is None or now - since >= min(grace, LONGEST_SETTLING):
            _end(replace(outage, well_since=since, ended_at=since, ended_by=Ending.RECOVERED), found)
        elif outage.well_since is None:
            found.changed.append(replace(outage, well_since=since))
    else:
        fresh = replace(outage, condition=plight.condition, reason=plight.reason, well_since=None)
        if outage.told_at is None and now - outage.began_at >= grace:
            found.told.append(replace(fresh, told_at=now))
        elif fresh != outage:
            found.changed.append(fresh)


def _end(outage: Outage, found: Turns) -> None:
    (found.forgotten if outage.told_at is None else found.ended).append(outage)
