"""Figures for Prometheus, in a registry of this application's own."""

import time
from collections.abc import Iterator

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hypersight_api.faces.hub import FacesHub
from hypersight_core.errors import HypersightError
from hypersight_core.store import cameras
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import LeaseView, read_leases


class Figures:
    """All figures of one application."""

    def __init__(self, store: Store, hub: FacesHub) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "hypersight_api_requests",
            "Requests answered",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self.seconds = Histogram(
            "hypersight_api_request_seconds",
            "Time until a request was answered",
            ("route",),
            registry=self._registry,
        )
        viewers = Gauge("hypersight_faces_viewers", "Clients of the faces websocket", registry=self._registry)
        viewers.set_function(lambda: hub.viewer_count)
        self._registry.register(_Watchers(store))

    def text(self) -> bytes:
        """Return everything in Prometheus' text form."""
        return generate_latest(self._registry)


class CountRequests(ASGIMiddleware):
    """Counts every request by its route's template, never by its real path."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Answer and count."""
        started_s = time.monotonic()
        method, route = str(scope.get("method", "")), str(scope.get("path_template") or "/")

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._figures.requests.labels(method, route, message["status"]).inc()
                self._figures.seconds.labels(route).observe(time.monotonic() - started_s)
            await send(message)

        await next_app(scope, receive, counted)


class _Watchers(Collector):
    """Reads the leases when asked; a database that is away is a figure too."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        try:
            with self._store.transaction() as tx:
                leases = {lease.camera_id: lease for lease in read_leases(tx)}
                ids = [camera.camera_id for camera in cameras.list_cameras(tx)]
        except HypersightError:
            yield GaugeMetricFamily("hypersight_database_up", "Whether the database answers", value=0)
            return
        yield GaugeMetricFamily("hypersight_database_up", "Whether the database answers", value=1)
        yield from _families({camera_id: leases.get(camera_id) for camera_id in ids})


def _families(leases: dict[int, LeaseView | None]) -> Iterator[Metric]:
    watching = GaugeMetricFamily(
        "hypersight_camera_watching", "Whether a live process watches the camera", labels=("camera_id",)
    )
    lag = GaugeMetricFamily(
        "hypersight_camera_lag_seconds", "How far its watcher is behind the stream", labels=("camera_id",)
    )
    age = GaugeMetricFamily(
        "hypersight_camera_heartbeat_age_seconds", "Since its watcher was heard of", labels=("camera_id",)
    )
    for camera_id, lease in leases.items():
        labels = (str(camera_id),)
        watching.add_metric(labels, float(lease is not None and lease.is_live))
        if lease is not None:
            age.add_metric(labels, lease.heartbeat_age_s)
        if lease is not None and lease.is_live and lease.lag_s is not None:
            lag.add_metric(labels, lease.lag_s)
    yield from (watching, lag, age)
