"""`hypersight doctor`: look at each part and say what to do."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from rich.console import Console
from rich.table import Column, Table

from hypersight import endpoints
from hypersight.database import embedded_postgres
from hypersight_core.domain.cameras import Camera
from hypersight_core.errors import DatabaseUnavailable, SourceUnavailable
from hypersight_core.reach import Reach
from hypersight_core.redaction import redacted, redacted_text
from hypersight_core.sealing import Keyring
from hypersight_core.settings import Settings
from hypersight_core.store import cameras, rollups, schema, upkeep
from hypersight_core.store.engine import Store
from hypersight_core.video.source import Access, probe

MIN_FREE_BYTES = 1 << 30
PROBE_S = 10.0
HTTP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    what: str
    is_fine: bool
    fact: str
    advice: str = ""


class DoctorCommand:
    """Checks of this machine and of what runs on it."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings, self._console = settings, console

    def doctor(self) -> None:
        """Check each part and say what to do; exit code 1 when something is wrong."""
        is_fine = True
        table = Table("part", "", Column("found", overflow="fold"), Column("what to do", overflow="fold"))
        for finding in self._findings():
            mark = "[green]ok[/green]" if finding.is_fine else "[red]problem[/red]"
            table.add_row(finding.what, mark, finding.fact, finding.advice)
            is_fine = is_fine and finding.is_fine
        self._console.print(table)
        if not is_fine:
            sys.exit(1)

    def _findings(self) -> Iterator[Finding]:
        settings = self._settings
        yield _python()
        yield _disk(settings)
        running = endpoints.read(settings.var_dir)
        yield Finding(
            "stack", True, f"running, page {running.api}" if running else "not running (hypersight up)"
        )
        url = settings.database_url or (running.database if running else "")
        if url:
            yield from _database(url, Reach.of(settings), Keyring.of(settings))
        else:
            yield _embedded(settings)
        if running:
            yield _http("detector", f"{running.detector}/healthz", "read var/logs/detector.log")
            yield _http("API", f"{running.api}/readyz", "read var/logs/api.log")
            yield _http("Dagster", f"{running.dagster}/server_info", "read var/logs/dagster-webserver.log")


def _python() -> Finding:
    found = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    return Finding("Python", sys.version_info >= (3, 11), found, "")


def _disk(settings: Settings) -> Finding:
    folder = settings.var_dir if settings.var_dir.exists() else settings.var_dir.parent
    free = shutil.disk_usage(folder).free
    return Finding(
        "disk",
        free > MIN_FREE_BYTES,
        f"{free / 1e9:.1f} GB free in {folder}",
        "" if free > MIN_FREE_BYTES else "free some space: database and spool need it",
    )


def _embedded(settings: Settings) -> Finding:
    server = embedded_postgres(settings)
    fact = "embedded server running" if server.is_running() else "embedded server, not running"
    return Finding("database", True, fact, "it starts with: hypersight up")


def _database(url: str, reach: Reach, keys: Keyring) -> Iterator[Finding]:
    store = Store(url, application_name="hypersight doctor", pool_size=1)
    try:
        yield Finding("database", True, store.ping())
        is_current = schema.is_current(url)
        yield Finding(
            "schema",
            is_current,
            "up to date" if is_current else "older than this version",
            "" if is_current else "hypersight migrate",
        )
        if is_current:
            yield _rollups(store)
            yield _partitions(store)
            with store.transaction() as tx:
                known = cameras.list_cameras(tx)
            for camera in known:
                if camera.enabled:
                    yield _camera(camera, reach, keys)
    except DatabaseUnavailable as error:
        yield Finding(
            "database", False, redacted_text(str(error)), "start it, or correct HYPERSIGHT_DATABASE_URL"
        )
    finally:
        store.close()


def _rollups(store: Store) -> Finding:
    with store.transaction() as tx:
        stale = rollups.staleness(tx)
    is_behind = stale.is_behind(datetime.now(UTC))
    since = f", the oldest of {stale.oldest.isoformat()}" if stale.oldest else ""
    return Finding(
        "rollups",
        not is_behind,
        f"{stale.hours} hours to sum up{since}" if stale.hours else "all hours are summed up",
        "metrics are exact and slow: look at the job refresh_rollups in the Dagster UI" if is_behind else "",
    )


def _partitions(store: Store) -> Finding:
    with store.transaction() as tx:
        missing = upkeep.missing_partitions(tx, datetime.now(UTC))
    return Finding(
        "partitions",
        not missing,
        f"none for tomorrow: {', '.join(missing)}" if missing else "made ahead",
        "look at the job keep_up_storage in the Dagster UI" if missing else "",
    )


def _camera(camera: Camera, reach: Reach, keys: Keyring) -> Finding:
    what = f"camera {camera.camera_id} {camera.name}"
    try:
        camera = keys.opened(camera)
        facts = probe(camera.stream_url, Access(PROBE_S, camera.http_headers, reach=reach))
    except SourceUnavailable as error:
        return Finding(what, False, redacted_text(str(error)), f"check {redacted(camera.stream_url)}")
    return Finding(what, True, f"{facts.codec} {facts.width_px}×{facts.height_px}")


def _http(what: str, url: str, advice: str) -> Finding:
    try:
        reply = httpx.get(url, timeout=HTTP_TIMEOUT_S, trust_env=False)
    except httpx.HTTPError as error:
        return Finding(what, False, f"{url}: {error}", advice)
    return Finding(
        what, reply.is_success, f"{url}: HTTP {reply.status_code}", "" if reply.is_success else advice
    )
