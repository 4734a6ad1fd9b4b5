"""`hypersight export`."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hypersight.database import opened_store
from hypersight_core.errors import InvalidInput
from hypersight_core.settings import Settings
from hypersight_core.store.export import TABLES, Target, days_between, export_day


class ExportCommand:
    """Events and observations as files."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings, self._console = settings, console

    def export(
        self,
        *,
        from_: Annotated[str, Parameter(name="--from")],
        to: str,
        format: Literal["parquet", "csv"] = "parquet",  # noqa: A002 - the option's name
        out: str = "",
    ) -> None:
        """Write events and observations as files, one a day of UTC; days written before are replaced.

        Args:
            from_: first day, for example 2026-03-01.
            to: last day.
            format: parquet or csv.
            out: a folder, or an address fsspec knows, such as s3://bucket/path; left out: `export` in var.
        """
        target = Target(out or self._settings.export_url or str(self._settings.var_dir / "export"), format)
        days = days_between(_day(from_), _day(to))
        rows = dict.fromkeys(TABLES, 0)
        bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=self._console, transient=True,
        )  # fmt: skip
        with opened_store(self._settings) as store, bar:
            task = bar.add_task("days", total=len(days))
            for day in days:
                for table in TABLES:
                    rows[table] += export_day(store, target, table, day)
                bar.advance(task)
        where = target.url if "://" in target.url else str(Path(target.url).absolute())
        counted = ", ".join(f"{count} {table}" for table, count in rows.items())
        self._console.print(f"{counted} in {where}", soft_wrap=True)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"a day is written 2026-03-01, not {text!r}") from error
