"""Starts watchers by forking; named in `dagster.yaml` as `run_launcher`."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import dagster as dg
import msgspec
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._serdes import ConfigurableClassData

from hypersight_core.store.process_identity import ProcessName
from hypersight_pipelines.defs.watchers.tags import KIND_TAG, PROCESS_TAG, WATCHER, camera_id_of, process_of
from hypersight_pipelines.launching.calls import Answer, Fork, Interrupt, Look, ask

NURSERY_BACK_WITHIN_S = 5.0
"""How long a launch waits for a nursery that is being started again."""
RETRY_S = 0.2


class ForkingRunLauncher(DefaultRunLauncher):
    """Forks watchers from the nursery; every other run goes the way of Dagster's default launcher.

    So does a watcher when there is no nursery: it then starts later and takes more memory, but it starts.

    Args:
        socket_path: where the nursery listens.
    """

    def __init__(self, socket_path: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data=inst_data)
        self._socket_path = Path(socket_path)

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        """Return the options of `run_launcher.config`."""
        return {"socket_path": dg.StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        """Make the launcher that `dagster.yaml` asks for."""
        return cls(inst_data=inst_data, **config_value)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the process of a run."""
        run = context.dagster_run
        if run.tags.get(KIND_TAG) != WATCHER:
            super().launch_run(context)
            return
        process = self._forked(run)
        if process is None:
            where = f"No nursery at {self._socket_path}, or no camera in the run's config"
            said = f"{where}: started by Dagster's default launcher."
            self._instance.report_engine_event(said, run, cls=self.__class__)
            super().launch_run(context)
            return
        self._instance.add_run_tags(run.run_id, {PROCESS_TAG: msgspec.json.encode(process).decode()})

    def terminate(self, run_id: str) -> bool:
        """Ask the process of a run to end; False when it did already."""
        run = self._instance.get_run_by_id(run_id)
        process = None if run is None else process_of(run)
        if run is None or run.is_finished or process is None:
            return bool(super().terminate(run_id))  # type: ignore[no-untyped-call]
        self._instance.report_run_canceling(run)
        try:
            return ask(self._socket_path, Interrupt(process)).is_running
        except OSError as error:
            # The supervisor sees CANCELING too, and asks the watcher through its lease.
            said = f"The nursery does not answer ({error}); the supervisor will ask the watcher to stop."
            self._instance.report_engine_event(said, run, cls=self.__class__)
            return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether run monitoring may ask how processes fare."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Say whether the process of a run lives; a run that was not forked counts as well."""
        process = process_of(run)
        if process is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        try:
            answer = ask(self._socket_path, Look(process))
        except OSError as error:
            return CheckRunHealthResult(WorkerStatus.RUNNING, f"the nursery does not answer: {error}")
        return _health(answer)

    def _forked(self, run: dg.DagsterRun) -> ProcessName | None:
        """Have a run forked; None when it names no camera, or no nursery listens."""
        camera_id = camera_id_of(run)
        if camera_id is None:
            return None
        request = Fork(run_id=run.run_id, camera_id=camera_id, title=f"watcher {camera_id}")
        ends_s = time.monotonic() + NURSERY_BACK_WITHIN_S
        while True:
            try:
                return ask(self._socket_path, request).process
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > ends_s:
                    return None
                time.sleep(RETRY_S)


def _health(answer: Answer) -> CheckRunHealthResult:
    if answer.is_running:
        return CheckRunHealthResult(WorkerStatus.RUNNING)
    if answer.exit_code == 0:
        return CheckRunHealthResult(WorkerStatus.SUCCESS)
    pid = answer.process.pid
    how = "is gone" if answer.exit_code is None else f"ended with exit code {answer.exit_code}"
    return CheckRunHealthResult(WorkerStatus.FAILED, f"process {pid} {how}")
