"""An OpenTelemetry collector that keeps what it is sent: a real HTTP server on a free loopback port."""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.fakes.http_beside import HttpBeside


@dataclass(frozen=True)
class Told:
    """A span, as it arrived."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    facts: dict[str, Any]
    process: dict[str, Any]
    """What was said about the process it comes from."""
    raw: str

    def is_within(self, other: "Told") -> bool:
        """Whether it belongs to `other`, and to its time."""
        belongs = (self.trace_id, self.parent_id) == (other.trace_id, other.span_id)
        return belongs and other.start_ns <= self.start_ns <= self.end_ns <= other.end_ns


class TraceCollector(HttpBeside):
    """Keeps spans; with `is_hanging` it takes requests and answers none. Use it as a context manager."""

    def __init__(self) -> None:
        self.spans: list[Told] = []
        self.is_hanging = False
        self.requests = 0
        self._ending = threading.Event()
        super().__init__(self._handler())

    @property
    def url(self) -> str:
        return self.base_url

    def named(self, name: str) -> list[Told]:
        return [span for span in self.spans if span.name == name]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        super().__exit__(kind, error, trace)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                collector.requests += 1
                body = self.rfile.read(int(self.headers["content-length"]))
                if collector.is_hanging:
                    collector._ending.wait()
                    return
                assert self.path == "/v1/traces"
                collector.spans += _spans(ExportTraceServiceRequest.FromString(body))
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
                return

        return Handler


def _spans(request: ExportTraceServiceRequest) -> list[Told]:
    return [
        Told(
            name=span.name,
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_id=span.parent_span_id.hex(),
            start_ns=span.start_time_unix_nano,
            end_ns=span.end_time_unix_nano,
            facts=_values(span.attributes),
            process=_values(of_process.resource.attributes),
            raw=str(span),
        )
        for of_process in request.resource_spans
        for of_library in of_process.scope_spans
        for span in of_library.spans
    ]


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def spans_of(collector: TraceCollector, root: Told) -> dict[str, list[Told]]:
    """Return what belongs to a trace, by name."""
    found: dict[str, list[Told]] = {}
    for span in collector.spans:
        if span.trace_id == root.trace_id:
            found.setdefault(span.name, []).append(span)
    return found
