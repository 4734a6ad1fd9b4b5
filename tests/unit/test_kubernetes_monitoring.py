"""What the Prometheus operator of a cluster is told is what Compose's Prometheus is told."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
[SCRAPED] = CONFIG["scrape_configs"]
API: dict[str, Any] = next(
    one
    for one in yaml.safe_load_all((ROOT / "deploy/kubernetes/api.yaml").read_text())
    if one["kind"] == "Deployment"
)["spec"]["template"]


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    printed = subprocess.run(
        ["sh", ROOT / "deploy/kubernetes/monitoring.sh"], check=True, capture_output=True, text=True
    ).stdout
    documents = list(yaml.safe_load_all(printed))
    assert {one["apiVersion"] for one in documents} == {"monitoring.coreos.com/v1"}
    return {one["kind"]: one["spec"] for one in documents}


def test_the_alerts_are_the_ones_of_compose(told):
    alerts = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
    assert told["PrometheusRule"] == alerts
    assert alerts["groups"]


def test_every_pod_of_the_api_is_asked_as_often_and_as_patiently_as_in_compose(told):
    assert told["PodMonitor"]["selector"]["matchLabels"] == API["metadata"]["labels"]
    [asked] = told["PodMonitor"]["podMetricsEndpoints"]
    assert asked["port"] in {port["name"] for port in API["spec"]["containers"][0]["ports"]}
    assert asked["path"] == SCRAPED["metrics_path"]
    assert asked["interval"] == CONFIG["global"]["scrape_interval"]
    assert asked["scrapeTimeout"] == CONFIG["global"]["scrape_timeout"]


def test_alerts_find_the_figures_by_the_name_they_ask_for(told):
    [asked] = told["PodMonitor"]["podMetricsEndpoints"]
    assert asked["relabelings"] == [{"targetLabel": "job", "replacement": SCRAPED["job_name"]}]


def test_the_token_is_one_that_the_clusters_secrets_hold(told, tmp_path):
    made = subprocess.run(
        ["sh", ROOT / "deploy/kubernetes/secrets.sh", tmp_path / "s"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    secrets = {one["metadata"]["name"]: one["data"] for one in yaml.safe_load_all(made)}
    [asked] = told["PodMonitor"]["podMetricsEndpoints"]
    token = asked["authorization"]["credentials"]
    assert token["key"] == Path(SCRAPED["authorization"]["credentials_file"]).name
    assert token["key"] in secrets[token["name"]]
