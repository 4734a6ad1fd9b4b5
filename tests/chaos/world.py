"""The system under test, on a detector and a camera that can be taken away."""

import subprocess
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import sqlalchemy as sa

from hypersight.simulator import CameraSimulator
from hypersight_core.domain.cameras import Camera, Processor
from hypersight_core.errors import DatabaseUnavailable
from hypersight_core.store import cameras, processors, schema
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import LeaseView, read_leases
from tests.builders import camera_settings, processor_settings
from tests.chaos.children import Child, free_port
from tests.chaos.clock import MachineClock
from tests.chaos.stack import Stack, Surroundings
from tests.chaos.street import SQUARE_ZONE, Street
from tests.chaos.up import Up
from tests.clips import write_film

FILM = Street(seconds=60.0, gop_s=1.0, width_px=320, height_px=180)
LARGE_FILM = Street(seconds=60.0, gop_s=1.0, width_px=640, height_px=360)
SPOOL_DISK_KB = 8192
FRESH_S = 6.0
"""A watcher whose position is older than this is not watching again yet: three segments and a heartbeat."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is watched, and how."""

    films: tuple[Street, ...] = (FILM, LARGE_FILM)
    """The first is shown; faults show the others."""
    segment_s: float = 1.0
    window: int = 15
    watch_fps: float = 5.0
    cameras: int = 1
    """So many look at the same stream."""

    @property
    def window_s(self) -> float:
        """So much of it the stream holds."""
        return self.segment_s * self.window


CHAOS = Scene()


class World:
    """Everything that runs, from one folder; a context manager that starts and ends it."""

    def __init__(
        self, folder: Path, scene: Scene = CHAOS, made: Callable[[Surroundings], Stack] = Up
    ) -> None:
        self.folder, self.scene = folder, scene
        self.var_dir = folder / "var"
        self.began_at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=10)
        self.spool_dir = self.var_dir / "spool"
        self.clock = MachineClock()
        self.has_small_spool = False
        self.orphans: list[str] = []
        """Processes that outlived the stack; known after its end."""
        self._made = made
        self._exit = ExitStack()

    def __enter__(self) -> "World":
        try:
            self._start()
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def _start(self) -> None:
        films = [write_film(self.folder / f"{film.width_px}.mp4", film) for film in self.scene.films]
        self.simulators = [self._simulator(film) for film in films]
        for simulator in self.simulators:
            self._exit.enter_context(simulator)
            _ = simulator.film_s  # waits until the segments that the other processes serve are written
        port = str(free_port())
        self._camera_argv = [
            ["hypersight.simulator", str(film), "--port", port, "--segment-s", f"{self.scene.segment_s:g}",
             "--window", str(self.scene.window), "--cache-dir", str(self.folder / "films"),
             "--began-at", self.began_at.isoformat()]
            for film in films
        ]  # fmt: skip
        self.camera = self._child(*self._camera_argv[0])
        detector_port = str(free_port())
        self.detector = self._child("tests.chaos.street", detector_port)
        self.has_small_spool = self._mounted()
        self._exit.callback(self.clock.close)
        around = Surroundings(
            self.folder, self.var_dir, self.clock, f"http://127.0.0.1:{detector_port}/objects"
        )
        self.stack = self._made(around)
        self._exit.callback(self._end_stack)
        url = self.stack.start_database()
        schema.upgrade(url)
        self.store = Store(url, application_name="chaos", pool_size=1)
        self._exit.callback(self.store.close)
        address = f"http://127.0.0.1:{port}/live.m3u8"
        self.all_watched = [self._configured(address) for _ in range(self.scene.cameras)]
        self.watched, self.processors = self.all_watched[0]
        self.stack.start()

    def _simulator(self, film: Path) -> CameraSimulator:
        return CameraSimulator(
            film,
            segment_s=self.scene.segment_s,
            window=self.scene.window,
            cache_dir=self.folder / "films",
            began_at=self.began_at,
        )

    def _mounted(self) -> bool:
        """Give the spool a small disk of its own that can run full; False where that is not allowed."""
        self.spool_dir.mkdir(parents=True)
        size = ["-o", f"size={SPOOL_DISK_KB}k"]
        mounted = subprocess.run(["mount", "-t", "tmpfs", *size, "tmpfs", str(self.spool_dir)], check=False)
        if mounted.returncode == 0:
            self._exit.callback(subprocess.run, ["umount", "-l", str(self.spool_dir)], check=False)
        return mounted.returncode == 0

    def _child(self, *argv: str) -> Child:
        child = Child(*argv, log_path=self.folder / f"{argv[0]}.log")
        self._exit.callback(child.kill)
        return child

    def _configured(self, url: str) -> tuple[Camera, tuple[Processor, ...]]:
        with self.store.transaction() as tx:
            wanted = camera_settings(stream_url=url, watch_fps=self.scene.watch_fps)
            camera = cameras.create_camera(tx, wanted)
            made = tuple(
                processors.create_processor(
                    tx, camera.camera_id, processor_settings(kind=kind, zones=(SQUARE_ZONE,))
                )
                for kind in ("traffic", "objects")
            )
        return camera, made

    def _end_stack(self) -> None:
        self.stack.end()
        for left in self.stack.family():
            self.orphans.append(" ".join(left.info["cmdline"] or [left.name()]))
            with suppress(psutil.NoSuchProcess):
                left.kill()

    # -------------------------------------------------------------- what there is

    def says(self, text: str) -> bool:
        """Whether the watcher says so in its status and in its log."""
        lease = self.lease()
        log = self.var_dir / "logs" / f"watcher-{self.watched.camera_id}.log"
        return lease is not None and text in lease.detail and "the clock was set" in log.read_text()

    def lease(self) -> LeaseView | None:
        """Return the camera's lease; None when it has none or the database is away."""
        try:
            with self.store.transaction() as tx:
                leases = read_leases(tx)
        except DatabaseUnavailable:
            return None
        return next((one for one in leases if one.camera_id == self.watched.camera_id), None)

    def watcher(self) -> psutil.Process:
        """Return the process that watches."""
        lease = self.lease()
        assert lease is not None, "nobody watches"
        return self.stack.process_of(lease)

    def is_well(self) -> bool:
        """Say whether everything answers and the newest segments are counted."""
        lease = self.lease()
        if lease is None or not lease.is_live or lease.position_at is None:
            return False
        is_fresh = datetime.now(UTC) - lease.position_at < timedelta(seconds=FRESH_S)
        return is_fresh and lease.state == "watching" and self._answers()

    def _answers(self) -> bool:
        try:
            return all(self.stack.answers())
        except psutil.NoSuchProcess:  # a part is just being replaced
            return False

    def rows(self, sql: str, **values: object) -> list[Any]:
        """Return the rows of a query."""
        with self.store.transaction() as tx:
            return list(tx.execute(sa.text(sql), values).mappings())

    # -------------------------------------------------------------- what is done to it

    def show_film(self, index: int) -> None:
        """Let the camera send film 0 or, at twice the resolution, film 1."""
        self.camera.restart(*self._camera_argv[index])

    def camera_fault(self, name: str) -> None:
        """Order the camera to misbehave."""
        url = self.watched.stream_url.replace("/live.m3u8", "/fault")
        httpx.post(url, content=name, timeout=5.0, trust_env=False).raise_for_status()

    def api(self, method: str, path: str, **body: object) -> Any:
        """Ask the API; the answer's JSON, None when there is none."""
        with self.stack.api() as client:
            reply = client.request(method, path, json=body or None)
        reply.raise_for_status()
        return reply.json() if reply.content else None
