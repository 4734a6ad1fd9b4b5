"""`hypersight demo`, `up`, `migrate` and `watch`."""

import contextlib
import signal
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from hypersight import demo, footage
from hypersight.commands.history import HistoryCommand
from hypersight.database import database, opened_store
from hypersight.downloading import download_progress
from hypersight.live_lines import LiveLines
from hypersight.ports import free_port
from hypersight.processes import Running, Service, answers, stop_together
from hypersight.stack import ROOT, Stack
from hypersight_api.pages import assets
from hypersight_core.errors import SetupFailed
from hypersight_core.sealing import Keyring
from hypersight_core.settings import Settings
from hypersight_core.store import cameras, schema
from hypersight_core.store.analysts import allow_analysts
from hypersight_core.store.camera_secrets import seal_secrets
from hypersight_core.store.engine import Store
from hypersight_core.traces.begin import WATCHER, traced
from hypersight_core.watcher.watch import watch_camera
from hypersight_detector import weights
from hypersight_pipelines.storage import prepare_storage

SIMULATOR_PORT = 8081


class LocalCommands:
    """The stack on this machine."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings, self._console = settings, console

    def demo(
        self, *, sample: Path | None = None, history: bool = False, seconds: float | None = None
    ) -> None:
        """Run the whole system on real footage, until Ctrl-C.

        Args:
            sample: your own film of pedestrians, played instead of the sample footage.
            history: load seven years of real hourly counts, too, as cameras named `Replay: …`.
            seconds: end by itself after so long.
        """
        if sample is not None and not sample.is_file():
            raise SetupFailed(f"there is no file {sample}", hint="give the path of a video file")
        urls, simulators = self._simulators(sample)
        with self._started(*simulators) as stack:
            store = Store(stack.settings.database_url, application_name="hypersight demo", pool_size=1)
            try:
                demo.ensure(store, urls)
            finally:
                store.close()
            if history:
                HistoryCommand(stack.settings, self._console).history()
            self._stay(stack, seconds)

    def up(self, *, seconds: float | None = None) -> None:
        """Run the whole system with your own cameras, until Ctrl-C.

        Args:
            seconds: end by itself after so long.
        """
        with self._started() as stack:
            self._stay(stack, seconds)

    def simulate(
        self, *, host: str = "127.0.0.1", port: int = SIMULATOR_PORT, advertise: str | None = None
    ) -> None:
        """Play the demo's films as live cameras and enrol them in the database, until SIGTERM or Ctrl-C.

        Args:
            host: address to listen on.
            port: of the first camera; the next ones take the next free ones.
            advertise: host name by which watchers reach this machine; the address itself if left out.
        """
        signal.signal(signal.SIGTERM, _interrupt)
        urls, simulators = self._simulators(None, host, port)
        shown = {name: url.replace("127.0.0.1", advertise or host) for name, url in urls.items()}
        with opened_store(self._settings) as store, _running(simulators, self._settings.var_dir):
            demo.ensure(store, shown)
            self._console.print("\n".join(f"{name}: {url}" for name, url in shown.items()))
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()

    def prepare(self, *, demo_films: bool = False) -> None:
        """Fetch everything that is downloaded once: libraries of the pages, networks of the detector.

        Args:
            demo_films: also the footage of the demo.
        """
        cache_dir = self._settings.cache_dir
        with download_progress(self._console) as progress:
            assets.install(cache_dir, progress)
            weights.persons(cache_dir, progress)
            weights.faces(cache_dir, progress)
            if demo_films:
                footage.pedestrians(cache_dir, progress)
                footage.face(cache_dir, progress)
        self._console.print(f"everything is in {cache_dir}")

    def migrate(self) -> None:
        """Bring the database to the newest schema, and Dagster's tables in it to its installed release.

        Passwords and headers of cameras that were stored in the clear are encrypted.
        """
        with database(self._settings) as url:
            was_current = schema.is_current(url)
            schema.upgrade(url)
            prepare_storage(url)
            _settle(url, Keyring.of(self._settings), self._settings.analyst_password)
        self._console.print("the schema was up to date" if was_current else "the schema is up to date now")

    def watch(self, *, camera: int) -> None:
        """Watch one camera in the foreground, without Dagster, until Ctrl-C.

        Args:
            camera: its id, as `hypersight camera list` shows it.
        """
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with opened_store(self._settings) as store, store.transaction() as tx:
            cameras.get_camera(tx, camera)
        with database(self._settings) as url:
            settings = msgspec.structs.replace(self._settings, database_url=url)
            run_id = f"cli-{uuid.uuid4()}"
            with traced(settings.otel_exporter_otlp_endpoint, WATCHER, camera_id=camera, run_id=run_id):
                reason = watch_camera(settings, camera, run_id, stop)
        if reason == "disabled":
            raise SetupFailed(
                f"camera {camera} is switched off or has no enabled processor",
                hint="hypersight camera enable, or hypersight processor add",
            )

    @contextlib.contextmanager
    def _started(self, *beside: Service) -> Iterator[Stack]:
        signal.signal(signal.SIGTERM, _interrupt)
        with download_progress(self._console) as progress:
            assets.install(self._settings.cache_dir, progress)
        stack = Stack(self._settings, lambda line: self._console.print(f"[dim]{line}[/dim]"))
        stack.start(*beside)
        try:
            yield stack
        except KeyboardInterrupt:
            self._console.print("ending …")
        finally:
            _ignore_signals()
            stack.stop()

    def _simulators(
        self, sample: Path | None, host: str = "127.0.0.1", port: int = SIMULATOR_PORT
    ) -> tuple[dict[str, str], list[Service]]:
        cache_dir = self._settings.cache_dir
        with download_progress(self._console) as progress:
            films = (
                (demo.PEDESTRIANS, sample or footage.pedestrians(cache_dir, progress), sample is None),
                (demo.FACE, footage.face(cache_dir, progress), False),
            )
        urls, services = {}, []
        for name, film, is_pets in films:
            port = free_port(port)
            urls[name] = f"http://127.0.0.1:{port}/live.m3u8"
            fps = demo.PEDESTRIANS_FPS if is_pets else None
            services.append(_simulator(name, film, (host, port), fps, cache_dir))
            port += 1
        return urls, services

    def _stay(self, stack: Stack, seconds: float | None) -> None:
        stack.publish()
        settings = stack.settings
        for what, where in (
            ("page", f"{settings.api_url}/"),
            ("API documentation", f"{settings.api_url}/schema"),
            ("Dagster", settings.dagster_url),
        ):
            self._console.print(f"[bold]{what:18}[/bold] {where}")
        self._console.print("Ctrl-C ends everything\n")
        LiveLines(settings.api_url, settings.api_token, self._console).run(seconds, self._kept_up(stack))

    def _kept_up(self, stack: Stack) -> Callable[[], None]:
        def keep_up() -> None:
            for name in stack.keep_up():
                self._console.print(f"[yellow]{name} had ended and was started again[/yellow]")

        return keep_up


@contextlib.contextmanager
def _running(services: Sequence[Service], var_dir: Path) -> Iterator[None]:
    started: list[Running] = []
    try:
        started.extend(Running(one, var_dir / "logs" / f"{one.name}.log", ROOT) for one in services)
        for one in started:
            one.wait_ready()
        yield
    finally:
        stop_together(started)


def _simulator(
    name: str, film: Path, address: tuple[str, int], fps: float | None, cache_dir: Path
) -> Service:
    host, port = address
    argv = [sys.executable, "-m", "hypersight.simulator", str(film), "--host", host, "--port", str(port)]
    argv += ["--cache-dir", str(cache_dir / "simulator")]
    if fps is not None:
        argv += ["--fps", f"{fps:g}"]
    label = name.lower().replace("demo: ", "camera-")
    return Service(label, argv, answers(f"http://127.0.0.1:{port}/healthz"))


def _settle(database_url: str, keys: Keyring, analyst_password: str) -> None:
    """Encrypt what older versions stored in the clear, and let analysts in where they have a password."""
    store = Store(database_url, application_name="hypersight migrate", pool_size=1)
    try:
        with store.transaction() as tx:
            seal_secrets(tx, keys)
            if analyst_password:
                allow_analysts(tx, analyst_password)
    finally:
        store.close()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
