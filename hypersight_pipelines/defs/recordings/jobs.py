"""Counters compared with people who counted the same film."""

from pathlib import Path

import dagster as dg
from pydantic import Field

from hypersight_core.domain.validation import TOLERANCE_S
from hypersight_core.errors import HypersightError
from hypersight_core.settings import Settings
from hypersight_core.store import watching
from hypersight_core.store.engine import Store
from hypersight_pipelines.defs.recordings.assets import FilmConfig
from hypersight_pipelines.defs.recordings.finder import object_finder


class ValidationConfig(FilmConfig):
    """A clip of a camera, and somebody else's count of it."""

    camera_id: int
    clip: str = Field(description="Path of the film")
    truth: str = Field(
        description="Path of a count by hand (CSV: time, direction, zone) or MOTChallenge ground truth"
    )
    tolerance_s: float = Field(default=TOLERANCE_S, description="Seconds by which times may differ")


@dg.op
def compare_with_truth(
    context: dg.OpExecutionContext,
    config: ValidationConfig,
    store: dg.ResourceParam[Store],
    settings: dg.ResourceParam[Settings],
) -> None:
    """Count the clip, compare, keep the comparison."""
    # Imported by the run only: the code server needs none of the video libraries.
    from hypersight_core.watcher.recording import film_of
    from hypersight_core.watcher.validation import AnnotatedClip, validate_and_keep

    try:
        with store.transaction() as tx:
            plan = watching.counting_plan(tx, config.camera_id)
        path = Path(config.clip)
        film = film_of(path, plan.camera, fps=config.source_fps or None)
        clip = AnnotatedClip(path, Path(config.truth), film, config.tolerance_s)
        with object_finder(settings) as finder:
            found = validate_and_keep(store, plan, finder, clip)
    except HypersightError as error:
        raise dg.Failure(f"nothing was compared: {error}", allow_retries=False) from error
    lines = ["| processor | true | counted | matched | precision | recall |", "| --- " * 6 + "|"]
    for one in found:
        tally = one.comparison.total
        lines.append(
            f"| {one.processor.processor_id} {one.processor.name} | {tally.truth} | {tally.counted} "
            f"| {tally.matched} | {tally.precision:.1%} | {tally.recall:.1%} |"
        )
    context.add_output_metadata({"comparison": dg.MetadataValue.md("\n".join(lines))})


@dg.job(
    executor_def=dg.in_process_executor,
    description="Counts a clip and compares with a count by hand; kept per processor, shown on the page.",
)
def validate_counting() -> None:
    """Hold the only step."""
    compare_with_truth()
