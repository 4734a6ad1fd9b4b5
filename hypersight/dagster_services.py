"""Dagster in the local stack: one code server, the daemon and the UI, all over the same database."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hypersight.processes import Service, answers
from hypersight_core.settings import Settings
from hypersight_pipelines.dbt_project import MANIFEST
from hypersight_pipelines.instance import STORAGE_VARIABLE, storage_url
from hypersight_pipelines.launching.calls import listens
from hypersight_pipelines.storage import prepare_storage

CODE, METRICS = "dagster-code", "dagster-metrics"
DAEMON, WEBSERVER = "dagster-daemon", "dagster-webserver"
MAX_SOCKET_PATH = 100
CODE_ENDS_WITHIN_S = 8.0
"""Its runs end before it."""
TICK_ENDS_WITHIN_S = "180"
"""The supervisor looks for 44 s of Dagster's usual 60, which a slow machine may exceed."""
CONNECTION_KEPT_S = "1"
"""Kept for longer by the UI, it may be to a server that was started anew since, and a click would fail."""


def dagster_services(settings: Settings, root: Path) -> Iterator[Service]:
    """Yield Dagster's processes; the code server is shared, so that the code is loaded once.

    Args:
        root: the checkout; `deploy/dagster.yaml` in it is the instance's configuration.
    """
    home = settings.var_dir / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    config = (root / "deploy" / "dagster.yaml").read_text(encoding="utf-8")
    nursery = home / "nursery.sock" if settings.fork_watchers else None
    (home / "dagster.yaml").write_text(config + (_launcher(nursery) if nursery else ""), encoding="utf-8")
    address, metrics_address = _socket_path(home, "code.sock"), _socket_path(home, "metrics.sock")
    workspace = home / "workspace.yaml"
    has_models = MANIFEST.is_file()  # a system without dbt watches all the same
    models = _served("metrics", metrics_address) if has_models else ""
    workspace.write_text("load_from:\n" + _served("hypersight", address) + models)
    prepare_storage(settings.database_url)
    environ = {
        **settings.environ(),
        "DAGSTER_HOME": str(home),
        "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS": TICK_ENDS_WITHIN_S,
        STORAGE_VARIABLE: storage_url(settings.database_url),
    }
    yield Service(
        CODE,
        [sys.executable, "-m", "hypersight_pipelines", *_at(address), *_forking(nursery)],
        lambda: listens(address) and (nursery is None or listens(nursery)),
        environ,
        stop_within_s=CODE_ENDS_WITHIN_S,
        is_needed_by_next=True,
    )
    if has_models:
        yield Service(
            METRICS,
            [sys.executable, "-m", "hypersight_pipelines", "--location", "metrics", *_at(metrics_address)],
            lambda: listens(metrics_address),
            environ,
            stop_within_s=CODE_ENDS_WITHIN_S,
        )
    port = str(settings.dagster_port)
    shown = ["-h", "127.0.0.1", "-p", port, "-w", str(workspace), "--db-pool-recycle", CONNECTION_KEPT_S]
    yield Service(
        WEBSERVER,
        [sys.executable, "-m", "dagster_webserver", *shown],
        answers(f"http://127.0.0.1:{port}/server_info"),
        environ,
    )
    yield Service(
        DAEMON,
        [sys.executable, "-m", "hypersight_pipelines.daemon", "run", "-w", str(workspace)],
        lambda: True,  # it listens nowhere; that cameras are watched shows that it works
        environ,
        stop_within_s=4.0,  # a tick in hand takes as long; what it launches waits for the next start
    )


def _launcher(nursery: Path) -> str:
    """Return what names our run launcher; without it Dagster's default one starts watchers too."""
    return f"""
run_launcher:
  module: hypersight_pipelines.launching.launcher
  class: ForkingRunLauncher
  config:
    socket_path: "{nursery}"
"""


def _forking(nursery: Path | None) -> tuple[str, ...]:
    return () if nursery is None else ("--nursery", str(nursery))


def _served(location: str, address: Path) -> str:
    return f"  - grpc_server:\n      socket: {address}\n      location_name: {location}\n"


def _at(address: Path) -> tuple[str, ...]:
    return ("--socket", str(address))


def _socket_path(home: Path, name: str) -> Path:
    """Return where a code server listens: the kernel allows about a hundred characters."""
    path = home / name
    if len(str(path)) < MAX_SOCKET_PATH:
        return path
    return Path(tempfile.mkdtemp(prefix="hypersight-")) / name
