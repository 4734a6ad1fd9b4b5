"""As many watchers as may run at a time, more of them waiting: upkeep finds room, and no tick is cut off."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hypersight.dagster_services import dagster_services
from hypersight.ports import free_port
from hypersight.processes import Running, stop_together
from hypersight_core.settings import Settings
from hypersight_core.store.cameras import create_camera
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import read_leases
from hypersight_core.store.processors import create_processor
from tests.builders import camera_settings, processor_settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]
ROOT = Path(__file__).parents[2]
WATCHERS, MORE = 4, 3
SMALL = {
    "limit: 950": f"limit: {WATCHERS}",
    "max_concurrent_runs: 1000": f"max_concurrent_runs: {WATCHERS + 2}",
}
LAUNCH = """mutation($job: String!) { launchRun(executionParams: {selector: {
  repositoryLocationName: "hypersight", repositoryName: "__repository__", jobName: $job}}) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
RUNS = """query($filter: RunsFilter!) { runsOrError(filter: $filter) {
  ... on Runs { results { status startTime endTime } } } }"""
TICKS = """query { sensorOrError(sensorSelector: {repositoryLocationName: "hypersight",
  repositoryName: "__repository__", sensorName: "watcher_supervisor"}) {
  ... on Sensor { sensorState { ticks(limit: 50) {
    status timestamp endTimestamp error { message } } } } } }"""


class Dagster:
    """Code server, daemon and UI as `make up` starts them, with a small number of runs at a time."""

    def __init__(self, settings: Settings) -> None:
        self._url = f"http://127.0.0.1:{settings.dagster_port}/graphql"
        services = list(dagster_services(settings, ROOT))
        config = settings.var_dir / "dagster" / "dagster.yaml"
        text = config.read_text()
        for usual, small in SMALL.items():
            assert usual in text
            text = text.replace(usual, small)
        config.write_text(text)
        self.running: list[Running] = []
        for service in services:
            log_path = settings.var_dir / "logs" / f"{service.name}.log"
            self.running.append(Running(service, log_path, ROOT))
            self.running[-1].wait_ready()

    def ask(self, query: str, **variables: Any) -> Any:
        reply = httpx.post(self._url, json={"query": query, "variables": variables}, timeout=30)
        return reply.raise_for_status().json()["data"]

    def runs(self, job: str, *statuses: str) -> list[Any]:
        found = self.ask(RUNS, filter={"pipelineName": job, **({"statuses": statuses} if statuses else {})})
        return list(found["runsOrError"]["results"])


@pytest.fixture
def dagster(database_url: str, store: Store, tmp_path: Path) -> Iterator[Dagster]:
    with store.transaction() as tx:
        for number in range(WATCHERS + MORE):
            stream = f"http://127.0.0.1:9/{number}.m3u8"  # nobody listens there
            camera = create_camera(tx, camera_settings(name=f"camera {number}", stream_url=stream))
            create_processor(tx, camera.camera_id, processor_settings())
    settings = Settings(database_url=database_url, var_dir=tmp_path, dagster_port=free_port(3900))
    started = Dagster(settings)
    yield started
    stop_together(started.running)


def test_a_maintenance_job_ends_soon_beside_as_many_watchers_as_may_run(dagster: Dagster, store: Store):
    eventually(lambda: len(live(store)) == WATCHERS, within_s=120, what=f"{WATCHERS} live watchers")
    eventually(
        lambda: len(dagster.runs("watch_camera", "QUEUED")) == MORE, within_s=60, what="the others wait"
    )
    launched = dagster.ask(LAUNCH, job="check_storage")["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    eventually(lambda: dagster.runs("check_storage", "SUCCESS"), within_s=60, what="check_storage succeeded")
    assert len(live(store)) == WATCHERS
    assert len(dagster.runs("watch_camera", "QUEUED")) == MORE
    eventually(lambda: len(ended(dagster)) >= 2, within_s=150, what="two ticks of the supervisor")
    assert [tick["error"] for tick in ended(dagster) if tick["status"] == "FAILURE"] == []
    assert max(tick["endTimestamp"] - tick["timestamp"] for tick in ended(dagster)) < 60


def ended(dagster: Dagster) -> list[Any]:
    ticks = dagster.ask(TICKS)["sensorOrError"]["sensorState"]["ticks"]
    return [tick for tick in ticks if tick["endTimestamp"] is not None]


def live(store: Store) -> list[int]:
    with store.transaction() as tx:
        return [lease.camera_id for lease in read_leases(tx) if lease.is_live]


def eventually(check: Callable[[], Any], *, within_s: float, what: str) -> None:
    deadline_s = time.monotonic() + within_s
    while not check():
        assert time.monotonic() < deadline_s, f"not within {within_s:.0f} s: {what}"
        time.sleep(0.5)
