"""The detector's client over TLS: HTTP/1.1 and HTTP/2, and whose certificates are believed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from tests.fakes.tls_detector import TlsDetector

PICTURES, THREADS = 60, 6
_CALLS = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from hypersight_core.detection.client import ObjectDetector
from hypersight_core.errors import DetectorUnavailable

detector = ObjectDetector(sys.argv[1], timeout_s=10.0)
try:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda number: len(detector.detect(b"%d " % number * 20_000)), range(60)))
    print(json.dumps({"found": found, "problem": ""}))
except DetectorUnavailable as error:
    print(json.dumps({"found": [], "problem": str(error)}))
detector.close()
"""


@pytest.fixture
def authority(tmp_path) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "authority.pem")
    return made


def called(url: str, believed: Path | None) -> dict[str, object]:
    """Ask for many pictures from several threads of a process that believes one more authority."""
    environ = {**os.environ, "SSL_CERT_FILE": str(believed)} if believed else dict(os.environ)  # noqa: TID251
    run = subprocess.run(
        [sys.executable, "-c", _CALLS, url],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answer: dict[str, object] = json.loads(run.stdout)
    return answer


@pytest.mark.parametrize(("protocols", "version"), [(("h2", "http/1.1"), "2"), (("http/1.1",), "1.1")])
def test_the_best_protocol_of_the_server_is_spoken_over_few_connections(
    authority, tmp_path, protocols, version
):
    with TlsDetector(authority, tmp_path, protocols) as server:
        server.delay_s = 0.02
        answer = called(server.url, tmp_path / "authority.pem")

    assert answer == {"found": [1] * PICTURES, "problem": ""}
    assert {spoken for spoken, _, _ in server.requests} == {version}
    assert sorted(picture for *_, picture in server.requests) == sorted(
        b"%d " % number * 20_000 for number in range(PICTURES)
    )
    assert len({port for _, port, _ in server.requests}) <= THREADS


def test_a_stranger_with_a_certificate_of_his_own_gets_no_picture(authority, tmp_path):
    with TlsDetector(authority, tmp_path, ("h2", "http/1.1")) as server:
        answer = called(server.url, None)

    assert "certificate verify failed" in str(answer["problem"]).lower()
    assert server.requests == []
