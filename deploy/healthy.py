"""Health check of containers: `python deploy/healthy.py URL` ends with 0 when the URL answers.

A URL `grpc://HOST:PORT` is a code server of Dagster's, whose own check loads all of Dagster each time.
"""

import sys
import urllib.error
import urllib.request
from urllib.parse import urlsplit

WITHIN_S = 3
CODE_SERVER = "DagsterApi"
"""What Dagster calls the service that it asks for."""


def main(url: str) -> int:
    """Ask once."""
    return _grpc(urlsplit(url).netloc) if url.startswith("grpc://") else _http(url)


def _http(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=WITHIN_S) as answer:  # noqa: S310 - our own address
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError) as error:
        sys.stderr.write(f"{url}: {error}\n")
        return 1


def _grpc(address: str) -> int:
    import grpc
    from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
    from grpc_health.v1.health_pb2_grpc import HealthStub

    try:
        with grpc.insecure_channel(address) as channel:
            answer = HealthStub(channel).Check(HealthCheckRequest(service=CODE_SERVER), timeout=WITHIN_S)
    except grpc.RpcError as error:
        sys.stderr.write(f"{address}: {error}\n")
        return 1
    return 0 if answer.status == HealthCheckResponse.SERVING else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
