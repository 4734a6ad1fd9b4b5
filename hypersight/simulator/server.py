"""The HTTP side of a simulated camera."""

import logging
import re
import socket
import sys
import threading
from collections.abc import Callable
from enum import StrEnum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

logger = logging.getLogger(__name__)

SEGMENT_PATH = re.compile(r"/seg-(\d+)\.ts")
PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
SEGMENT_TYPE = "video/mp2t"
IDLE_S = 30.0
LONGEST_HANG_S = 600.0
LONGEST_ORDER_BYTES = 200


class Fault(StrEnum):
    """How the camera misbehaves."""

    NORMAL = "normal"
    HANG = "hang"
    """Takes every request and never answers."""
    HANG_SEGMENTS = "hang_segments"
    STUCK = "stuck"
    """The playlist stays as it is."""
    MISSING_SEGMENTS = "missing_segments"
    """404 for segments the playlist names."""
    EMPTY = "empty"
    """Segments without a byte."""
    TRUNCATED = "truncated"
    """Segments that break off half way."""
    DISCONTINUITY = "discontinuity"
    """Every segment is marked as one: its time stamps have nothing to do with the last one's."""
    JUMP = "jump"
    """The camera's clock is an hour ahead."""
    RESET = "reset"
    """The packager starts over: media sequence numbers go back."""
    ERROR = "error"
    """500 for everything."""
    GONE = "gone"
    """404 for everything."""


class Stage:
    """What requests are answered from; one lock guards the fault and who waits for its end."""

    def __init__(
        self,
        playlist: Callable[[], str],
        segment: Callable[[int], bytes | None],
        on_fault: Callable[[Fault], None],
    ) -> None:
        self.playlist, self.segment = playlist, segment
        self._on_fault = on_fault
        self._changed = threading.Condition()
        self.fault = Fault.NORMAL

    def order(self, fault: Fault) -> None:
        """Misbehave like this from now on; requests that hang are let go."""
        with self._changed:
            self._on_fault(fault)
            self.fault = fault
            self._changed.notify_all()

    def hang(self) -> None:
        """Wait for the next order."""
        with self._changed:
            self._changed.wait(LONGEST_HANG_S)


class Server(ThreadingHTTPServer):
    """Ends every connection when it is closed, so that no thread and no socket is left behind."""

    daemon_threads = False

    def __init__(self, address: tuple[str, int], stage: Stage) -> None:
        self.stage = stage
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection and answer it in a thread."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that is over."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Break every connection."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError as error:
                    logger.debug("connection was over already", extra={"reason": str(error)})

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base's signature
        """Ignore clients that went away; anything else is a bug worth a traceback."""
        error = sys.exception()
        if not isinstance(error, OSError):
            logger.error("request failed", exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    server: Server
    _pages: ClassVar = {Fault.ERROR: HTTPStatus.INTERNAL_SERVER_ERROR, Fault.GONE: HTTPStatus.NOT_FOUND}

    def do_GET(self) -> None:
        """Answer playlist, segments and health."""
        path = self.path.partition("?")[0]
        fault = self.server.stage.fault
        if path == "/healthz":
            self._answer(b"ok\n", "text/plain")
        elif fault is Fault.HANG:
            self._hang()
        elif fault in self._pages:
            self._answer(b"", "text/plain", self._pages[fault])
        elif path == "/live.m3u8":
            self._answer(self.server.stage.playlist().encode(), PLAYLIST_TYPE)
        elif found := SEGMENT_PATH.fullmatch(path):
            self._segment(int(found[1]), fault)
        else:
            self._answer(b"", "text/plain", HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """Take an order to misbehave: the fault's name, sent to `/fault`."""
        length = min(int(self.headers.get("Content-Length") or 0), LONGEST_ORDER_BYTES)
        order = self.rfile.read(length).decode(errors="replace").strip()
        if self.path != "/fault" or order not in list(Fault):
            known = f"POST /fault takes one of: {', '.join(Fault)}\n"
            self._answer(known.encode(), "text/plain", HTTPStatus.BAD_REQUEST)
            return
        self.server.stage.order(Fault(order))
        self._answer(b"ok\n", "text/plain")

    def log_message(self, *_: Any) -> None:
        """Say nothing: players ask several times a second."""

    def _segment(self, number: int, fault: Fault) -> None:
        data = self.server.stage.segment(number)
        if fault is Fault.HANG_SEGMENTS:
            self._hang()
        elif data is None or fault is Fault.MISSING_SEGMENTS:
            self._answer(b"", "text/plain", HTTPStatus.NOT_FOUND)
        elif fault is Fault.EMPTY:
            self._answer(b"", SEGMENT_TYPE)
        else:
            self._answer(data, SEGMENT_TYPE, is_cut_off=fault is Fault.TRUNCATED)

    def _hang(self) -> None:
        self.server.stage.hang()
        self.close_connection = True

    def _answer(
        self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK, *, is_cut_off: bool = False
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cache-Control", "no-cache" if kind == PLAYLIST_TYPE else "max-age=60")
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if is_cut_off else body)
        self.close_connection = self.close_connection or is_cut_off
