"""What one watcher asks other servers for: persons, faces, and to broadcast faces."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hypersight_core.detection.client import FaceDetector, ObjectDetector
from hypersight_core.live.publisher import FacesPublisher
from hypersight_core.processors.interface import FoundFaces, Services
from hypersight_core.settings import Settings
from hypersight_core.video.jpeg import encode_jpeg


@dataclass(frozen=True, slots=True)
class Detectors:
    """Clients of the detectors."""

    objects: ObjectDetector
    faces: FaceDetector
    services: Services


@contextmanager
def opened_detectors(settings: Settings, stop: Callable[[], bool]) -> Iterator[Detectors]:
    """Yield clients that are closed at the end; `stop` ends their waiting."""
    objects = ObjectDetector.of(settings, stop=stop)
    faces = FaceDetector.of(settings, stop=stop)
    publisher = FacesPublisher(settings.api_url, settings.live_token)

    def find_faces(jpeg: bytes) -> FoundFaces:
        found = faces.find(jpeg)
        return FoundFaces(found.boxes_px, found.scores)

    try:
        yield Detectors(objects, faces, Services(find_faces, encode_jpeg, publisher.publish))
    finally:
        publisher.close()
        faces.close()
        objects.close()
