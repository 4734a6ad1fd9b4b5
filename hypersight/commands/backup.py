"""`hypersight backup` and `restore`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from hypersight import backups
from hypersight.database import database
from hypersight_core.settings import Settings
from hypersight_core.store import schema


class BackupCommands:
    """Everything in the database: cameras, zones, events, observations, rollups, Dagster's runs."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings, self._console = settings, console

    def backup(self, file: Path | None = None) -> None:
        """Write the whole database to one file, while everything goes on.

        Args:
            file: its name; left out: `hypersight-<date>.dump` here.
        """
        target = file or Path(f"hypersight-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.dump")
        with database(self._settings) as url, self._progress() as report:
            size_bytes = backups.dump(url, target, pg_bin=self._settings.pg_bin, report=report)
        self._console.print(f"{target}: {size_bytes / 1e6:,.1f} MB")

    def restore(self, file: Path) -> None:
        """Fill an empty database from a file that `backup` wrote, and bring it to the newest schema.

        Args:
            file: what `hypersight backup` wrote, by this version or an older one.
        """
        with database(self._settings) as url, self._console.status("restoring"):
            backups.restore(url, file, pg_bin=self._settings.pg_bin)
            schema.upgrade(url)
        self._console.print(f"everything of {file} is back")

    @contextmanager
    def _progress(self) -> Iterator[backups.Report]:
        columns = (TextColumn("dumping"), DownloadColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task("", total=None)
            yield lambda done_bytes: progress.update(task, completed=done_bytes)
