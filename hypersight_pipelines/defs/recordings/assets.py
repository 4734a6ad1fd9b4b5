"""Films in `var_dir/recordings/<camera_id>/`, one partition each, through the counters of their camera."""

from collections import Counter
from pathlib import Path

import dagster as dg
from pydantic import Field

from hypersight_core.errors import HypersightError
from hypersight_core.settings import Settings
from hypersight_core.store import watching
from hypersight_core.store.engine import Store
from hypersight_pipelines.defs.recordings.finder import object_finder
from hypersight_pipelines.defs.storage.assets import EVENTS

GROUP = "recordings"
RECORDING = "recording"
POOL = "films"
"""Limited to one run at a time in `deploy/dagster.yaml`."""
films = dg.DynamicPartitionsDefinition(name=RECORDING)


class FilmConfig(dg.Config):
    """What is known about a film better than the film says it itself."""

    source_fps: float = Field(default=0.0, description="The film's true frame rate; 0: what its header says")


def recordings_dir(settings: Settings) -> Path:
    """Return where films are looked for, in a folder per camera named by its number."""
    return settings.var_dir / "recordings"


@dg.asset(
    name=RECORDING,
    partitions_def=films,
    pool=POOL,
    group_name=GROUP,
    tags={"domain": GROUP},
    metadata={"counted into": EVENTS},
    description=(
        "A film in var_dir/recordings/<camera_id>/, counted like the camera's live stream. What it shows "
        "takes the place of what was stored for its stretch of time, so materializing it again is harmless: "
        "after an edit of the zones, choose partitions and materialize them (a backfill); they are "
        "counted one after the other."
    ),
)
def recording(
    context: dg.AssetExecutionContext,
    config: FilmConfig,
    store: dg.ResourceParam[Store],
    settings: dg.ResourceParam[Settings],
) -> dg.MaterializeResult[None]:
    """Count one film."""
    # Imported by the run only: the code server needs none of the video libraries.
    from hypersight_core.watcher.recording import film_of, store_recording

    camera_id, _, name = context.partition_key.partition("/")
    path = recordings_dir(settings) / camera_id / name
    try:
        with store.transaction() as tx:
            plan = watching.counting_plan(tx, int(camera_id))
        film = film_of(path, plan.camera, fps=config.source_fps or None)
        with object_finder(settings) as finder:
            records = store_recording(store, plan.reading(path.as_uri()), finder, film)
    except HypersightError as error:
        raise dg.Failure(f"{path.name} was not counted: {error}", allow_retries=False) from error
    kinds = Counter(event.kind.value for record in records for event in record.events)
    seen = [observation for record in records for observation in record.observations]
    return dg.MaterializeResult(
        metadata={
            "from": seen[0].from_at.isoformat() if seen else "nothing",
            "to": seen[-1].to_at.isoformat() if seen else "nothing",
            "frames_analysed": sum(one.frames_detected for one in seen),
            **{f"events_{kind}": count for kind, count in sorted(kinds.items())},
        }
    )


count_recording = dg.define_asset_job(
    "count_recording",
    selection=dg.AssetSelection.assets(RECORDING),
    executor_def=dg.in_process_executor,
    description="Counts a film in var_dir/recordings/<camera_id>/; launched by the sensor recordings_found.",
)
