"""A web server for a folder, with what web servers differ in."""

import base64
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit


class _Files(http.server.BaseHTTPRequestHandler):
    folder = Path()
    knows_ranges = True
    login = ""
    token = ""
    moved_to = ""
    """Path prefix that `/moved/…` redirects to."""

    def do_GET(self) -> None:
        with suppress(ConnectionError):
            self._answer()

    def _answer(self) -> None:
        url = urlsplit(self.path)
        if url.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", f"{self.moved_to}{url.path.removeprefix('/moved')}?{url.query}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        expected = "Basic " + base64.b64encode(self.login.encode()).decode()
        path = self.folder / url.path.removeprefix("/").removeprefix("files/")
        if (self.login and self.headers["Authorization"] != expected) or (
            self.token and url.query != self.token
        ):
            self._send(401, b"")
        elif path.is_file():
            self._send_part(path.read_bytes())
        else:
            self._send(404, b"")

    def _send_part(self, data: bytes) -> None:
        asked = self.headers["Range"]
        if asked and self.knows_ranges:
            first, last = asked.removeprefix("bytes=").split("-")
            self._send(206, data[int(first) : int(last) + 1])
        else:
            self._send(200, data)

    def _send(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def file_server(folder: Path, **behaviour: object) -> Iterator[str]:
    """Serve `folder` at the URL that is yielded."""
    handler = type("Handler", (_Files,), {"folder": folder, **behaviour})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
