"""The system as `hypersight up` runs it, on a database that can be taken away."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import psutil

from hypersight.postgres import EmbeddedPostgres
from hypersight.processes import answers
from hypersight_core.store.leases import LeaseView
from hypersight_core.store.process_identity import BOOT_ID
from hypersight_pipelines.launching.calls import listens
from tests.chaos.children import ROOT
from tests.chaos.stack import Surroundings, with_var_dir

START_WITHIN_S, STOP_WITHIN_S = 120.0, 40.0
DAEMON_ENDS_WITHIN_S = 4.0
WELL_WITHIN_S = 15.0
PAUSED_S = 8.0
PARTS = {
    "code server": "hypersight_pipelines",
    "daemon": "hypersight_pipelines.daemon",
    "webserver": "dagster_webserver",
    "API": "hypersight_api",
}
"""What each part of the stack was started as."""
LASTING = PARTS | {"nursery": "hypersight_pipelines.launching.nursery", "hypersight up": "up"}


class Up:
    """`hypersight up` and its children; a `Stack`."""

    parts: Mapping[str, float] = dict.fromkeys(PARTS, WELL_WITHIN_S)
    pauses: Mapping[str, float] = {"webserver": PAUSED_S, "API": PAUSED_S}
    started_within_s = 40.0
    """The database, seven processes and a watcher, on two busy cores."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._database = EmbeddedPostgres(around.folder / "postgres")
        self._stack: subprocess.Popen[bytes] | None = None
        self._second_daemon: subprocess.Popen[bytes] | None = None

    # -------------------------------------------------------------- the database

    def start_database(self) -> str:
        with self._around.clock.for_children():
            return self._database.start()

    def kill_database(self) -> None:
        """Kill the server's first process; its others end by themselves."""
        os.kill(self._postmaster_pid(), signal.SIGKILL)

    def _postmaster_pid(self) -> int:
        return int((self._database.folder / "data" / "postmaster.pid").read_text().splitlines()[0])

    # -------------------------------------------------------------- everything else

    def start(self) -> None:
        self._begin()
        path = self._around.var_dir / "endpoints.json"
        ends_s = time.monotonic() + START_WITHIN_S
        while not path.exists():
            assert self._stack is not None
            assert self._stack.poll() is None, (self._around.folder / "up.log").read_text()
            assert time.monotonic() < ends_s, "the stack does not start"
            time.sleep(0.2)

    def _begin(self, behind: Sequence[str] = ()) -> None:
        """Start `hypersight up`, its command put behind another one; the last one has ended."""
        environ = {
            **os.environ,  # noqa: TID251 - what a shell hands on
            **self._around.clock.environ,
            "HYPERSIGHT_VAR_DIR": str(self._around.var_dir),
            "HYPERSIGHT_DATABASE_URL": self._database.url,
            "OBJECT_DETECTOR_URL": self._around.detector_url,
            "HYPERSIGHT_DETECTOR_TIMEOUT_S": "3",
        }
        command = [*behind, sys.executable, "-m", "hypersight", "up"]
        with (self._around.folder / "up.log").open("ab") as log:
            self._stack = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)

    def end(self) -> None:
        if self._stack is not None:
            self._stack.terminate()  # a shell in the background has its children ignore Ctrl-C
            try:
                self._stack.wait(timeout=STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._stack.kill()
                self._stack.wait()
        self._database.stop()

    def power_off(self) -> None:
        database = psutil.Process(self._postmaster_pid())
        for process in (database, *database.children(recursive=True), *self.family()):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        assert self._stack is not None
        self._stack.wait()

    def power_on(self) -> None:
        self.start_database()
        self._begin(self._another_boot())

    def _another_boot(self) -> Sequence[str]:
        """Return what a command is put behind, so that it reads another boot id."""
        unshare = shutil.which("unshare")
        boot_id = self._around.folder / "boot_id"
        boot_id.write_text(f"{uuid.uuid4()}\n")
        mount = f'mount --bind "{boot_id}" {BOOT_ID} && exec "$@"'
        prefix = [unshare or "unshare", "--mount", "sh", "-c", mount, "sh"]
        is_allowed = unshare is not None and subprocess.run([*prefix, "true"], check=False).returncode == 0
        return prefix if is_allowed else ()

    # -------------------------------------------------------------- what there is

    def family(self) -> list[psutil.Process]:
        return with_var_dir(self._around.var_dir)

    def kill(self, part: str) -> None:
        self._part(part).kill()

    def pause(self, part: str) -> None:
        self._part(part).suspend()

    def go_on(self, part: str) -> None:
        self._part(part).resume()

    def _part(self, name: str) -> psutil.Process:
        """Return the process of a part: its oldest one, others are what it started."""
        found = [one for one in self.family() if PARTS[name] in (one.info["cmdline"] or [])]
        return min(found, key=lambda one: one.info["create_time"])

    def lasting(self) -> Mapping[str, psutil.Process]:
        found: dict[str, psutil.Process] = {}
        for process in sorted(self.family(), key=lambda one: one.info["create_time"], reverse=True):
            words = process.info["cmdline"] or []
            found |= {name: process for name, word in LASTING.items() if word in words}
        return found

    def process_of(self, lease: LeaseView) -> psutil.Process:
        return psutil.Process(lease.pid)

    def answers(self) -> Iterator[bool]:
        endpoints = self._endpoints()
        yield answers(endpoints["api"] + "/readyz")()
        yield answers(endpoints["dagster"] + "/server_info")()
        yield listens(self._around.var_dir / "dagster" / "code.sock")
        yield all(
            any(part in (one.info["cmdline"] or []) for one in self.family()) for part in PARTS.values()
        )

    def api(self) -> httpx.Client:
        return httpx.Client(base_url=self._endpoints()["api"], timeout=10.0, trust_env=False)

    def _endpoints(self) -> dict[str, Any]:
        """Return where everything listens, by the stack's own word."""
        found: dict[str, Any] = json.loads((self._around.var_dir / "endpoints.json").read_text())
        return found

    # -------------------------------------------------------------- a second supervisor

    def start_second_daemon(self) -> None:
        home = self._around.var_dir / "dagster"
        environ = {**os.environ, **self._part("daemon").environ()}  # noqa: TID251 - what the first one runs with
        argv = [sys.executable, "-m", "dagster._daemon", "run", "-w", str(home / "workspace.yaml")]
        with (self._around.folder / "second-daemon.log").open("wb") as log:
            self._second_daemon = subprocess.Popen(argv, env=environ, stdout=log, stderr=log)

    def end_second_daemon(self) -> None:
        assert self._second_daemon is not None
        self._second_daemon.terminate()
        try:
            self._second_daemon.wait(timeout=DAEMON_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:  # a tick in hand looks for most of a minute
            self._second_daemon.kill()
            self._second_daemon.wait()
        self._second_daemon = None
