"""`hypersight validate`."""

from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from hypersight.database import opened_store
from hypersight.detecting import object_detector_url
from hypersight_core.detection.client import ObjectDetector
from hypersight_core.domain.cameras import WatchPlan
from hypersight_core.domain.validation import TOLERANCE_S, Tally
from hypersight_core.errors import SetupFailed
from hypersight_core.settings import Settings
from hypersight_core.store import watching
from hypersight_core.store.engine import Store
from hypersight_core.watcher.recording import film_of
from hypersight_core.watcher.validation import AnnotatedClip, Validated, validate, validate_and_keep


class ValidateCommand:
    """Counters against people who counted."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings, self._console = settings, console

    def validate(  # noqa: PLR0913 - the options of a command line
        self,
        *,
        camera: int,
        clip: Path,
        truth: Path,
        start: datetime | None = None,
        source_fps: float | None = None,
        watch_fps: float | None = None,
        tolerance_s: float = TOLERANCE_S,
        picture: Path | None = None,
    ) -> None:
        """Count a clip of a camera and compare with somebody else's count of it.

        The camera's traffic processors count, at its rate and in its mosaics. Precision, recall, count error
        and a picture of the mistakes are kept per processor; the page and the API show them. Live figures
        are not touched.

        Args:
            camera: the camera that took the clip.
            clip: the film.
            truth: a count by hand (CSV with the columns time, direction, zone; a row a person) or
                MOTChallenge ground truth.
            start: when the first frame was taken; only for counts with times of day.
            source_fps: the film's true rate, where its header is wrong.
            watch_fps: try another rate than the camera's; nothing is kept then.
            tolerance_s: seconds by which a counted and a true passing may differ.
            picture: where to write the picture of the mistakes, too (JPEG); several processors: one each.
        """
        for file, what in ((clip, "clip"), (truth, "truth")):
            if not file.is_file():
                raise SetupFailed(f"there is no file {file}", hint=f"give --{what} the path of a file")
        with opened_store(self._settings) as store:
            with store.transaction() as tx:
                plan = watching.counting_plan(tx, camera)
            film = AnnotatedClip(
                clip, truth, film_of(clip, plan.camera, starts_at=start, fps=source_fps), tolerance_s
            )
            found = self._validated(store, plan, film, watch_fps)
        for one in found:
            self._console.print(_table(one))
            if picture is not None:
                self._console.print(f"mistakes: {_written(one, picture, is_only=len(found) == 1)}")
        if watch_fps is not None:
            self._console.print("not kept: tried with another rate than the camera's")

    def _validated(
        self, store: Store, plan: WatchPlan, clip: AnnotatedClip, watch_fps: float | None
    ) -> list[Validated]:
        columns = (SpinnerColumn(), TextColumn("{task.description}"))
        with (
            object_detector_url(self._settings, self._console) as url,
            closing(ObjectDetector.of(self._settings, url)) as finder,
            Progress(*columns, console=self._console, transient=True) as bar,
        ):
            task = bar.add_task("counting")

            def advance(seconds: float) -> None:
                bar.update(task, description=f"counting, {seconds:.0f} s done")

            if watch_fps is None:
                return validate_and_keep(store, plan, finder, clip, advance)
            tried = replace(plan, camera=replace(plan.camera, watch_fps=watch_fps))
            return validate(tried, finder, clip, advance)


def _written(one: Validated, picture: Path, *, is_only: bool) -> Path:
    path = picture if is_only else picture.with_stem(f"{picture.stem}-{one.processor.processor_id}")
    path.write_bytes(one.picture)
    return path


def _table(one: Validated) -> Table:
    processor, comparison = one.processor, one.comparison
    columns = ("zone", "way", "true", "counted", "matched", "precision", "recall", "error")
    table = Table(*columns, title=f"processor {processor.processor_id} {processor.name}".rstrip())
    for (zone, is_in), tally in comparison.tallies.items():
        table.add_row(processor.zones[zone].name or str(zone), "in" if is_in else "out", *_cells(tally))
    table.add_section()
    table.add_row("all", "", *_cells(comparison.total), style="bold")
    return table


def _cells(tally: Tally) -> tuple[str, ...]:
    error = "–" if tally.count_error is None else f"{tally.count_error:+.0%}"
    return (
        str(tally.truth), str(tally.counted), str(tally.matched),
        f"{tally.precision:.0%}", f"{tally.recall:.0%}", error,
    )  # fmt: skip
