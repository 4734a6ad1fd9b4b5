"""Films that appear are counted, one after the other."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from hypersight_core.settings import Settings
from hypersight_pipelines.defs.recordings.assets import (
    RECORDING,
    count_recording,
    films,
    recordings_dir,
)
from hypersight_pipelines.defs.watchers.restarts import UNFINISHED
from hypersight_pipelines.defs.watchers.tags import KIND_TAG

SUFFIXES = frozenset({".mp4", ".mkv", ".mov", ".avi", ".ts", ".m4v", ".webm", ".mpg", ".mpeg", ".flv"})
SETTLED = timedelta(seconds=10)
"""A file that changed since is still being written."""
AT_ONCE = 1
"""Films counted at a time: live cameras come first."""


@dg.sensor(
    job=count_recording,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Makes a partition of each new film in var_dir/recordings/<camera_id>/ and counts it.",
)
def recordings_found(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.SensorResult:
    """Ask for the next film that was never asked for."""
    instance = context.instance
    busy = dg.RunsFilter(statuses=list(UNFINISHED), tags={KIND_TAG: RECORDING})
    if instance.get_runs_count(busy) >= AT_ONCE:
        return dg.SensorResult(skip_reason="a film is being counted")
    known = set(instance.get_dynamic_partitions(RECORDING))
    new = [key for key in settled_films(settings, datetime.now(UTC)) if key not in known][:AT_ONCE]
    if not new:
        return dg.SensorResult(skip_reason=f"no new film in {recordings_dir(settings)}/<camera_id>/")
    return dg.SensorResult(
        run_requests=[dg.RunRequest(partition_key=key, tags={KIND_TAG: RECORDING}) for key in new],
        dynamic_partitions_requests=[films.build_add_request(new)],
    )


def settled_films(settings: Settings, now: datetime) -> list[str]:
    """Return `<camera_id>/<file name>` of the films that are written to their end, sorted."""
    found = (path for path in recordings_dir(settings).glob("*/*") if path.suffix.lower() in SUFFIXES)
    return sorted(
        f"{path.parent.name}/{path.name}"
        for path in found
        if path.parent.name.isdecimal()
        and path.is_file()
        and path.stat().st_mtime < (now - SETTLED).timestamp()
    )
