"""A camera with two weeks behind it: busy noons, quiet nights, and times when nobody looked."""

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from hypersight_core.domain.cells import COLUMNS, ROWS, CellTime
from hypersight_core.domain.events import NO_TRACK, NO_ZONE, Event, EventKind, Observation, Reason
from hypersight_core.domain.zones import Zone
from hypersight_core.store import cameras, heat, processors, watching
from hypersight_core.store.engine import Store
from tests.builders import camera_settings, processor_settings

DAYS = 15
HOUR = timedelta(hours=1)
HALL = Zone(((0.2, 0.3), (0.8, 0.3), (0.8, 0.9), (0.2, 0.9)), "hall")
DOWN_HOURS, UNKNOWN_HOURS, HALF_HOURS = (20, 19, 18), (60, 61, 62, 63), (9,)
"""Hours before now: the camera was away, nobody watched at all, and half of the frames were detected."""


def a_camera_with_a_past(store: Store, now: datetime) -> int:
    """Add the camera, disabled, with a processor of each counting kind; return its number."""
    chance = random.Random(7)
    this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    with store.transaction() as tx:
        added = cameras.create_camera(
            tx, camera_settings(name="Station hall", enabled=False, time_zone="Europe/Paris")
        )
        traffic = processors.create_processor(
            tx, added.camera_id, processor_settings(name="Through the hall", zones=(HALL,))
        )
        people = processors.create_processor(
            tx, added.camera_id, processor_settings(kind="objects", name="In the hall", zones=(HALL,))
        )
    for ago in range(DAYS * 24, 0, -1):
        hour_at = this_hour - ago * HOUR
        is_seen = ago not in DOWN_HOURS and ago not in UNKNOWN_HOURS
        events = list(_hour(chance, hour_at, traffic.processor_id, people.processor_id)) if is_seen else []
        with store.transaction() as tx:
            watching.add_events(tx, events)
            if ago not in UNKNOWN_HOURS:
                watching.add_observations(tx, [_observation(added.camera_id, hour_at, ago)])
            heat.add_cells(tx, added.camera_id, list(_cells(chance, hour_at)) if is_seen else [])
    return added.camera_id


def _busyness(at: datetime) -> float:
    """Return persons an hour: most at half past one, hardly any at night, fewer on Sundays."""
    of_day = math.exp(-(((at.hour + at.minute / 60 - 12.5) / 4.5) ** 2))
    return (6 + 150 * of_day) * (0.5 if at.weekday() == 6 else 1.0)


def _hour(chance: random.Random, hour_at: datetime, traffic_id: int, people_id: int) -> Iterator[Event]:
    changes = []
    for number in range(round(_busyness(hour_at) * chance.uniform(0.8, 1.2))):
        came_s, stayed_s = chance.uniform(0, 3500), min(chance.lognormvariate(3.2, 0.9), 900.0)
        track = int(hour_at.timestamp()) + number
        came_at = hour_at + timedelta(seconds=came_s)
        left_at = came_at + timedelta(seconds=stayed_s)
        yield Event(
            processor_id=traffic_id, ts=came_at, kind=EventKind.ENTER, zone=0, track_id=track
        )  # fmt: skip
        yield Event(
            processor_id=traffic_id, ts=left_at, kind=EventKind.EXIT, zone=0, track_id=track,
            dwell_s=round(stayed_s, 3),
        )  # fmt: skip
        changes += [(came_at, 1), (left_at, -1)]
    present = 0
    counts = [(hour_at, 0)]
    for at, change in sorted(changes):
        present += change
        counts.append((at, present))
    for at, value in counts:
        yield Event(
            processor_id=people_id, ts=at, kind=EventKind.COUNT, value=value, zone=NO_ZONE, track_id=NO_TRACK
        )  # fmt: skip


def _observation(camera_id: int, hour_at: datetime, ago: int) -> Observation:
    detected = {True: 0, False: 7200}[ago in DOWN_HOURS] // (2 if ago in HALF_HOURS else 1)
    reason = Reason.STREAM_DOWN if ago in DOWN_HOURS else Reason.DETECTOR_ERROR if ago in HALF_HOURS else None
    return Observation(
        camera_id=camera_id, from_at=hour_at, to_at=hour_at + HOUR, frames_wanted=7200,
        frames_detected=detected, reason=reason,
    )  # fmt: skip


def _cells(chance: random.Random, hour_at: datetime) -> Iterator[CellTime]:
    """Yield a way through the hall, and a place where people wait."""
    for column in range(6, 27):
        for row in (9, 10, 11):
            person_ms = round(1000 * _busyness(hour_at) * chance.uniform(0.2, 0.6))
            yield CellTime(
                hour_at=hour_at, cell=(row + column // 9) % ROWS * COLUMNS + column, person_ms=person_ms
            )
    waiting_ms = round(2500 * _busyness(hour_at))
    yield CellTime(hour_at=hour_at, cell=6 * COLUMNS + 20, person_ms=waiting_ms)
