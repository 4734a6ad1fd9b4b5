"""A detector that answers what a test tells it to: a real HTTP server on a free loopback port."""

import contextlib
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Answer = object | Callable[[bytes], object]
"""What JSON to answer, or a function that decides by the posted JPEG."""

ONE_PERSON: list[list[float]] = [[0.4, 0.3, 0.6, 0.9, 0.95, 0]]
NO_FACES: dict[str, list[Any]] = {"boxes": [], "conf": []}


class Fault(StrEnum):
    """How a detector can let its callers down."""

    ERROR = "error"
    """500."""
    BUSY = "busy"
    """503 with `Retry-After`."""
    REFUSED = "refused"
    """400: a retry would not help."""
    GARBAGE = "garbage"
    """200 with a body that is no JSON."""
    HANG = "hang"
    """No answer before the server ends."""
    DRIP = "drip"
    """An answer without end, a byte every 50 ms."""
    CHUNKED = "chunked"
    """The right answer, in chunks of a byte each, of a length that is not said before."""
    FLOOD = "flood"
    """16 MB of one answer."""
    DROP = "drop"
    """The connection is closed without an answer."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request, as it came in."""

    path: str
    content_type: str
    jpeg: bytes
    port: int
    """Of the caller: the same for requests over one kept-alive connection."""
    traceparent: str = ""


class FakeDetector:
    """Speaks both detector contracts; use it as a context manager.

    `answers` (for `/objects`) and `face_answers` may be changed at any time; so may `fault`, which meets
    every request until it is None again; `next_faults` meet one request each, before `fault` and the answers.
    """

    def __init__(
        self, answers: Answer = ONE_PERSON, face_answers: Answer = NO_FACES, *, port: int = 0
    ) -> None:
        self.answers, self.face_answers = answers, face_answers
        self.fault: Fault | None = None
        self.next_faults: deque[Fault] = deque()
        self.delay_s = 0.0
        self.retry_after = "1"
        self.requests: list[Received] = []
        self.most_at_once = 0
        """Requests that were answered at the same time, at most."""
        self._at_once = 0
        self._lock = threading.Lock()
        self.is_ending = threading.Event()
        self._server = _Server(self, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="fake detector")

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """Where pictures are posted to find persons."""
        return f"{self.base_url}/objects"

    @property
    def faces_url(self) -> str:
        """Where crops are posted to find faces."""
        return f"{self.base_url}/faces"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.is_ending.set()
        self._server.shutdown()
        self._thread.join()
        self._server.end_connections()
        self._server.server_close()

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Count a request while it is answered."""
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        yield
        with self._lock:
            self._at_once -= 1

    def taken_fault(self) -> Fault | None:
        """Return what goes wrong with the request at hand."""
        try:
            return self.next_faults.popleft()
        except IndexError:
            return self.fault

    def answer_to(self, received: Received) -> bytes:
        """Return the body for a request."""
        answer = self.face_answers if received.path.startswith("/faces") else self.answers
        return json.dumps(answer(received.jpeg) if callable(answer) else answer).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # joined when the server closes, so that no test leaves a thread behind
    request_queue_size = 64

    def __init__(self, fake: FakeDetector, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.fake = fake
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def end_connections(self) -> None:
        """Wake handlers that wait for the next request of a kept-alive connection."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):  # its handler ended it meanwhile
                connection.shutdown(socket.SHUT_RDWR)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: callers hang up in the middle on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        fake = self.server.fake
        body = self.rfile.read(int(self.headers["content-length"]))
        received = Received(
            self.path, self.headers["content-type"], body, self.client_address[1],
            self.headers.get("traceparent", ""),
        )  # fmt: skip
        fake.requests.append(received)
        fault = fake.taken_fault()
        if fault is not None:
            getattr(self, f"_{fault}")()
            return
        with fake.counted():
            is_ending = fake.is_ending.wait(fake.delay_s)
        if not is_ending:
            self._reply(200, fake.answer_to(received))

    def _reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _error(self) -> None:
        self._reply(500, b"Internal Server Error")

    def _busy(self) -> None:
        self._reply(503, b"busy", retry_after=self.server.fake.retry_after)

    def _refused(self) -> None:
        self._reply(400, b"not a picture")

    def _garbage(self) -> None:
        self._reply(200, b"<html>It works!</html>")

    def _hang(self) -> None:
        self.server.fake.is_ending.wait()
        self.close_connection = True

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "1000000")
        self.end_headers()
        while not self.server.fake.is_ending.wait(0.05):
            self.wfile.write(b" ")
        self.close_connection = True

    def _chunked(self) -> None:
        answer = json.dumps(ONE_PERSON).encode()
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for byte in answer:
            self.wfile.write(b"1\r\n%c\r\n" % byte)
            self.wfile.flush()
            time.sleep(0.005)
        self.wfile.write(b"0\r\n\r\n")

    def _flood(self) -> None:
        self._reply(200, b"[" + b" " * (16 << 20) + b"]")

    def _drop(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""
