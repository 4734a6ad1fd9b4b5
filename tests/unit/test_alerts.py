"""What Prometheus is told to ask and to warn of: valid, each alert tried, and each with what to do."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
RULES: dict[str, Any] = yaml.safe_load((FOLDER / "alerts.yml").read_text())
ALERTS = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"]}
TRIALS: dict[str, Any] = yaml.safe_load((ROOT / "tests" / "prometheus" / "alerts.test.yml").read_text())
TRIED = [check for trial in TRIALS["tests"] for check in trial["alert_rule_test"]]
PROMTOOL = shutil.which("promtool") or shutil.which(
    ROOT / ".venv" / "prometheus" / "usr" / "bin" / "promtool"
)

needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="needs promtool (Debian: apt install prometheus, or sh deploy/promtool.sh)"
)


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(PROMTOOL), *arguments], check=False, capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the configuration, its paths as they are outside the container."""
    text = (FOLDER / "prometheus.yml").read_text().replace("/etc/prometheus/", f"{tmp_path}/")
    (tmp_path / "prometheus.yml").write_text(text.replace("/run/secrets/", f"{tmp_path}/"))
    (tmp_path / "metrics_token").write_text("t0ken")
    shutil.copy(FOLDER / "alerts.yml", tmp_path)
    return tmp_path


@needs_promtool
def test_prometheus_understands_its_configuration(folder):
    done = promtool("check", "config", folder / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(ALERTS)} rules found" in done.stdout


@needs_promtool
def test_prometheus_is_really_asked(folder):
    (folder / "prometheus.yml").write_text("scrape_configs: [{job_name: a, scrape_interval: often}]")
    assert promtool("check", "config", folder / "prometheus.yml").returncode != 0


@needs_promtool
def test_every_rule_is_one_of_prometheus():
    done = promtool("check", "rules", FOLDER / "alerts.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_alerts_fire_when_they_should_and_not_when_they_need_not(tmp_path):
    rules: dict[str, Any] = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    for group in rules["groups"]:
        for rule in group[
            "rules"
        ]:  # of the texts, which promtool compares whole, summaries have figures in them
            rule["annotations"] = {"summary": rule["annotations"]["summary"]}
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(rules))
    (tmp_path / "alerts.test.yml").write_text(yaml.safe_dump(TRIALS))
    done = promtool("test", "rules", tmp_path / "alerts.test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_is_tried_while_it_fires_and_while_it_does_not(name):
    expected = [bool(check["exp_alerts"]) for check in TRIED if check["alertname"] == name]
    assert set(expected) == {True, False}


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_says_what_happened_what_to_do_and_where_to_read_on(name):
    alert = ALERTS[name]
    assert alert["labels"]["severity"] in {"warning", "critical"}
    assert alert["for"]
    told = alert["annotations"]
    assert set(told) == {"summary", "description", "runbook"}
    path, _, anchor = told["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(), re.MULTILINE)
    assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert name in (ROOT / path).read_text()
