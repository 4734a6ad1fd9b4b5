"""Each service of docker-compose.yml, started by its own command with its own environment, does its work."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.databases import open_folder
from tests.fakes import composed, containers
from tests.fakes.composed import DatabaseImage, grace_s, image_environ
from tests.fakes.containers import Contained, Hosts, Room, SeparateRoom
from tests.fakes.init import KILLED
from tests.fakes.redis_server import PROGRAM as REDIS

ROOT = Path(__file__).parents[2]
ORDER = (
    "redis", "migrate", "detector", "api", "pipelines", "metrics", "dagster-webserver", "dagster-daemon",
    "simulator",
)  # fmt: skip
MAY_BE_KILLED = "dagster-daemon"
"""It waits for the tick in hand, which may last; whatever it launched waits for the next start."""
HEALTHY_WITHIN_S = 120.0
TOKEN = "a-token-of-the-test"
PROBLEM = containers.problem() or (None if REDIS else "needs redis-server (Debian: apt install redis-server)")

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(PROBLEM is not None, reason=str(PROBLEM)),
    pytest.mark.timeout(600),  # two environments are installed first
]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Yield where the volumes, the secrets and the image's own files lie."""
    with open_folder() as opened:
        yield opened


@pytest.fixture(scope="module")
def image(folder) -> Mapping[str, str]:
    """Do what the Dockerfile's RUN and ENV lines do, in a clean virtual environment."""
    python = folder / "image" / "bin" / "python"
    _install(folder / "image", "base.lock")
    _install(folder / "image" / "dbt", "dbt.lock")
    environ = image_environ(folder, python)
    subprocess.run([python, "-m", "hypersight", "prepare", "--demo-films"], check=True, env=environ, cwd=ROOT)
    parsed = folder / "image" / "dbt" / "parsed"
    folders = {"DO_NOT_TRACK": "1", "DBT_TARGET_PATH": str(parsed), "DBT_LOG_PATH": str(parsed)}
    project = ["--project-dir", "dbt_metrics", "--profiles-dir", "dbt_metrics"]
    dbt = folder / "image" / "dbt" / "bin" / "dbt"
    subprocess.run([dbt, "--quiet", "parse", *project], check=True, env=environ | folders, cwd=ROOT)
    return environ


def _install(place: Path, lock: str) -> None:
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", ROOT / "requirements" / lock], check=True)


@pytest.fixture(scope="module")
def services(folder) -> dict[str, Any]:
    told = composed.services(folder, {})
    (folder / "secrets" / "api_token").chmod(0o600)
    (folder / "secrets" / "api_token").write_text(TOKEN)
    return told


@pytest.fixture(scope="module")
def room(folder, image, services) -> Iterator[Room]:
    Hosts(folder / "hosts", services)
    opened = SeparateRoom(folder / "hosts", read_only=(ROOT, folder / "dagster", folder / "image"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def running(folder, image, services, room) -> dict[str, Contained]:
    (folder / "var").mkdir()
    _start_database(folder, services["database"], room)
    started = {}
    for name in ORDER:
        environ = image | services[name].get("environment", {})
        started[name] = Contained(room, services[name], environ, folder / f"{name}.log", host=name)
        if name == "migrate":
            assert started[name].wait(60) == 0, started[name].log.read_text()
        elif name == "redis":
            time.sleep(1)  # redis-cli need not be here
    for name in ORDER[2:]:
        started[name].wait_healthy(HEALTHY_WITHIN_S)
    return started


def _start_database(folder: Path, service: Mapping[str, Any], room: Room) -> None:
    image = DatabaseImage(folder / "database", service)
    started = image.start(room, {}, folder / "database.log", host="database")
    started.wait_healthy(HEALTHY_WITHIN_S)
    image.create_database(room)


def asked(room: Room, image: Mapping[str, str], path: str, *, token: str | None = TOKEN) -> tuple[int, Any]:
    code = (
        "import httpx; answer = httpx.get("
        f"'http://api:8000{path}', headers={_header(token)!r}, timeout=10, trust_env=False); "
        "print(answer.status_code, answer.text)"
    )
    done = subprocess.run(
        room.command(["python", "-c", code]), check=False, env=image, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    status, _, text = done.stdout.partition(" ")
    return int(status), json.loads(text)


def _header(token: str | None) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"} if token else {}


def _eventually(is_so: Callable[[], Any], within_s: float, said: Callable[[], object]) -> None:
    until_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < until_s, said()
        time.sleep(1)


def test_its_cameras_are_watched_and_their_persons_counted(running, room, image):
    def overview() -> Any:
        return asked(room, image, "/api/v1/status")[1]

    def figures() -> list[Any]:
        return [one for camera in overview()["cameras"] for one in camera["processors"]]

    _eventually(lambda: len(overview()["cameras"]) == 2, 30, overview)
    _eventually(
        lambda: all(camera["status"]["watching"] for camera in overview()["cameras"]),
        90,
        lambda: (overview(), running["pipelines"].log.read_text(), running["dagster-daemon"].log.read_text()),
    )
    _eventually(lambda: any(one["traffic_today"] for one in figures()), 90, overview)


def test_its_models_are_built_where_they_are_run(running, services, room, image):
    given = image | services["metrics"]["environment"]
    command = room.command(["python", "-m", "hypersight", "dbt", "build"])
    built = subprocess.run(command, check=False, env=given, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    assert "PASS=" in built.stdout
    fresh = room.command(["python", "-m", "hypersight", "dbt", "source", "freshness"])
    told = subprocess.run(fresh, check=False, env=given, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "PASS freshness of hypersight.observation" in told.stdout, told.stdout


def test_strangers_learn_only_that_it_lives(running, room, image):
    assert asked(room, image, "/healthz", token=None)[0] == 200
    assert asked(room, image, "/api/v1/status", token=None)[0] == 401
    assert asked(room, image, "/api/v1/status", token="a guess")[0] == 401


def test_secrets_are_in_no_environment_and_in_no_log(running, services, folder):
    secrets = [path.read_text() for path in (folder / "secrets").iterdir()]
    assert len(secrets) >= 3
    told = json.dumps(services) + "".join(one.log.read_text(errors="replace") for one in running.values())
    assert [secret for secret in secrets if secret in told] == []


def test_every_service_ends_in_order_when_it_is_told_to(running, services):
    for name in reversed(ORDER[2:]):
        code = running[name].stop(grace_s(services[name]))
        assert code in {0, KILLED + signal.SIGTERM} or name == MAY_BE_KILLED, (
            name,
            code,
            running[name].log.read_text()[-2000:],
        )
