"""Looking at zones, and trying them on what was detected in the last minutes."""

import threading
from datetime import datetime
from pathlib import Path

from hypersight_api.processors.schemas import ZoneOut
from hypersight_api.status.words import duration
from hypersight_api.zones.schemas import TrialReport, ZoneProblem, ZonesReport
from hypersight_core.domain.cameras import Camera, ProcessorSettings
from hypersight_core.domain.zones import Zone, parse_zone, refuse_tiny, zone_values, zones_text
from hypersight_core.errors import InvalidInput, UnusableZone
from hypersight_core.processors.registry import Measure, measure_of
from hypersight_core.processors.trial import Trial, tried
from hypersight_core.redaction import redacted
from hypersight_core.store.recent import recent_segments

NOTHING_WATCHED = (
    "Nothing to try it on: this camera was not watched in the last ten minutes. Switch on the camera and a "
    "processor, wait a minute, and try again"
)
_one_at_a_time = threading.Lock()
"""A trial is a second or two of computing; several at once would make every answer late."""


def checked(value: object) -> ZonesReport:
    """Look at every zone by itself.

    Raises:
        InvalidInput: it is no list of zones at all.
    """
    good: list[Zone] = []
    problems: list[ZoneProblem] = []
    for index, one in enumerate(zone_values(value)):
        try:
            good.append(refuse_tiny(parse_zone(one)))
        except UnusableZone as error:
            problems.append(
                ZoneProblem(zone=index, fault=error.fault, message=str(error), places=error.places_rel)
            )
        except InvalidInput as error:
            problems.append(ZoneProblem(zone=index, fault="form", message=str(error), places=()))
    return ZonesReport(
        can_be_used=not problems,
        problems=tuple(problems),
        zones=tuple(ZoneOut(zone.name, zone.corners_rel) for zone in good),
        text=zones_text(good),
    )


def trial(var_dir: Path, camera: Camera, settings: ProcessorSettings, now: datetime) -> TrialReport:
    """Say what a processor would have counted.

    Raises:
        InvalidInput: a processor of this kind cannot be tried.
    """
    with _one_at_a_time:
        segments = recent_segments(var_dir, camera.camera_id, redacted(camera.stream_url), now)
        found = tried(camera, settings, segments)
    return TrialReport.of(found, _words(found, settings.kind))


def _words(found: Trial, kind: str) -> str:
    if not found.frames:
        return NOTHING_WATCHED
    over = f"in {duration(round(found.watched_s))} watched"
    if measure_of(kind) is Measure.PRESENCE:
        mean = 0.0 if found.people_mean is None else found.people_mean
        noun = "person" if found.people_max == 1 else "persons"
        return f"{found.people_max} {noun} at most, {mean:.1f} on average, {over}"
    return f"{found.entered} in, {found.left} out, {over}"
