"""Watchers without processes: they hold real leases, all on one connection, and are counted."""

import os
from collections.abc import Sequence
from dataclasses import asdict

import dagster as dg
import psycopg

from hypersight_core.store import lease_sql
from hypersight_core.store.cameras import create_camera
from hypersight_core.store.engine import Store
from hypersight_core.store.process_identity import ProcessName
from hypersight_core.store.processors import create_processor
from hypersight_pipelines.defs.watchers.jobs import watch_camera
from tests.builders import camera_settings, processor_settings

LOOKS_TO_START = 2
"""So many looks of the supervisor pass from a launch until the watcher holds its lease."""
BEAT = "UPDATE watcher_lease SET heartbeat_at = clock_timestamp() WHERE released_at IS NULL"


class ManyWatchers:
    """What a launcher and the processes it launches would do to the two databases."""

    def __init__(self, store: Store, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self._connection: psycopg.Connection = store.dedicated("many watchers", statement_timeout_s=10)
        self._starting: list[list[tuple[int, str]]] = [[] for _ in range(LOOKS_TO_START)]
        self.launched: list[int] = []
        """Cameras, in the order in which they were asked for."""
        self.most_starting = 0
        """At any one time."""

    def launch(self, requests: Sequence[dg.RunRequest]) -> None:
        """Begin runs as asked; watchers of earlier ones go on, or take their leases."""
        for camera_id, run_id in self._starting.pop(0):
            self._take(camera_id, run_id)
        self._starting.append([self._begun(request) for request in requests])
        self.most_starting = max(self.most_starting, sum(map(len, self._starting)))
        self._connection.execute(BEAT)

    def close(self) -> None:
        """Give all leases back, as a kill would."""
        self._connection.close()

    def _begun(self, request: dg.RunRequest) -> tuple[int, str]:
        camera_id = int(request.tags["camera_id"])
        run = dg.DagsterRun(
            job_name=watch_camera.name,
            run_config=dict(request.run_config),
            tags=dict(request.tags),
            status=dg.DagsterRunStatus.STARTED,
        )
        self.instance.add_run(run)
        self.launched.append(camera_id)
        return camera_id, run.run_id

    def _take(self, camera_id: int, run_id: str) -> None:
        facts = asdict(ProcessName.of(os.getpid())) | {"camera_id": camera_id, "run_id": run_id}
        self._connection.execute(lease_sql.LOCK, facts)
        self._connection.execute(lease_sql.ACQUIRE, facts)


def add_cameras(store: Store, count: int) -> None:
    """Add so many cameras that want to be watched."""
    with store.transaction() as tx:
        for number in range(count):
            camera = create_camera(tx, camera_settings(name=f"camera {number}"))
            create_processor(tx, camera.camera_id, processor_settings())
