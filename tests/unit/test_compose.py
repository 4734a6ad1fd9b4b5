"""Docker Compose, the production path, is valid, careful, and in step with the code."""

import importlib.util
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from compose_spec import PyCompose

from hypersight_core.settings import FILE_SUFFIX, Settings
from hypersight_pipelines.launching.launcher import ForkingRunLauncher
from tests.fakes.containers import interpolated

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if one.get("image") == "hypersight"}
LASTING = {name: one for name, one in SERVICES.items() if one["restart"] != "no"}
VARIABLES = {field.encode_name for field in msgspec.structs.fields(Settings)}


def specified(text: str) -> PyCompose:
    """Read a compose file as the specification has it, anchors and variables resolved."""
    return PyCompose.from_yaml(yaml.safe_dump(interpolated(yaml.safe_load(text), {})))


def test_the_file_is_what_the_compose_specification_allows():
    assert len(specified(TEXT)) == len(SERVICES)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("read_only: true", "read_only: [maybe]"),
        ("restart: unless-stopped", "restart: sometimes"),
        ("interval: 2s", "interval: soon"),
        ("condition: service_healthy", "condition: service_happy"),
    ],
)
def test_the_specification_is_really_asked(right, wrong):
    with pytest.raises(ValueError, match=r"."):
        specified(TEXT.replace(right, wrong))


@pytest.mark.parametrize("name", OURS)
def test_every_service_gets_settings_that_exist(name):
    given = {variable.removesuffix(FILE_SUFFIX) for variable in OURS[name]["environment"]}
    assert given <= VARIABLES


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_what_every_service_prints_is_kept_short(name):
    options = COMPOSE["services"][name]["logging"]["options"]
    assert set(options) == {"max-size", "max-file"}


@pytest.mark.parametrize("name", OURS)
def test_every_command_starts_something_that_is_there(name):
    python, m, module, *rest = OURS[name]["command"]
    assert (python, m) == ("python", "-m")
    assert importlib.util.find_spec(module) is not None
    if "-w" in rest:
        assert (ROOT / rest[rest.index("-w") + 1]).exists()


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_may_do_more_than_it_must(name):
    one = SERVICES[name]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one["logging"]["options"].keys() == {"max-size", "max-file"}


@pytest.mark.parametrize("name", LASTING)
def test_every_lasting_service_says_whether_it_is_well_and_comes_back(name):
    assert LASTING[name]["restart"] == "unless-stopped"
    assert LASTING[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned(name):
    image = SERVICES[name]["image"]
    assert image == "hypersight" or re.search(r":v?\d+\.\d+", image)


def test_watchers_are_forked_by_a_nursery_that_the_launcher_finds_in_the_volume_all_have():
    launcher = yaml.safe_load((ROOT / "deploy/dagster.compose.yaml").read_text())["run_launcher"]
    assert (launcher["module"], launcher["class"]) == (
        ForkingRunLauncher.__module__,
        ForkingRunLauncher.__name__,
    )
    command = SERVICES["pipelines"]["command"]
    meeting = launcher["config"]["socket_path"]
    assert command[command.index("--nursery") + 1] == meeting
    for name in ("pipelines", "dagster-daemon", "dagster-webserver"):
        assert f"var:{Path(meeting).parent}" in SERVICES[name]["volumes"]
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    assert "cat deploy/dagster.yaml deploy/dagster.compose.yaml > /var/lib/dagster/dagster.yaml" in dockerfile


def test_secrets_stand_in_files_only(tmp_path):
    assert not re.search(r"(PASSWORD|TOKEN|SECRET_KEYS)(?!_FILE)\b\s*:", TEXT)
    subprocess.run(["sh", ROOT / "deploy/make-secrets.sh", tmp_path / "s"], check=True, capture_output=True)
    made = {one.name: one.read_text() for one in (tmp_path / "s").iterdir()}
    assert set(COMPOSE["secrets"]) <= set(made)
    assert len(set(made.values())) == len(made)
    assert all(len(secret) == 48 for secret in made.values())
    assert (tmp_path / "s").stat().st_mode & 0o077 == 0
    subprocess.run(["sh", ROOT / "deploy/make-secrets.sh", tmp_path / "s"], check=True, capture_output=True)
    assert {one.name: one.read_text() for one in (tmp_path / "s").iterdir()} == made


def test_the_api_and_the_faces_under_their_old_port_are_all_that_is_open_to_others():
    published = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert published.pop("api") == ["8000:8000", "${FACE_WS_PORT:-6789}:8000"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_the_image_installs_from_the_lock_file_and_runs_as_nobody_special():
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    assert "--require-hashes -r /requirements/base.lock" in dockerfile
    assert dockerfile.index("USER hypersight") < dockerfile.index("CMD")
    for copied in re.findall(r"^COPY (?!--)(\S+)", dockerfile, re.MULTILINE):
        assert (ROOT / copied).exists()
