"""Figures for Prometheus, in a registry of this application's own."""

import time

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from hypersight_api.faces.hub import FacesHub
from hypersight_api.health.watchers import WatcherCollector
from hypersight_core.store.engine import Store


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
        self._registry.register(WatcherCollector(store))

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
