"""docker-compose.yml without Docker: its services as they are read, and what their images do."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from hypersight.postgres_binaries import PostgresBinaries, ServerAccount
from tests.fakes.containers import Contained, Room, interpolated

ROOT = Path(__file__).parents[2]
DAGSTER_CONFIG = ("dagster.yaml", "dagster.compose.yaml")


def services(folder: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the services by name, with secrets in `folder`; variables are replaced as by a `.env` file."""
    secrets = folder / "secrets"
    subprocess.run(["sh", ROOT / "deploy" / "make-secrets.sh", secrets], check=True, capture_output=True)
    text = (ROOT / "docker-compose.yml").read_text().replace("/run/secrets/", f"{secrets}/")
    text = text.replace("/var/lib/hypersight/", f"{folder}/var/")
    told: dict[str, Any] = interpolated(yaml.safe_load(text), variables)["services"]
    return told


def image_environ(folder: Path, python: Path) -> dict[str, str]:
    """Return what the Dockerfile's ENV lines set, with the image's folders in `folder`."""
    home = folder / "dagster"
    home.mkdir()
    config = "".join((ROOT / "deploy" / name).read_text() for name in DAGSTER_CONFIG)
    (home / "dagster.yaml").write_text(config.replace("/var/lib/hypersight/", f"{folder}/var/"))
    return {
        "PATH": f"{python.parent}:{os.environ['PATH']}",  # noqa: TID251 - where programs are
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder),
        "HYPERSIGHT_VAR_DIR": str(folder / "var"),
        "HYPERSIGHT_CACHE_DIR": str(folder / "cache"),
        "DAGSTER_HOME": str(home),
        "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS": "180",
    }


def grace_s(service: Mapping[str, Any]) -> float:
    """Return how long an engine waits until it sends SIGKILL."""
    return float(str(service.get("stop_grace_period", "10s")).removesuffix("s"))


class DatabaseImage:
    """What TimescaleDB's image does, on the PostgreSQL that is here: its data folder survives containers."""

    def __init__(self, folder: Path, service: Mapping[str, Any]) -> None:
        self._service = service
        self._cluster = folder / "data"
        self._account = ServerAccount.for_folder(self._cluster)
        folder.mkdir(mode=0o755)
        self._account.own(folder)
        self._binaries = PostgresBinaries.find(None, self._account, folder)
        self.password = Path(service["environment"]["POSTGRES_PASSWORD_FILE"]).read_text()
        self._initialize(folder)

    def start(
        self, room: Room, environ: Mapping[str, str], log: Path, *, host: str, boot_id: Path | None = None
    ) -> Contained:
        """Start a container with the options that the file gives TimescaleDB, without root's rights."""
        program, *options = self._service["command"]
        own = ["-D", str(self._cluster), "-c", "unix_socket_directories="]
        user = self._account.user_id
        return Contained(
            room,
            {**self._service, "command": [str(self._binaries.program(program)), *own, *options]},
            {**environ, **self._path},
            log,
            host=host,
            dropped=() if user is None else ("setpriv", f"--reuid={user}", "--clear-groups", "--"),
            boot_id=boot_id,
            stop_signal=signal.SIGINT,  # the image's: on SIGTERM it would wait for its clients to go
        )

    def create_database(self, room: Room) -> None:
        """Do what the entry point does on the first start; the server listens."""
        wanted = self._service["environment"]
        told = ("-h", "127.0.0.1", "-U", wanted["POSTGRES_USER"], wanted["POSTGRES_DB"])
        command = room.command([str(self._binaries.program("createdb")), *told])
        subprocess.run(command, check=True, env={**self._path, "PGPASSWORD": self.password})

    @property
    def _path(self) -> dict[str, str]:
        return {"PATH": f"{self._binaries.bin_dir}:{os.defpath}"}

    def _initialize(self, folder: Path) -> None:
        copied = folder / "password"
        copied.write_text(self.password)
        self._account.own(copied)
        user = self._service["environment"]["POSTGRES_USER"]
        options = ("-D", self._cluster, "-U", user, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C")
        program = self._binaries.program("initdb")
        made = self._account.run(program, *options, "--pwfile", copied, output=folder / "log")
        assert not made, made
