"""`/healthz`, `/readyz`, `/metrics`."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from hypersight_api.health.prometheus import Figures
from hypersight_core.store.engine import Store
from hypersight_core.store.replica import Replica

PROMETHEUS_TEXT = "text/plain; version=0.0.4"
"""The character set is added to every text."""


@get("/healthz", tags=("health",), sync_to_thread=False)
def get_healthz() -> dict[str, str]:
    """Alive: the process answers."""
    return {"status": "alive"}


@get("/readyz", tags=("health",), sync_to_thread=True)
def get_readyz(
    store: NamedDependency[Store], replica: NamedDependency[SkipValidation[Replica | None]]
) -> dict[str, str]:
    """Ready: the database answers; else 503.

    Where questions about metrics may be put to a replica, `replica` says whether they are: one that is away
    or too far behind is not asked, and the database answers in its stead.
    """
    store.ping()
    if replica is None:
        return {"status": "ready"}
    return {"status": "ready", "replica": "is asked" if replica.problem is None else replica.problem}


@get("/metrics", media_type="text/plain", tags=("health",), sync_to_thread=True)
def get_metrics(figures: NamedDependency[SkipValidation[Figures]]) -> Response[bytes]:
    """Figures in Prometheus' text form."""
    return Response(figures.text(), media_type=PROMETHEUS_TEXT)
