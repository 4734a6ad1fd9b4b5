"""Prometheus reads the API with the credential it is given, and nobody names a figure that is not there."""

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from hypersight_core.domain.figures import DetectorFigures, Outcome, Passed, ServerFigures, WatcherFigures
from hypersight_core.store import cameras, processors
from hypersight_core.store.engine import Store
from tests.builders import camera_settings, processor_settings
from tests.serving import api, api_process, watched

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
UNPACKED = ROOT / ".venv" / "prometheus" / "usr" / "bin" / "prometheus"
PROMETHEUS = shutil.which("prometheus") or shutil.which(UNPACKED)
ALERTS = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text()
NAME = re.compile(r"\bhypersight_(?:database|camera|persons|spool|detector|api|faces)_\w+")
PARTS = ("_bucket", "_sum", "_count")
FIGURES = WatcherFigures(
    detectors={
        "objects": DetectorFigures(
            outcomes={Outcome.ANSWERED: 1},
            classes=(1, *(0,) * 9),
            servers=(ServerFigures("http://d:1", is_left_alone=False),),
        )
    },
    frames={"detected": 1, "late_dropped": 1},
    passed=(Passed(1, 0, 1, 1),),
)


@pytest.fixture
def installed(store: Store) -> Store:
    """Return a store with a camera that counts."""
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings())
    return store


def test_every_figure_in_rules_documents_and_dashboards_is_served_and_every_one_served_is_described(
    installed, database_url, tmp_path
):
    replica = {"database_read_url": database_url}  # which is none, but has its figures
    with api(database_url, tmp_path, **replica) as client, watched(installed, 1, figures=FIGURES):
        client.get("/api/v1/cameras")
        text = client.get("/metrics").text
    served = set(re.findall(r"^# TYPE (hypersight_\w+) ", text, re.MULTILINE))
    served = {name for name in served if not name.endswith("_created")}
    assert len(served) > 20
    document = (ROOT / "docs" / "OPERATIONS.md").read_text()
    dashboards = "".join(path.read_text() for path in (ROOT / "deploy" / "grafana").rglob("*.json"))
    for place in (ALERTS, document, dashboards):
        named = {_whole(name, served) for name in NAME.findall(place)}
        assert named <= served, named - served
    table = document[document.index("## Figures for Prometheus") :].partition("\n## ")[0]
    assert served <= set(re.findall(r"`(hypersight_\w+)`", table))


def _whole(name: str, served: set[str]) -> str:
    """Return the figure that a sample belongs to."""
    for part in PARTS:
        if name not in served and name.endswith(part):
            return name.removesuffix(part)
    return name


@pytest.mark.skipif(PROMETHEUS is None, reason="needs prometheus (Debian, or sh deploy/promtool.sh)")
def test_prometheus_reads_the_api_by_its_token_and_judges_all_alerts(installed, database_url, tmp_path):
    tokens = {"HYPERSIGHT_API_TOKEN": "owner", "HYPERSIGHT_METRICS_TOKEN": "scraper"}
    with (
        api_process(database_url, tmp_path / "var", **tokens) as process,
        _prometheus(tmp_path, process.port) as url,
        watched(installed, 1, figures=FIGURES),
    ):
        found = _eventually(lambda: _asked(url, 'hypersight_persons_passed_total{direction="in"}'))
        assert [one["metric"]["zone"] for one in found] == ["0"]
        assert _asked(url, "up")[0]["value"][1] == "1"
        judged = _eventually(lambda: [one for one in _rules(url) if one["health"] != "unknown"])
        assert {one["health"] for one in judged} == {"ok"}
        assert len(_rules(url)) == ALERTS.count("- alert:")


@contextmanager
def _prometheus(folder: Path, api_port: int) -> Iterator[str]:
    """Run Prometheus by the container's configuration, with the paths and the port of this test."""
    text = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text()
    told: dict[str, Any] = yaml.safe_load(text.replace("api:8000", f"127.0.0.1:{api_port}"))
    told["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    told["rule_files"] = [str(ROOT / "deploy" / "prometheus" / "alerts.yml")]
    told["scrape_configs"][0]["authorization"]["credentials_file"] = str(folder / "metrics_token")
    (folder / "metrics_token").write_text("scraper")
    (folder / "prometheus.json").write_text(json.dumps(told))
    address = f"127.0.0.1:{_free_port()}"
    command = [
        str(PROMETHEUS),
        f"--config.file={folder / 'prometheus.json'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={address}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _asked(url: str, query: str) -> list[dict[str, Any]]:
    try:
        answer = httpx.get(f"{url}/api/v1/query", params={"query": query}, timeout=10)
    except httpx.TransportError:
        return []
    if answer.status_code != httpx.codes.OK:  # it is reading its store
        return []
    found: list[dict[str, Any]] = answer.json()["data"]["result"]
    return found


def _rules(url: str) -> list[dict[str, Any]]:
    groups = httpx.get(f"{url}/api/v1/rules", timeout=10).json()["data"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _eventually(look: Callable[[], Any], within_s: float = 60.0) -> Any:
    until_s = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < until_s, "not in time"
        time.sleep(0.5)
    return found
