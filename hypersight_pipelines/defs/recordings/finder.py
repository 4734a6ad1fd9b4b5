"""The detector that films are shown to."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from hypersight_core.settings import Settings

if TYPE_CHECKING:
    from hypersight_core.detection.client import ObjectDetector


@contextmanager
def object_finder(settings: Settings) -> "Iterator[ObjectDetector]":
    """Yield a client of the configured detector of persons."""
    # Imported by runs only: the code server asks no detector.
    from hypersight_core.detection.client import ObjectDetector

    with closing(ObjectDetector.of(settings)) as finder:
        yield finder
