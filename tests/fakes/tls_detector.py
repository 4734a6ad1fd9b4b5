"""A detector behind TLS that speaks HTTP/2 and HTTP/1.1: a real server on a free loopback port."""

import asyncio
import json
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import trustme
from hypercorn.asyncio import serve
from hypercorn.config import Config

from tests.fakes.detector_server import ONE_PERSON


class TlsDetector:
    """Answers one person to every picture; a context manager that starts and stops it.

    Args:
        authority: who signs its certificate.
        protocols: what it offers to speak, the best first: `h2`, `http/1.1`.
    """

    def __init__(self, authority: trustme.CA, folder: Path, protocols: tuple[str, ...]) -> None:
        self.requests: list[tuple[str, int, bytes]] = []
        """HTTP version, port of the caller and picture of each request."""
        self.delay_s = 0.0
        self._config = Config()
        self._config.alpn_protocols = list(protocols)
        self._config.accesslog = self._config.errorlog = None
        self._certify(authority, folder)
        listening = socket.create_server(("127.0.0.1", 0))
        self._port = listening.getsockname()[1]
        self._config.bind = [f"fd://{listening.detach()}"]  # the server closes it
        self._loop = asyncio.new_event_loop()
        self._is_ending = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="tls detector")

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._port}/objects"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._is_ending.set)
        self._thread.join()
        self._loop.close()

    def _certify(self, authority: trustme.CA, folder: Path) -> None:
        issued = authority.issue_cert("127.0.0.1")
        certificate, key = folder / "server.pem", folder / "server.key"
        issued.cert_chain_pems[0].write_to_path(certificate)
        issued.private_key_pem.write_to_path(key)
        self._config.certfile, self._config.keyfile = str(certificate), str(key)

    def _run(self) -> None:
        self._loop.run_until_complete(
            serve(self._answer, self._config, shutdown_trigger=self._is_ending.wait)
        )

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        picture = b""
        while (message := await receive())["type"] == "http.request":
            picture += message["body"]
            if not message["more_body"]:
                break
        self.requests.append((scope["http_version"], scope["client"][1], picture))
        await asyncio.sleep(self.delay_s)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(ONE_PERSON).encode()})
