"""Several API processes on one port, kept alive by uvicorn."""

import os
import shutil
import socket
from collections.abc import MutableMapping
from pathlib import Path

import uvicorn
from prometheus_client import multiprocess
from uvicorn.supervisors import Multiprocess

FIGURES_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where the Prometheus client of each process keeps its figures, so that any of them can tell all."""


class Workers(Multiprocess):
    """Starts the processes, replaces those that die or hang, and ends them in time."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], *, exit_within_s: float) -> None:
        super().__init__(config, sockets)
        self._exit_within_s = exit_within_s

    def keep_subprocess_alive(self) -> None:
        """Replace what died; its clients count no more."""
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]

    def join_all(self) -> None:
        """Wait for all, but not for one that hangs."""
        for process in self.processes:
            process.process.join(self._exit_within_s)
            process.process.kill()
            process.process.join()


def share_figures(environ: MutableMapping[str, str], var_dir: Path) -> None:
    """Make processes started from here keep their figures where all can read them.

    Raises:
        OSError: the folder cannot be made.
    """
    folder = var_dir / "api-figures"
    shutil.rmtree(folder, ignore_errors=True)  # those of an earlier start count no more
    folder.mkdir(parents=True)
    environ[FIGURES_VARIABLE] = str(folder)


def figures_folder() -> str | None:
    """Return where processes share figures; None: this one is alone."""
    return os.environ.get(FIGURES_VARIABLE)  # noqa: TID251 - the Prometheus client's own switch
