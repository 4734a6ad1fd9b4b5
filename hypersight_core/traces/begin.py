"""Traces for entry points."""

from contextlib import AbstractContextManager, nullcontext

from hypersight_core.errors import SetupFailed
from hypersight_core.traces.spans import Value

API, WATCHER = "hypersight-api", "hypersight-watcher"
"""Names of services."""


def traced(endpoint: str, service: str, **facts: Value) -> AbstractContextManager[None]:
    """Send spans to a collector while the context lasts; without an endpoint nothing is even loaded.

    Args:
        endpoint: `http://collector:4318`; empty: none.
        service: the name of this process among others.

    Raises:
        SetupFailed: OpenTelemetry is not installed.
    """
    if not endpoint:
        return nullcontext()
    try:
        from hypersight_core.traces.exporting import exporting
    except ImportError as error:
        raise SetupFailed(
            f"traces are wanted (OTEL_EXPORTER_OTLP_ENDPOINT) and cannot be sent: {error}",
            hint="pip install 'hypersight[traces]', or unset OTEL_EXPORTER_OTLP_ENDPOINT",
        ) from error
    return exporting(endpoint, service, facts)
