"""A detector for commands that need one: the configured one, the running stack's, or one of their own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from rich.console import Console

from hypersight import endpoints
from hypersight.ports import free_port
from hypersight.processes import Running, Service, answers, rotate, stop_together
from hypersight.stack import ROOT
from hypersight_core.settings import Settings


@contextmanager
def object_detector_url(settings: Settings, console: Console) -> Iterator[str]:
    """Yield the URL of a detector of persons; one started for it ends with the block.

    Raises:
        SetupFailed: the reference detector cannot be started.
    """
    running = endpoints.read(settings.var_dir)
    if running is not None:
        yield f"{running.detector}/objects"
    elif settings.object_detector_url != Settings().object_detector_url or _listens(settings):
        yield settings.object_detector_url
    else:
        with _own(settings, console) as url:
            yield url


def _listens(settings: Settings) -> bool:
    try:
        httpx.get(settings.object_detector_url, timeout=2.0, trust_env=False)
    except httpx.HTTPError:
        return False
    return True


@contextmanager
def _own(settings: Settings, console: Console) -> Iterator[str]:
    port = free_port(settings.detector_port)
    base = f"http://127.0.0.1:{port}"
    console.print("[dim]detector: starting the reference detector[/dim]")
    argv = [sys.executable, "-m", "hypersight_detector", "--port", str(port)]
    log_path = settings.var_dir / "logs" / "detector.log"
    rotate(log_path)
    service = Service(
        "detector",
        [*argv, "--cache-dir", str(settings.cache_dir)],
        answers(f"{base}/healthz"),
        ready_within_s=600,
    )
    running = Running(service, log_path, ROOT)
    try:
        running.wait_ready()
        yield f"{base}/objects"
    finally:
        stop_together([running])
