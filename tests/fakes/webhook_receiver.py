"""Somebody who hears of outages: a real HTTP server on a free loopback port."""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.fakes.http_beside import HttpBeside


class WebhookReceiver(HttpBeside):
    """Keeps what is posted and answers `status`, which may be changed; use it as a context manager."""

    def __init__(self) -> None:
        self.status = 204
        self.received: list[tuple[dict[str, str], bytes]] = []
        """Headers, their names in lower case, and bodies."""
        super().__init__(self._handler())

    @property
    def url(self) -> str:
        return f"{self.base_url}/services/T0KEN"

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.received]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.received.append(
                    ({name.lower(): value for name, value in self.headers.items()}, body)
                )
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
                return

        return Handler
