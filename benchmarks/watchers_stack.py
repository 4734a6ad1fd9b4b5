"""The real stack for `benchmarks.watchers`, with a detector that answers at once and remembers who asked."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import psutil
import sqlalchemy as sa

from hypersight import demo, footage
from hypersight.dagster_services import CODE, WEBSERVER, dagster_services
from hypersight.postgres import EmbeddedPostgres
from hypersight.processes import Running, stop_together
from hypersight_core.domain.cameras import CameraSettings, ProcessorSettings
from hypersight_core.settings import Settings
from hypersight_core.store import cameras, processors, schema
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import read_leases

ROOT = Path(__file__).parents[1]
WATCH_FPS = 1.0
PATIENCE_S = 180.0
DAEMON_BEGINS_S = 8.0


class NullDetector:
    """Finds nobody; remembers when each connection asked first."""

    def __init__(self) -> None:
        self.first_asked_s: dict[int, float] = {}
        """By the caller's port, on this machine's monotonic clock."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where pictures are posted."""
        return f"http://127.0.0.1:{self._server.server_port}/objects"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        first_asked_s = self.first_asked_s

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                first_asked_s.setdefault(self.client_address[1], time.monotonic())
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(200)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"[]")

            def log_message(self, *_: object) -> None:
                return

        return Handler


class Bench:
    """The running stack, and what it is asked."""

    def __init__(
        self, store: Store, detector: NullDetector, stream_url: str, running: Sequence[Running], count: int
    ) -> None:
        self._store, self._detector, self._running = store, detector, running
        self.stream_url, self.detector_url = stream_url, detector.url
        self.camera_ids = [self._added(number) for number in range(1, count + 1)]

    def enable(self, camera_ids: Sequence[int]) -> None:
        """Switch cameras on, in one transaction."""
        self._switch(camera_ids, enabled=True)

    def disable(self, camera_ids: Sequence[int]) -> None:
        """Switch cameras off, in one transaction."""
        self._switch(camera_ids, enabled=False)

    def first_call_s(self, camera_id: int, *, after_s: float) -> float:
        """Wait for the camera's watcher to ask the detector; return when it did first."""
        while time.monotonic() < after_s + PATIENCE_S:
            ports = self._ports(camera_id)
            asked = [
                at for port, at in self._detector.first_asked_s.items() if port in ports and at > after_s
            ]
            if asked:
                return min(asked)
            time.sleep(0.05)
        raise TimeoutError(f"camera {camera_id} is not watched after {PATIENCE_S:.0f} s")

    def wait_unwatched(self, camera_id: int) -> None:
        """Wait until the camera's watcher gave it back."""
        while self._pid(camera_id) is not None:
            time.sleep(0.05)

    def watchers(self) -> list[psutil.Process]:
        """Return the processes that watch."""
        return [psutil.Process(pid) for one in self.camera_ids if (pid := self._pid(one)) is not None]

    def services(self) -> dict[str, psutil.Process]:
        """Return Dagster's processes by name, the code server's child included."""
        found = {one.service.name: psutil.Process(one.process.pid) for one in self._running}
        for child in found[CODE].children():
            found[f"{CODE}/{_last_word(child)}"] = child
        return found

    def connections(self) -> dict[str, int]:
        """Return the database's connections by who opened them, camera numbers left out."""
        query = """
            SELECT regexp_replace(application_name, ' [0-9]+$', '') AS who, count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() GROUP BY 1 ORDER BY 1"""
        with self._store.transaction() as tx:
            return {row[0]: row[1] for row in tx.execute(sa.text(query))}

    def _switch(self, camera_ids: Sequence[int], *, enabled: bool) -> None:
        with self._store.transaction() as tx:
            for camera_id in camera_ids:
                now = cameras.get_camera(tx, camera_id)
                cameras.change_camera(tx, camera_id, replace(now, enabled=enabled))

    def _added(self, number: int) -> int:
        settings = CameraSettings(
            name=f"bench {number}", stream_url=self.stream_url, watch_fps=WATCH_FPS, enabled=False
        )
        with self._store.transaction() as tx:
            camera_id = cameras.create_camera(tx, settings).camera_id
            processors.create_processor(
                tx, camera_id, ProcessorSettings(kind="traffic", zones=(demo.WALKWAY,))
            )
        return camera_id

    def _pid(self, camera_id: int) -> int | None:
        with self._store.transaction() as tx:
            leases = [one for one in read_leases(tx) if one.camera_id == camera_id and one.is_live]
        return leases[0].pid if leases else None

    def _ports(self, camera_id: int) -> set[int]:
        pid = self._pid(camera_id)
        try:
            own = psutil.Process(pid).net_connections("tcp") if pid else []
        except psutil.NoSuchProcess:
            return set()
        return {connection.laddr.port for connection in own}


@contextmanager
def running_bench(var_dir: Path, count: int, launcher: str) -> Iterator[Bench]:
    """Start everything but the UI in its own folder; end it again."""
    with ExitStack() as stack:
        url = stack.enter_context(EmbeddedPostgres(var_dir / "postgres")).url
        schema.upgrade(url)
        store = Store(url, application_name="hypersight bench", pool_size=2)
        stack.callback(store.close)
        detector = NullDetector()
        stack.callback(detector.close)
        stream_url = stack.enter_context(_simulated_camera())
        settings = msgspec.structs.replace(
            Settings(),
            database_url=url,
            object_detector_url=detector.url,
            var_dir=var_dir,
            fork_watchers=launcher == "ours",
        )
        running: list[Running] = []
        stack.callback(lambda: stop_together(running))
        for service in dagster_services(settings, ROOT):
            if service.name == WEBSERVER:
                continue
            running.append(Running(service, var_dir / "logs" / f"{service.name}.log", ROOT))
            running[-1].wait_ready()
        time.sleep(DAEMON_BEGINS_S)
        yield Bench(store, detector, stream_url, running, count)


@contextmanager
def _simulated_camera() -> Iterator[str]:
    cache_dir = Settings.from_environ({}).cache_dir
    film = footage.pedestrians(cache_dir)
    options = ["--fps", str(demo.PEDESTRIANS_FPS), "--cache-dir", str(cache_dir / "simulator")]
    command = [sys.executable, "-m", "hypersight.simulator", str(film), *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = process.stdout.readline() if process.stdout else ""
            yield json.loads(said)["url"]
        finally:
            process.terminate()


def _last_word(process: psutil.Process) -> str:
    return next((word for word in reversed(process.cmdline()) if word.isidentifier()), str(process.pid))
