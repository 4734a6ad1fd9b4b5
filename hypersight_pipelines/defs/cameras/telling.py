"""What of all that is known is told to Dagster's event log, which has to stay small."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from hypersight_core.domain.health import CameraHealth

CAMERAS_A_MINUTE = 60
"""Beyond so many cameras take turns: an entry of the log costs 16 ms and 2.4 kB."""
CHECK_AGAIN_S = 600.0
"""A check that comes to the same is written as seldom."""


class Told(msgspec.Struct, frozen=True):
    """What was said last, and when (seconds since 1970)."""

    at_s: float
    what: str


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What the sensor remembers from one tick to the next."""

    cameras: Mapping[str, Told] = {}
    """By partition."""
    checks: Mapping[str, Told] = {}
    """By name."""

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()


def remembered(cursor: str | None) -> Memory:
    """Read a cursor; one of another version is forgotten."""
    try:
        return msgspec.json.decode(cursor, type=Memory) if cursor else Memory()
    except msgspec.DecodeError:
        return Memory()


def gist(one: CameraHealth) -> str:
    """Return what of a camera's health is told out of turn when it changes."""
    return f"{one.state} {one.run_id} {one.config} {one.is_edit_waiting}"


def worth_telling(cameras: Mapping[str, CameraHealth], before: Mapping[str, Told]) -> Sequence[str]:
    """Return the partitions to be told of in this minute: what changed, then whose turn it is.

    Cameras that nobody wants watched are told of when that changes.
    """
    asked = []
    for key, one in cameras.items():
        last = before.get(key)
        has_changed = last is None or last.what != gist(one)
        if has_changed or one.is_wanted:
            asked.append((not has_changed, last.at_s if last else 0.0, key))
    return [key for _, _, key in sorted(asked)[:CAMERAS_A_MINUTE]]


def is_due(before: Told | None, what: str, now: datetime) -> bool:
    """Whether a check is written again: it comes to something else, or time has passed."""
    return before is None or before.what != what or now.timestamp() - before.at_s >= CHECK_AGAIN_S
