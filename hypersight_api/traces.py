"""A span for each request, in the trace of whoever asked.

OpenTelemetry's own middleware writes whole addresses, and a query string here may hold a token or a camera's
password: this one tells the route's template and nothing else of the address.
"""

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from hypersight_core.traces import spans


class TraceRequests(ASGIMiddleware):
    """Makes a span of every request over HTTP."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Answer within a span."""
        method, route = str(scope.get("method", "")), str(scope.get("path_template") or "/")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        with spans.root(f"{method} {route}", headers=headers) as span:
            span.say(http__request__method=method, http__route=route)

            async def told(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.say(http__response__status_code=message["status"])
                await send(message)

            await next_app(scope, receive, told)
