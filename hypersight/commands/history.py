"""`hypersight history`."""

from rich.console import Console
from rich.progress import Progress

from hypersight import history
from hypersight.database import opened_store
from hypersight.downloading import download_progress
from hypersight_core.settings import Settings
from hypersight_core.store import rollups


class HistoryCommand:
    """Years of real counts, to look at charts with."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings, self._console = settings, console

    def history(
        self, *, sensor: tuple[str, ...] = history.SENSORS, every: bool = False, per_hour: int = 4
    ) -> None:
        """Load seven years of real hourly counts of pedestrians in Auckland, as cameras named `Replay: …`.

        No camera of yours saw them; `hypersight camera delete ID --purge` removes one.

        Args:
            sensor: a street; once for each.
            every: load all 21 sensors.
            per_hour: events an hour; each stands for the persons of its part of the hour.
        """
        with download_progress(self._console) as progress:
            counts = history.hourly_counts(self._settings.cache_dir, progress)
        wanted = counts if every else history.chosen(counts, sensor)
        with opened_store(self._settings) as store, Progress(console=self._console, transient=True) as bar:
            task = bar.add_task("loading history", total=len(wanted))
            written = history.load(
                store, wanted, history.Spread(per_hour=per_hour),
                lambda done, total: bar.update(task, completed=done, total=total),
            )  # fmt: skip
            bar.update(task, description="summing up", total=None)
            rollups.refresh(store)
        self._console.print(
            f"{written} events of replayed history loaded" if written else "it was loaded before"
        )
