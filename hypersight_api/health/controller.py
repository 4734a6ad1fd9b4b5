"""`/healthz`, `/readyz`, `/metrics`."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from hypersight_api.health.prometheus import Figures
from hypersight_core.store.engine import Store

PROMETHEUS_TEXT = "text/plain; version=0.0.4"
"""The character set is added to every text."""


@get("/healthz", tags=("health",), sync_to_thread=False)
def get_healthz() -> dict[str, str]:
    """Alive: the process answers."""
    return {"status": "alive"}


@get("/readyz", tags=("health",), sync_to_thread=True)
def get_readyz(store: NamedDependency[Store]) -> dict[str, str]:
    """Ready: the database answers; else 503."""
    store.ping()
    return {"status": "ready"}


@get("/metrics", media_type="text/plain", tags=("health",), sync_to_thread=True)
def get_metrics(figures: NamedDependency[SkipValidation[Figures]]) -> Response[bytes]:
    """Figures in Prometheus' text form."""
    return Response(figures.text(), media_type=PROMETHEUS_TEXT)
