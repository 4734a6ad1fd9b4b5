"""Sends spans to an OpenTelemetry collector; the only module that knows its library, loaded by need only.

Nobody waits for a collector: spans wait in a queue of bounded length, from which a thread
sends them; what does not fit is lost.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from hypersight_core.traces.spans import Value, record_to

PATH = "/v1/traces"
END_WITHIN_S = 2.0
"""What is left to send at the end gets so long."""
PREFIX = "hypersight."
Item = TypeVar("Item")
_PROPAGATOR = TraceContextTextMapPropagator()


@contextmanager
def exporting(endpoint: str, service: str, facts: Mapping[str, Value]) -> Iterator[None]:
    """Record spans and send them; call it in the process that makes them, since a fork leaves threads behind.

    Args:
        endpoint: of the collector, without the path of traces.
        facts: about this process, on each of its spans.
    """
    about = {"service.name": service, **{PREFIX + name: value for name, value in facts.items()}}
    provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint.rstrip("/") + PATH)))
    record_to(OtelRecorder(provider.get_tracer("hypersight")))
    try:
        yield
    finally:
        record_to(None)
        # It may hang in a send: then it is left to itself.
        ending = threading.Thread(target=provider.shutdown, name="traces end", daemon=True)
        ending.start()
        ending.join(END_WITHIN_S)


class OtelSpan:
    """A span of OpenTelemetry's in our words."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def say(self, **facts: Value) -> None:
        """Add facts; names of OpenTelemetry's have a dot, written as two underscores."""
        _say(self._span, facts)


class OtelRecorder:
    """Makes spans; each knows the one it is within by the context of its thread or task."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    def instant_ns(self) -> int:
        """Return now."""
        return time.time_ns()

    @contextmanager
    def root(self, name: str, since_ns: int, headers: Mapping[str, str]) -> Iterator[OtelSpan]:
        """Begin a trace, or go on with the one that `headers` name."""
        parent = _PROPAGATOR.extract(headers, Context())
        kind = SpanKind.SERVER if headers else SpanKind.INTERNAL
        with self._begun(name, since_ns, parent, kind) as begun:
            yield begun

    @contextmanager
    def span(self, name: str, since_ns: int) -> Iterator[OtelSpan]:
        """Begin a span within the one under way."""
        if self.here() is None:
            yield OtelSpan(trace.INVALID_SPAN)
            return
        with self._begun(name, since_ns, context.get_current(), SpanKind.INTERNAL) as begun:
            yield begun

    def stage(self, name: str) -> "OtelStage":
        """Begin a stage within the span under way."""
        return OtelStage(self._tracer, name, context.get_current())

    def headers(self) -> Mapping[str, str]:
        """Return `traceparent` of the span under way."""
        found: dict[str, str] = {}
        _PROPAGATOR.inject(found)
        return found

    def here(self) -> Context | None:
        """Return the context, if there is a span under way in it."""
        return context.get_current() if trace.get_current_span().get_span_context().is_valid else None

    @contextmanager
    def within(self, place: object) -> Iterator[None]:
        """Go on in a context of another thread's."""
        token = context.attach(place)  # type: ignore[arg-type]
        try:
            yield
        finally:
            context.detach(token)

    @contextmanager
    def _begun(self, name: str, since_ns: int, parent: Context, kind: SpanKind) -> Iterator[OtelSpan]:
        span = self._tracer.start_span(name, parent, kind, start_time=since_ns or None)
        token = context.attach(trace.set_span_in_context(span, parent))
        try:
            yield OtelSpan(span)
        except BaseException as error:
            # Its kind only: a message may quote an address.
            span.set_status(StatusCode.ERROR, type(error).__name__)
            raise
        finally:
            context.detach(token)
            span.end()


class OtelStage:
    """Turns of work, of one thread, that make one span."""

    def __init__(self, tracer: trace.Tracer, name: str, parent: Context) -> None:
        self._tracer, self._name, self._parent = tracer, name, parent
        self._first_ns = self._last_ns = self._began_ns = self._busy_ns = 0

    def __enter__(self) -> Self:
        """Begin a turn."""
        self._began_ns = time.time_ns()
        self._first_ns = self._first_ns or self._began_ns
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End a turn."""
        self._last_ns = time.time_ns()
        self._busy_ns += self._last_ns - self._began_ns

    def over(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield `items`, each waited for in a turn."""
        waiting = iter(items)
        while True:
            with self:
                item = next(waiting, _END)
            if item is _END:
                return
            yield item  # type: ignore[misc]

    def end(self, **facts: Value) -> None:
        """Make the span."""
        if not self._first_ns:
            return
        span = self._tracer.start_span(self._name, self._parent, start_time=self._first_ns)
        _say(span, {"busy_ms": self._busy_ns / 1e6, **facts})
        span.end(self._last_ns)


_END = object()


def _say(span: trace.Span, facts: Mapping[str, Value]) -> None:
    for name, value in facts.items():
        span.set_attribute(name.replace("__", ".") if "__" in name else PREFIX + name, value)
