"""What containers are asked: `deploy/healthy.py` on a web page, on a code server, and on nothing."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest
from grpc_health.v1.health import HealthServicer
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server

from tests.chaos.children import free_port
from tests.e2e.running_demo import ROOT

pytestmark = pytest.mark.integration
SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING


def code(url: str) -> int:
    command = [sys.executable, "deploy/healthy.py", url]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode


@contextmanager
def a_code_server(service: str, status: int) -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    health = HealthServicer()
    health.set(service, status)
    add_HealthServicer_to_server(health, server)
    server.start()
    yield f"grpc://127.0.0.1:{port}"
    server.stop(grace=None).wait()


@pytest.mark.parametrize(
    ("service", "status", "expected"),
    [("DagsterApi", SERVING, 0), ("DagsterApi", NOT_SERVING, 1), ("Another", SERVING, 1)],
)
def test_a_code_server_is_healthy_while_it_says_so(service, status, expected):
    with a_code_server(service, status) as url:
        assert code(url) == expected


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_where_nobody_listens_nothing_is_healthy(scheme):
    assert code(f"{scheme}://127.0.0.1:{free_port()}") == 1
