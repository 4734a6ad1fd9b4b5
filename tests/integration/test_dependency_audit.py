"""The dependency audit, with a list of known holes that we serve."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.http_beside import Answering, HttpBeside

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv" / "audit" / "bin" / "python"
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not PYTHON.is_file(), reason="needs pip-audit (make audit installs it)"),
]
HOLE = {
    "id": "GHSA-test",
    "aliases": ["CVE-2026-0001"],
    "modified": "2026-11-01T00:00:00Z",
    "summary": "A hole",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "999.1"}]}],
        }
    ],
}


def test_a_known_hole_is_named_with_the_version_that_mends_it():
    with _osv({"jinja2": [HOLE]}) as url:
        ended = _audit(url)
        assert ended.returncode == 1, ended.stderr
        assert "jinja2" in ended.stdout
        assert "CVE-2026-0001, GHSA-test; mended in 999.1" in ended.stdout
        looked_into = _audit(url, "--ignore-vuln", "GHSA-test")
        assert looked_into.returncode == 0, looked_into.stdout + looked_into.stderr


def test_no_known_hole_says_how_many_packages_were_asked_about():
    with _osv({}) as url:
        ended = _audit(url)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    asked = re.findall(r"(\w+)\.lock: (\d+) packages, none with a known hole", ended.stdout)
    assert [name for name, _ in asked] == ["dev", "dbt"]
    assert all(int(packages) > 30 for _, packages in asked), asked


def test_no_answer_is_no_good_answer():
    with _osv({}) as url:
        pass  # nobody listens any more
    ended = _audit(url)
    assert ended.returncode == 75
    assert ended.stderr.startswith("NOT AUDITED: ")


@contextmanager
def _osv(holes: dict[str, list[Any]]) -> Iterator[str]:
    class Handler(Answering, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            body = json.dumps({"vulns": holes.get(asked["package"]["name"], [])}).encode()
            self.answer(body)

    with HttpBeside(Handler) as server:
        yield f"{server.base_url}/"


def _audit(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, ROOT / "deploy" / "audit.py", "--osv-url", url, *arguments],
        capture_output=True, text=True, check=False, env=os.environ | {"NO_PROXY": "127.0.0.1"},  # noqa: TID251
    )  # fmt: skip
