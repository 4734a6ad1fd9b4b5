"""Docker Compose, the production path, stays in step with the code."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from hypersight_core.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: one for name, one in COMPOSE["services"].items() if one.get("image") == "hypersight"}
VARIABLES = {field.encode_name for field in msgspec.structs.fields(Settings)}


@pytest.mark.parametrize("name", OURS)
def test_every_service_gets_settings_that_exist(name):
    given = {variable for variable in OURS[name]["environment"] if not variable.startswith("DAGSTER_")}
    assert given <= VARIABLES


@pytest.mark.parametrize("name", OURS)
def test_every_command_starts_something_that_is_there(name):
    command = OURS[name]["command"]
    if command[:2] == ["python", "-m"]:
        assert importlib.util.find_spec(command[2]) is not None
        assert (ROOT / command[2] / "__main__.py").exists()
    else:
        assert command[0] in {"dagster-webserver", "dagster-daemon"}
        assert (ROOT / command[command.index("-w") + 1]).exists()


def test_the_api_listens_to_everybody_only_with_a_token():
    environment = OURS["api"]["environment"]
    assert environment["HYPERSIGHT_API_HOST"] == "0.0.0.0"  # noqa: S104 - inside a container
    assert ":?" in environment["HYPERSIGHT_API_TOKEN"]


def test_the_faces_websocket_is_published_under_its_old_port_too():
    published = OURS["api"]["ports"]
    assert "8000:8000" in published
    assert "${FACE_WS_PORT:-6789}:8000" in published


def test_the_dagster_ui_is_published_on_loopback_only():
    assert OURS["dagster-webserver"]["ports"] == ["127.0.0.1:3000:3000"]


def test_the_database_is_published_nowhere():
    assert "ports" not in COMPOSE["services"]["database"]


def test_the_image_installs_from_the_lock_file():
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    assert "--require-hashes -r requirements/base.lock" in dockerfile
    for copied in re.findall(r"^COPY (\S+)", dockerfile, re.MULTILINE):
        assert (ROOT / copied).exists()
