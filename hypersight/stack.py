"""The local stack: database, detector, API, Dagster, started in order and ended in order."""

import fcntl
import logging
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from hypersight import endpoints
from hypersight.dagster_services import dagster_services
from hypersight.database import embedded_postgres
from hypersight.ports import free_port
from hypersight.postgres import EmbeddedPostgres
from hypersight.processes import Running, Service, answers, keep_short, rotate, stop_adopted, stop_together
from hypersight_core.errors import SetupFailed
from hypersight_core.settings import Settings
from hypersight_core.store import schema
from hypersight_pipelines import orphans

logger = logging.getLogger(__name__)

ROOT = Path(__file__).parents[1]
Say = Callable[[str], None]
DETECTOR = "detector"
ORPHANS_END_WITHIN_S = 5.0
"""Time for watchers whose parent was killed to finish the segment in hand."""


@contextmanager
def only_one(var_dir: Path) -> Iterator[None]:
    """Hold `var_dir` for one stack.

    Raises:
        SetupFailed: another stack runs from it.
    """
    var_dir.mkdir(parents=True, exist_ok=True)
    with (var_dir / "stack.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            running = endpoints.read(var_dir)
            where = f"its page: {running.api}" if running else "it is just starting or ending"
            raise SetupFailed(
                f"hypersight runs already from {var_dir} ({where})",
                hint="use that one, end it with Ctrl-C, or set HYPERSIGHT_VAR_DIR to another folder",
            ) from error
        yield


class Stack:
    """Everything hypersight needs on one machine, as child processes of this one."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self._say = say
        self._asked = settings
        self.settings = settings
        """With the ports and the database that were really taken; valid after `start`."""
        self._exit = ExitStack()
        self._running: list[Running] = []
        self._database: EmbeddedPostgres | None = None

    def start(self, *beside: Service) -> None:
        """Start all parts, and the services `beside` them, and wait until each answers.

        Raises:
            SetupFailed: a part did not start; what was started is ended again.
        """
        try:
            self._exit.enter_context(only_one(self._asked.var_dir))
            self._exit.callback(endpoints.remove, self._asked.var_dir)
            self.settings = self._prepared()
            orphans.adopt()  # watchers outlive what started them
            for service in (*self._services(), *beside):
                self._begin(service)
            for running in self._running:
                running.wait_ready()
                self._say(f"{running.service.name}: ready")
        except BaseException:
            self.stop()
            raise

    def publish(self) -> None:
        """Write `endpoints.json`: everything is there now."""
        self._endpoints().write(self.settings.var_dir)

    def keep_up(self) -> list[str]:
        """Start again what ended by itself; return the names of those services."""
        for one in self._running:
            keep_short(one.log_path)
        if self._database is not None:
            keep_short(self._database.log_path)
        restarted = [one.service.name for one in self._running if one.restart_if_ended()]
        orphans.collect({one.process.pid for one in self._running})
        return [*restarted, *(["database"] if self._has_restarted_database() else [])]

    def stop(self) -> None:
        """End everything: what the watchers need to finish the segment in hand goes last."""
        stop_together([one for one in self._running if one.service.name != DETECTOR])
        if self._running:
            stop_adopted({one.process.pid for one in self._running}, ORPHANS_END_WITHIN_S)
        stop_together([one for one in self._running if one.service.name == DETECTOR])
        self._running = []
        self._exit.close()

    def _has_restarted_database(self) -> bool:
        if self._database is None or self._database.is_running():
            return False
        try:
            self._database.start()
        except SetupFailed as error:
            logger.warning("the database does not start, it is tried again", extra={"reason": str(error)})
            return False
        return True

    def _prepared(self) -> Settings:
        asked = self._asked
        ports = _ports(asked)
        url = asked.database_url
        if not url:
            self._database = embedded_postgres(asked)
            self._say("database: starting the embedded PostgreSQL")
            url = self._database.start()
            self._exit.callback(self._database.stop)
        schema.upgrade(url)
        detector = f"http://127.0.0.1:{ports['detector']}"
        default = Settings()
        return msgspec.structs.replace(
            asked,
            database_url=url,
            api_port=ports["api"],
            api_url=f"http://127.0.0.1:{ports['api']}",
            dagster_port=ports["dagster"],
            dagster_url=asked.dagster_url or f"http://127.0.0.1:{ports['dagster']}",
            page_url=asked.page_url or f"http://127.0.0.1:{ports['api']}",
            detector_port=ports["detector"],
            object_detector_url=_or(asked, default, "object_detector_url", f"{detector}/objects"),
            face_detector_url=_or(asked, default, "face_detector_url", f"{detector}/faces"),
            live_token=asked.live_token or secrets.token_urlsafe(24),
        )

    def _services(self) -> Iterator[Service]:
        settings = self.settings
        environ = settings.environ()
        yield Service(
            DETECTOR,
            [sys.executable, "-m", "hypersight_detector", *_options(settings)],
            answers(f"http://127.0.0.1:{settings.detector_port}/healthz"),
            environ,
            ready_within_s=600.0,
        )
        yield Service(
            "api",
            [sys.executable, "-m", "hypersight_api"],
            answers(f"{settings.api_url}/readyz"),
            environ,
        )
        yield from dagster_services(settings, ROOT)

    def _begin(self, service: Service) -> None:
        log_path = self.settings.var_dir / "logs" / f"{service.name}.log"
        rotate(log_path)
        running = Running(service, log_path, ROOT)
        self._running.append(running)
        if service.is_needed_by_next:
            running.wait_ready()

    def _endpoints(self) -> endpoints.Endpoints:
        settings = self.settings
        return endpoints.Endpoints(
            api=settings.api_url,
            dagster=settings.dagster_url,
            detector=f"http://127.0.0.1:{settings.detector_port}",
            faces=f"ws://127.0.0.1:{settings.api_port}/faces",
            database=settings.database_url,
            pid=os.getpid(),
        )


def _or(asked: Settings, default: Settings, field: str, ours: str) -> str:
    value: str = getattr(asked, field)
    return ours if value == getattr(default, field) else value


def _ports(asked: Settings) -> dict[str, int]:
    taken: set[int] = set()
    ports = {}
    for name, wanted in (
        ("api", asked.api_port),
        ("dagster", asked.dagster_port),
        ("detector", asked.detector_port),
    ):
        ports[name] = free_port(wanted, taken=frozenset(taken))
        taken.add(ports[name])
    return ports


def _options(settings: Settings) -> list[str]:
    return ["--port", str(settings.detector_port), "--cache-dir", str(settings.cache_dir)]
