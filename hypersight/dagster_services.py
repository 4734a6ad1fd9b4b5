"""Dagster in the local stack: one code server, the daemon and the UI, all over the same database."""

import contextlib
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import psutil

from hypersight.processes import Running, Service
from hypersight_core.settings import Settings
from hypersight_core.store.namespaces import ensure_namespace
from hypersight_pipelines.instance import storage_url

CODE, DAEMON, WEBSERVER = "dagster-code", "dagster-daemon", "dagster-webserver"
SCHEMA = "dagster"
MAX_SOCKET_PATH = 100
WATCHERS_END_WITHIN_S = 5.0


def dagster_services(settings: Settings, root: Path) -> Iterator[Service]:
    """Yield Dagster's processes; the code server is shared, so that the code is loaded once.

    Args:
        root: the checkout; `deploy/dagster.yaml` in it is the instance's configuration.
    """
    home = settings.var_dir / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(root / "deploy" / "dagster.yaml", home / "dagster.yaml")
    address = _socket_path(home)
    workspace = home / "workspace.yaml"
    workspace.write_text(
        f"load_from:\n  - grpc_server:\n      socket: {address}\n      location_name: hypersight\n"
    )
    ensure_namespace(settings.database_url, SCHEMA)
    environ = {
        **settings.environ(),
        "DAGSTER_HOME": str(home),
        "DAGSTER_POSTGRES_URL": storage_url(settings.database_url),
    }
    module = ["--module-name", "hypersight_pipelines.definitions", "--working-directory", str(root)]
    named = ["--location-name", "hypersight", "--log-level", "warning"]
    yield Service(
        CODE,
        [sys.executable, "-m", "dagster", "api", "grpc", "--socket", str(address), *module, *named],
        _accepts(address),
        environ,
        is_needed_by_next=True,
    )
    port = str(settings.dagster_port)
    yield Service(
        WEBSERVER,
        [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", port, "-w", str(workspace)],
        _serves(f"http://127.0.0.1:{port}/server_info"),
        environ,
    )
    yield Service(
        DAEMON,
        [sys.executable, "-m", "dagster._daemon", "run", "-w", str(workspace)],
        lambda: True,  # it listens nowhere; that cameras are watched shows that it works
        environ,
        stop_within_s=6.0,
    )


def stop_watchers(running: Sequence[Running]) -> None:
    """End the daemon, so that nothing is launched any more, and let every watcher finish in order.

    The code server would wait for its runs without telling them anything, so they are told here.
    """
    by_name = {one.service.name: one for one in running}
    daemon, code = by_name.get(DAEMON), by_name.get(CODE)
    if daemon is not None:
        daemon.ask_to_stop()
    if code is not None:
        _terminated(code)
    if daemon is not None:
        daemon.ensure_stopped()
    if code is not None:
        psutil.wait_procs(_terminated(code), timeout=WATCHERS_END_WITHIN_S)


def _terminated(code: Running) -> list[psutil.Process]:
    try:
        children = list(psutil.Process(code.process.pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.terminate()
    return children


def _socket_path(home: Path) -> Path:
    """Return where the code server listens: the kernel allows about a hundred characters."""
    path = home / "code.sock"
    if len(str(path)) < MAX_SOCKET_PATH:
        return path
    return Path(tempfile.mkdtemp(prefix="hypersight-")) / "code.sock"


def _accepts(path: Path) -> Callable[[], bool]:
    def is_ready() -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except OSError:
                return False
        return True

    return is_ready


def _serves(url: str) -> Callable[[], bool]:
    def is_ready() -> bool:
        try:
            return httpx.get(url, timeout=2.0, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    return is_ready
