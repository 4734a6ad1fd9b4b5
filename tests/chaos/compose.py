"""The system as docker-compose.yml runs it, each service by its own command in namespaces of its own."""

import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
import psutil

from hypersight.processes import answers
from hypersight_core.store.leases import LeaseView
from tests.chaos.docker import Kept
from tests.chaos.faces import faces_arrive
from tests.chaos.stack import Surroundings, with_var_dir
from tests.fakes import containers
from tests.fakes.composed import ROOT, DatabaseImage, grace_s, image_environ, services
from tests.fakes.containers import Contained, Hosts, Room, in_new_room
from tests.fakes.redis_server import PROGRAM as REDIS_PROGRAM

HEALTHY_WITHIN_S = 120.0
PARTS = {
    "pipelines": 40.0,
    "metrics": 15.0,
    "api": 15.0,
    "API worker": 15.0,
    "redis": 15.0,
    "dagster-webserver": 15.0,
    "dagster-daemon": 15.0,
    "database service": 15.0,
    "reference detector": 15.0,
}
"""What may be killed, and when all must be well then. With `pipelines` go all watchers."""
PAUSES = {
    "pipelines": 9.0,
    "api": 8.0,
    "API worker": 8.0,
    "redis": 8.0,
    "dagster-daemon": 8.0,
    "database service": 12.0,
}
"""What may be stopped, and for how long: a stuck watcher is replaced after eight seconds."""
SERVICES = {"database service": "database", "reference detector": "detector", "API worker": "api"}
"""Of the parts that are not called as theirs."""
DATABASE, REDIS, MIGRATE, WATCHERS, DAEMON = "database", "redis", "migrate", "pipelines", "dagster-daemon"
LASTING = (
    DATABASE, REDIS, "detector", "api", WATCHERS, "metrics", "dagster-webserver", DAEMON
)  # fmt: skip
NEED_NOTHING = (DATABASE, REDIS)
API = "http://api:8000"


class Compose:
    """The services, and what Docker and Compose do with them; a `Stack`. This process is in their network."""

    parts: Mapping[str, float] = PARTS
    pauses: Mapping[str, float] = PAUSES
    started_within_s = 60.0
    """Nine services and a watcher at once, on two busy cores."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        folder = around.folder
        self._logs = folder / "containers"
        self._logs.mkdir()
        self._image = image_environ(folder, Path(sys.executable))
        self._image["HYPERSIGHT_CACHE_DIR"] = str(Path("~/.cache/hypersight").expanduser())
        self._services = services(folder, {"OBJECT_DETECTOR_URL": around.detector_url})
        self._token = (folder / "secrets" / "api_token").read_text()
        self._live_token = (folder / "secrets" / "live_token").read_text()
        self._database = DatabaseImage(folder / "postgres", self._services[DATABASE])
        self._hosts = Hosts(Path("/etc/hosts"), self._services)
        self._room = Room()
        self._boot_id: Path | None = None
        self._kept = {name: self._made(name) for name in LASTING}
        self._second: Kept | None = None
        self._paused: list[psutil.Process] = []
        self._created = 0
        """How often Compose made the containers."""

    # -------------------------------------------------------------- containers

    def _made(self, name: str) -> Kept:
        return Kept(partial(self._contained, name), partial(self._hosts.set, name))

    def _contained(self, name: str, suffix: str = "") -> Contained:
        """Start a container; it keeps its name while it is started again, and Compose makes it anew."""
        service, clock = self._services[name], self._around.clock.environ
        log, host = self._logs / f"{name}{suffix}.log", f"{name}-{self._created}{suffix}"
        if name == DATABASE:
            return self._database.start(self._room, clock, log, host=host, boot_id=self._boot_id)
        if name == REDIS:
            clock = {}  # its allocator and libfaketime wait for each other; it reads no clock
        given = {key: str(value) for key, value in service.get("environment", {}).items()}
        environ = {**self._image, **clock, **given}
        return Contained(self._room, service, environ, log, host=host, boot_id=self._boot_id)

    def _begin(self, *names: str) -> None:
        """Start them and wait until they are healthy, by their own health checks."""
        for name in names:
            self._kept[name].start()
        for name in names:
            self._kept[name].container.wait_healthy(HEALTHY_WITHIN_S)

    def start_database(self) -> str:
        self._begin(DATABASE)
        if not self._created:
            self._database.create_database(self._room)
        return f"postgresql+psycopg://hypersight:{self._database.password}@{DATABASE}:5432/hypersight"

    def kill_database(self) -> None:
        self._kept[DATABASE].kill()

    def start(self) -> None:
        """Do as `docker compose up`: what others depend on first, then everything at once."""
        self._created += 1
        migrating = self._contained(MIGRATE)
        assert not migrating.wait(HEALTHY_WITHIN_S), migrating.log.read_text()
        self._begin(REDIS)
        self._begin(*(name for name in LASTING if name not in NEED_NOTHING))

    def end(self) -> None:
        """Do as `docker compose down`: what depends on others first."""
        if self._second is not None:
            self._second.kill()
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._stop, (name for name in LASTING if name not in NEED_NOTHING)))
        for name in reversed(NEED_NOTHING):
            self._stop(name)

    def _stop(self, name: str) -> None:
        if self._kept[name].is_running():
            self._kept[name].stop(grace_s(self._services[name]))

    def power_off(self) -> None:
        with ThreadPoolExecutor(len(LASTING)) as pool:
            list(pool.map(Kept.kill, self._kept.values()))

    def power_on(self) -> None:
        """Start all at once as Docker's daemon does: it knows no order, and what runs once is left alone."""
        self._boot_id = self._around.folder / "boot_id"
        self._boot_id.write_text(f"{uuid.uuid4()}\n")
        for kept in self._kept.values():
            kept.start()

    # -------------------------------------------------------------- what there is

    def family(self) -> list[psutil.Process]:
        return with_var_dir(self._around.var_dir)

    def kill(self, part: str) -> None:
        self._processes(part)[0].kill()

    def pause(self, part: str) -> None:
        self._paused = self._processes(part)
        for process in self._paused:
            process.suspend()

    def go_on(self, part: str) -> None:
        for process in self._paused:
            with suppress(psutil.NoSuchProcess):  # replaced meanwhile
                process.resume()

    def _processes(self, part: str) -> list[psutil.Process]:
        """Return the processes of a part, the main one first."""
        main = self._kept[SERVICES.get(part, part)].main
        return self._api_workers(main)[:1] if part == "API worker" else [main, *main.children(recursive=True)]

    def _api_workers(self, main: psutil.Process) -> list[psutil.Process]:
        return [one for one in main.children() if "resource_tracker" not in " ".join(one.cmdline())]

    def lasting(self) -> Mapping[str, psutil.Process]:
        found = {}
        for name, kept in self._kept.items():
            with suppress(psutil.Error):
                found[name] = kept.main
        return found

    def process_of(self, lease: LeaseView) -> psutil.Process:
        inside = self._kept[WATCHERS].container.init.children(recursive=True)
        for process in inside:
            if _number_inside(process) == lease.pid:
                return process
        raise psutil.NoSuchProcess(lease.pid)

    def answers(self) -> Iterator[bool]:
        yield all(kept.is_running() for kept in self._kept.values())
        yield answers(f"{API}/readyz")()
        yield answers("http://dagster-webserver:3000/server_info")()
        yield answers("http://detector:8001/healthz")()
        yield _listens(WATCHERS, 4000)
        yield _listens("metrics", 4001)
        yield len(self._api_workers(self._kept["api"].main)) == int(
            self._services["api"]["environment"]["HYPERSIGHT_API_WORKERS"]
        )
        yield faces_arrive(API, self._token, self._live_token)

    def api(self) -> httpx.Client:
        return httpx.Client(
            base_url=API, headers={"authorization": f"Bearer {self._token}"}, timeout=10.0, trust_env=False
        )

    # -------------------------------------------------------------- a second supervisor

    def start_second_daemon(self) -> None:
        """Start another container of the service, as `--scale` does."""
        self._second = Kept(partial(self._contained, DAEMON, "-2"), lambda _: None)
        self._second.start()

    def end_second_daemon(self) -> None:
        assert self._second is not None
        self._second.stop(grace_s(self._services[DAEMON]))
        self._second = None


def in_a_room() -> int:
    """Run this very program again where the services can have their ports and names; return its exit code."""
    problem = containers.problem() or (
        None if REDIS_PROGRAM else "needs redis-server (Debian: apt install redis-server)"
    )
    if problem:
        print(f"the services of docker-compose.yml cannot run here: {problem}", file=sys.stderr)
        return 1
    subprocess.run([sys.executable, "-m", "hypersight", "prepare"], check=True, cwd=ROOT)
    with tempfile.NamedTemporaryFile(prefix="chaos-hosts-") as hosts:
        Path(hosts.name).chmod(0o644)  # the database runs as another user
        again = [sys.executable, "-m", "tests.chaos", *sys.argv[1:], "--inside"]
        return subprocess.run(in_new_room(again, Path(hosts.name), (ROOT,)), check=False).returncode


def _number_inside(process: psutil.Process) -> int:
    """Return a process' number in its own namespace; 0 when it has ended."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0
    return next(int(line.split()[-1]) for line in status.splitlines() if line.startswith("NSpid:"))


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1.0).close()
    except OSError:
        return False
    return True
