"""Made-up persons that walk over made-up frames: scenes of known motion."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np

from hypersight_core.domain.cameras import Anchor, Camera, Processor
from hypersight_core.domain.counting import ZoneCounter
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.events import Event
from hypersight_core.domain.gates import Crossing
from hypersight_core.domain.zones import Zone
from hypersight_core.processors import registry
from hypersight_core.processors.interface import (
    FoundFaces,
    Frame,
    FrameProcessor,
    Pixels,
    SegmentStart,
    Services,
)
from tests.builders import a_camera, noon

Point = tuple[float, float]
Path = Callable[[float], Point | None]
"""Where the middle of a person's box is at a time in seconds, relative to the frame; None: out of sight."""

WIDTH_PX, HEIGHT_PX = 1600, 900
TALL, WIDE = 0.2, 0.05


def walk(start: Point, stop: Point, seconds: float, *, begins: float = 0.0) -> Path:
    """Return the path of a person that walks straight and is in sight only while it does."""

    def at(time: float) -> Point | None:
        share = (time - begins) / seconds
        if not 0.0 <= share <= 1.0:
            return None
        return start[0] + share * (stop[0] - start[0]), start[1] + share * (stop[1] - start[1])

    return at


def along(*stations: tuple[float, Point | None]) -> Path:
    """Return the path through (time, place) stations; between a place and None: out of sight."""

    def at(time: float) -> Point | None:
        for (from_s, here), (to_s, there) in pairwise(stations):
            if from_s <= time < to_s:
                if here is None or there is None:
                    return None
                share = (time - from_s) / (to_s - from_s)
                return here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1])
        return None

    return at


def seen(points: Iterable[Point | None], *, score: float = 0.9, tall: float = TALL) -> Detections:
    """Return the detections of persons whose boxes have these middles."""
    wide = WIDE * tall / TALL
    boxes = [(x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2) for x, y in filter(None, points)]
    return Detections(np.array(boxes).reshape(-1, 4), np.full(len(boxes), score))


def film(paths: Sequence[Path], *, fps: float, seconds: float) -> list[tuple[float, Detections]]:
    """Return time and detections of each frame."""
    count = round(seconds * fps) + 1
    return [(i / fps, seen([path(i / fps) for path in paths])) for i in range(count)]


def a_frame(at_s: float, *, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> Frame:
    """Return the frame `at_s` seconds after the tests' noon; grey."""
    return Frame(noon(at_s), width_px, height_px, lambda: np.full((height_px, width_px, 3), 128, np.uint8))


def no_services() -> Services:
    """Return services for processors that use none; a call is a mistake."""

    def find_faces(jpeg: bytes) -> FoundFaces:
        raise AssertionError(f"asked for faces in {len(jpeg)} bytes")

    def encode_jpeg(pixels: Pixels) -> bytes:
        raise AssertionError(f"asked to encode {pixels.shape}")

    return Services(find_faces, encode_jpeg, lambda found: None)


def running(processor: Processor, camera: Camera | None = None) -> FrameProcessor:
    """Return a processor at work."""
    return registry.make(camera or a_camera(), processor, no_services())


def events_of(
    processor: Processor, frames: Sequence[tuple[float, Detections]], *, segment_frames: int = 10**6
) -> list[Event]:
    """Return what a processor says about a film, fed in segments of so many frames."""
    following = running(processor)
    events: list[Event] = []
    for index, (at_s, detections) in enumerate(frames):
        if index % segment_frames == 0:
            events += following.begin(SegmentStart(noon(at_s), is_continuous=index > 0))
        events += following.update(a_frame(at_s), detections)
    return events


def counted(
    zones: Sequence[Zone], frames: Sequence[tuple[float, Detections]], anchor: Anchor = Anchor.CENTER
) -> list[Crossing]:
    """Return what a counter says about a film."""
    counter = ZoneCounter(zones, anchor, WIDTH_PX / HEIGHT_PX)
    return [crossing for at_s, found in frames for crossing in counter.update(at_s, found, 0.4)]


def passed(zones: Sequence[Zone], *paths: Path, fps: float = 5.0, seconds: float = 12.0) -> list[Crossing]:
    """Return what a counter says about persons on these paths."""
    return counted(zones, film(paths, fps=fps, seconds=seconds))


def directions(crossings: Sequence[Crossing]) -> list[bool]:
    """Return for each crossing whether it was a way in."""
    return [crossing.is_in for crossing in crossings]
