"""A progress bar for downloads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

Report = Callable[[str, int, int | None], None]
"""Called with what is loaded, bytes so far, and bytes in all (None: not known)."""


@contextmanager
def download_progress(console: Console) -> Iterator[Report]:
    """Yield a callback that draws one bar a download; nothing is drawn when all is cached."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console, transient=not console.is_terminal) as progress:
        tasks: dict[str, TaskID] = {}

        def report(label: str, done_bytes: int, total_bytes: int | None) -> None:
            if label not in tasks:
                tasks[label] = progress.add_task(label, total=total_bytes)
            progress.update(tasks[label], completed=done_bytes, total=total_bytes)

        yield report
