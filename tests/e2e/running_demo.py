"""The demo as a user runs it: one command, real processes, its own folder and ports."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from hypersight_core.store.engine import Store
from hypersight_core.store.leases import read_leases

ROOT = Path(__file__).parents[2]
START_WITHIN_S = 300.0


@dataclass
class RunningDemo:
    process: "subprocess.Popen[bytes]"
    endpoints: dict[str, Any]
    var_dir: Path

    def get(self, path: str) -> Any:
        reply = httpx.get(self.endpoints["api"] + path, timeout=10)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def get_when_it_answers(self, path: str) -> Any:
        """Ask again and again while the API says that it cannot reach its database."""
        return eventually(
            lambda: (
                (reply := httpx.get(self.endpoints["api"] + path, timeout=10)).is_success and reply.json()
            ),
            within_s=60,
            what=f"{path} answers",
        )

    def post(self, path: str, body: dict[str, Any]) -> Any:
        reply = httpx.post(self.endpoints["api"] + path, json=body, timeout=10)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def processor_id(self, kind: str) -> int:
        cameras = self.get("/api/v1/cameras")
        found = [
            processor["processor_id"]
            for camera in cameras
            for processor in self.get(f"/api/v1/cameras/{camera['camera_id']}/processors")
            if processor["kind"] == kind
        ]
        return int(found[0])

    def graphql(self, query: str, **variables: Any) -> Any:
        reply = httpx.post(
            self.endpoints["dagster"] + "/graphql", json={"query": query, "variables": variables}, timeout=20
        )
        assert reply.status_code == 200, reply.text
        return reply.json()["data"]

    def watcher_runs(self, *statuses: str) -> list[dict[str, Any]]:
        data = self.graphql(
            """query($filter: RunsFilter!) { runsOrError(filter: $filter) {
                 ... on Runs { results { runId status tags { key value } } } } }""",
            filter={"tags": [{"key": "kind", "value": "watcher"}], "statuses": list(statuses)},
        )
        return [
            {
                "run_id": run["runId"],
                "status": run["status"],
                **{tag["key"]: tag["value"] for tag in run["tags"]},
            }
            for run in data["runsOrError"]["results"]
        ]

    def materialize(self, location: str, asset: str) -> str:
        """Start a run for an asset, as its button in the Dagster UI does; return the run's id."""
        selector = {
            "repositoryLocationName": location,
            "repositoryName": "__repository__",
            "pipelineName": "__ASSET_JOB",
            "assetSelection": [{"path": [asset]}],
        }
        data = self.graphql(
            """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
                 ... on LaunchRunSuccess { run { runId } } ... on Error { message } } }""",
            params={"selector": selector, "runConfigData": "{}", "executionMetadata": {"tags": []}},
        )
        return str(data["launchRun"]["run"]["runId"])

    def run_status(self, run_id: str) -> str:
        query = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
        return str(self.graphql(query, id=run_id)["runOrError"]["status"])

    def watcher_pid(self, camera_id: int) -> int:
        """Return the process that holds the camera's lease."""
        store = Store(self.endpoints["database"], application_name="tests", pool_size=1)
        try:
            with store.transaction() as tx:
                return next(lease.pid for lease in read_leases(tx) if lease.camera_id == camera_id)
        finally:
            store.close()

    def family(self) -> list[psutil.Process]:
        return [self_ for self_ in psutil.process_iter(["environ"]) if _belongs(self_, self.var_dir)]


def is_nursery(process: psutil.Process) -> bool:
    """Whether watchers are forked from this process; they have its command line, but a name of their own."""
    with contextlib.suppress(psutil.Error):
        is_ours = "hypersight_pipelines.launching.nursery" in process.cmdline()
        return is_ours and not process.name().startswith("watcher")
    return False


def _belongs(process: psutil.Process, var_dir: Path) -> bool:
    environ = process.info["environ"] or {}
    return environ.get("HYPERSIGHT_VAR_DIR") == str(var_dir)


def eventually(check: Callable[[], Any], *, within_s: float, what: str) -> Any:
    """Return the first truthy answer of `check`."""
    deadline_s = time.monotonic() + within_s
    answer = check()
    while not answer:
        assert time.monotonic() < deadline_s, f"not within {within_s:.0f} s: {what}; last answer: {answer!r}"
        time.sleep(0.5)
        answer = check()
    return answer


@contextlib.contextmanager
def running_demo(var_dir: Path, *arguments: str, **settings: str) -> Iterator[RunningDemo]:
    """Run `hypersight demo` from its own folder; end it with SIGINT as Ctrl-C does."""
    output = var_dir.parent / "demo.log"
    environ = {**os.environ, "HYPERSIGHT_VAR_DIR": str(var_dir), **settings}  # noqa: TID251 - what a shell hands on
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hypersight", "demo", *arguments],
            cwd=ROOT,
            env=environ,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield RunningDemo(process, _endpoints(process, var_dir, output), var_dir)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=30)
        for left in psutil.process_iter(["environ"]):
            if _belongs(left, var_dir):
                left.kill()
        process.wait()


def _endpoints(process: "subprocess.Popen[bytes]", var_dir: Path, output: Path) -> dict[str, Any]:
    path = var_dir / "endpoints.json"

    def read() -> Any:
        assert process.poll() is None, output.read_text()
        return json.loads(path.read_text()) if path.exists() else None

    endpoints: dict[str, Any] = eventually(read, within_s=START_WITHIN_S, what="endpoints.json")
    return endpoints
