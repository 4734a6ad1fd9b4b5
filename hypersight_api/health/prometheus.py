"""Figures for Prometheus, in a registry of this application's own."""

import time

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from hypersight_api.health.replicas import ReplicaCollector
from hypersight_api.health.watchers import WatcherCollector
from hypersight_api.workers import figures_folder
from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store
from hypersight_core.store.replica import Replica
from hypersight_core.store.spool_depths import SpoolDepths


class Figures:
    """All figures of one application."""

    def __init__(self, store: Store, settings: Settings, replica: Replica | None) -> None:
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
        self.viewers = Gauge(
            "hypersight_faces_viewers",
            "Clients of the faces websocket",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        spools = SpoolDepths(settings.var_dir / "spool")
        self._watchers = WatcherCollector(store, spools, settings.spool_max_mb * 1024**2)
        self._replica = ReplicaCollector(replica)
        self._shared_in = figures_folder()

    def text(self) -> bytes:
        """Return everything in Prometheus' text form, of all API processes on this port."""
        told = CollectorRegistry()
        told.register(self._watchers)
        told.register(self._replica)
        if self._shared_in is None:
            return generate_latest(self._registry) + generate_latest(told)
        MultiProcessCollector(told, self._shared_in)  # type: ignore[no-untyped-call]
        return generate_latest(told)


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
