"""Libraries of the pages: pinned npm packages, fetched once at set-up, served from this machine."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypersight_core.downloads import npm_file

Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class Package:
    """An npm package of exactly one version."""

    name: str
    version: str
    integrity: str
    members: tuple[tuple[str, str], ...]
    """Files to take: member of the package, and the name it is served under."""


HLS = Package(
    "hls.js",
    "1.7.4",
    "sha512-3GlxGdPvT2YHvQYOt+yOzT/DEior/qJVNIylHA77kgeoBTdQQqi70GwefNEUmHQeNGyjC8U62+bruqW/Tpm+tg==",
    (("dist/hls.light.min.mjs", "hls.mjs"),),
)
HTMX = Package(
    "htmx.org",
    "4.0.1",
    "sha512-oF7JgXhDW9UXCy/k1ZYFUQgzu/rm19ORWPSPNL91vPluB2PB9+MV55tyQdH/w7o2EAbTYUG5SDW1R60mdkdqGg==",
    (("dist/htmx.min.js", "htmx.js"),),
)
UPLOT = Package(
    "uplot",
    "1.6.32",
    "sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
    (("dist/uPlot.iife.min.js", "uplot.js"), ("dist/uPlot.min.css", "uplot.css")),
)
PACKAGES = (HLS, HTMX, UPLOT)


def install(cache_dir: Path, progress: Progress) -> None:
    """Fetch what is missing.

    Raises:
        SetupFailed: a package cannot be had, or is not the pinned one.
    """
    for package in PACKAGES:
        for member, name in package.members:
            target = _place(cache_dir, package, name)
            if not target.exists():
                found = npm_file(
                    package.name, package.version, package.integrity, member, cache_dir, progress
                )
                _copy(found, target)


class Vendor:
    """What of the libraries is there."""

    def __init__(self, cache_dir: Path) -> None:
        self._places = {
            name: (package, _place(cache_dir, package, name))
            for package in PACKAGES
            for _, name in package.members
        }

    def url(self, name: str) -> str | None:
        """Return where a library is served; None when the set-up has not fetched it."""
        package, place = self._places[name]
        return f"/static/vendor/{package.version}/{name}" if place.exists() else None

    def content(self, version: str, name: str) -> bytes | None:
        """Return a library's text; None when there is no such one."""
        package, place = self._places.get(name, (None, None))
        if package is None or place is None or package.version != version or not place.exists():
            return None
        return place.read_bytes()


def _place(cache_dir: Path, package: Package, name: str) -> Path:
    return cache_dir / "pages" / package.version / name


def _copy(found: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    shutil.copyfile(found, part)
    part.replace(target)
