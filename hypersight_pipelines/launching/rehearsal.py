"""Everything a watcher needs, loaded once, by doing once what a watcher does."""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
import httpx
from dagster._cli.api import _execute_run_command_body
from dagster._utils.interrupts import capture_interrupts

from hypersight_core.tls import tls_context
from hypersight_pipelines.definitions import defs

LATER = (
    "av.subtitles.stream",
    "dagster._core.utility_ops",
    "dagster._core.workspace.autodiscovery",
    "dagster._utils.test.definitions",
    "encodings.idna",
    "hypersight_core.watcher.watch",
)
"""Modules that a run would import only once it is under way."""


@dg.op
def breathe() -> None:
    """Do nothing."""


@dg.job(executor_def=dg.in_process_executor)
def rehearsal() -> None:
    """Hold the only step."""
    breathe()


@contextmanager
def rehearsed() -> Iterator[Callable[[str], int]]:
    """Yield what executes a run by its id and returns its exit code, with all that it needs in memory.

    The instance is shared by all children: it holds no connection to the database between two questions.
    """
    for name in LATER:
        importlib.import_module(name)
    httpx.Client(verify=tls_context()).close()
    defs.get_repository_def().load_all_definitions()
    with dg.DagsterInstance.ephemeral() as nowhere:
        rehearsal.execute_in_process(instance=nowhere)
    with dg.DagsterInstance.get() as instance:
        instance.get_runs(limit=1)

        def execute_run(run_id: str) -> int:
            """Do what the command `dagster api execute_run` does, by which containers start runs."""
            with capture_interrupts():
                return _execute_run_command_body(
                    run_id, instance, lambda _: None, set_exit_code_on_failure=True
                )

        yield execute_run
