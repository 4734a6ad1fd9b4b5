"""A web server for a folder, with what web servers differ in."""

import base64
import hashlib
import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

REALM = "camera"


class _Files(http.server.BaseHTTPRequestHandler):
    folder = Path()
    knows_ranges = True
    login = ""
    is_digest = False
    token = ""
    headers_wanted: ClassVar[dict[str, str]] = {}
    moved_to = ""
    """Path prefix, or another server's address, that `/moved/…` redirects to."""
    seen: ClassVar[list[tuple[str, dict[str, str]]]] = []
    """Path and headers of every request."""

    def do_GET(self) -> None:
        with suppress(ConnectionError):
            self._answer()

    def _answer(self) -> None:
        url = urlsplit(self.path)
        self.seen.append((url.path, dict(self.headers)))
        if url.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", f"{self.moved_to}{url.path.removeprefix('/moved')}?{url.query}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path = self.folder / url.path.removeprefix("/").removeprefix("files/")
        if not self._is_allowed(url.query):
            self._send(401, b"")
        elif path.is_file():
            self._send_part(path.read_bytes())
        else:
            self._send(404, b"")

    def _is_allowed(self, query: str) -> bool:
        wanted = all(self.headers[name] == value for name, value in self.headers_wanted.items())
        return wanted and (not self.token or query == self.token) and self._is_known()

    def _is_known(self) -> bool:
        said = self.headers["Authorization"] or ""
        if not self.is_digest:
            return not self.login or said == "Basic " + base64.b64encode(self.login.encode()).decode()
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', said.removeprefix("Digest ")))
        user, _, password = self.login.partition(":")
        secret = _md5(f"{user}:{REALM}:{password}")
        asked = _md5(f"GET:{given.get('uri')}")
        parts = (secret, given.get("nonce"), given.get("nc"), given.get("cnonce"), given.get("qop"), asked)
        return given.get("username") == user and given.get("response") == _md5(":".join(map(str, parts)))

    def _send_part(self, data: bytes) -> None:
        asked = self.headers["Range"]
        if asked and self.knows_ranges:
            first, last = asked.removeprefix("bytes=").split("-")
            self._send(206, data[int(first) : int(last) + 1 if last else None])
        else:
            self._send(200, data)

    def _send(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if status == 401:
            digest = f'Digest realm="{REALM}", nonce="n1", qop="auth"'
            self.send_header("WWW-Authenticate", digest if self.is_digest else f'Basic realm="{REALM}"')
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@contextmanager
def file_server(folder: Path, *, host: str = "127.0.0.1", **behaviour: object) -> Iterator[str]:
    """Serve `folder` at the URL that is yielded."""
    handler = type("Handler", (_Files,), {"folder": folder, "seen": [], **behaviour})
    with http.server.ThreadingHTTPServer((host, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://{host}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
