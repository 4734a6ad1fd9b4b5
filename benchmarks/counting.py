"""What counting costs, and the adapter through which a counting bench measures how right it is.

    python -m benchmarks.counting

prints the CPU time a frame takes, its last line as JSON. How right it is needs annotated footage and
a bench that feeds it: `factory` makes a counter of plain values, `update(frame_index, timestamp_s,
boxes_rel, scores)` of which gives `(entry time in seconds, zone index)` pairs.
"""

import json
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hypersight_core.domain.cameras import Anchor
from hypersight_core.domain.counting import ZoneCounter
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.zones import Corner, Zone

Floats = NDArray[np.float64]

THRESHOLD = 0.6
"""For the detectors of the MOTChallenge footage: what they score lower is often nobody."""
ANCHORS = {"center": Anchor.CENTER, "bottom": Anchor.FEET}
FRAMES = 300


class EntryCounter:
    """Gives the entries of a `ZoneCounter`, as the bench wants them."""

    def __init__(self, counter: ZoneCounter) -> None:
        self._counter = counter

    def update(
        self, frame_index: int, timestamp_s: float, boxes_xyxy_norm: Floats, scores: Floats
    ) -> list[tuple[float, int]]:
        """Take in a frame; return time and zone of each entry."""
        del frame_index
        crossings = self._counter.update(timestamp_s, Detections(boxes_xyxy_norm, scores), THRESHOLD)
        return [(crossing.at_s, crossing.zone) for crossing in crossings if crossing.is_in]


def factory(
    zones: Sequence[Sequence[Corner]], watch_fps: float, frame_size: tuple[int, int], anchor: str
) -> EntryCounter:
    """Return a counter over polygons in [0, 1] of a frame of `frame_size` pixels."""
    del watch_fps
    polygons = [Zone(tuple((float(x), float(y)) for x, y in np.clip(zone, 0.0, 1.0))) for zone in zones]
    return EntryCounter(ZoneCounter(polygons, ANCHORS[anchor], frame_size[0] / frame_size[1]))


def crowd(people_count: int, fps: float, tall: float) -> list[Detections]:
    """Return frames of persons that walk about, turning at the edges of the picture."""
    random = np.random.default_rng(1)
    points = random.uniform(0.05, 0.95, (people_count, 2))
    speeds = random.normal(0.0, 0.5 * tall, points.shape)
    half = np.array([tall * 0.15, tall / 2])
    frames = []
    for _ in range(FRAMES):
        points = points + speeds / fps
        speeds = np.where((points < 0.05) | (points > 0.95), -np.sign(points - 0.5) * np.abs(speeds), speeds)
        seen = points + random.normal(0.0, 0.02 * tall, points.shape)
        boxes = np.concatenate([seen - half, seen + half], axis=1).clip(0.0, 1.0)
        frames.append(Detections(boxes, np.full(people_count, 0.9)))
    return frames


def cpu_us_per_frame(people_count: int, fps: float) -> float:
    """Return the CPU time of one frame with one zone in the middle of the picture, in microseconds."""
    middle = Zone(((0.3, 0.2), (0.7, 0.2), (0.7, 0.8), (0.3, 0.8)))
    counter = ZoneCounter([middle], Anchor.CENTER, 16 / 9)
    frames = crowd(people_count, fps, tall=0.12 if people_count <= 20 else 0.05)
    started_s = time.process_time()
    for index, found in enumerate(frames):
        counter.update(index / fps, found, 0.4)
    return (time.process_time() - started_s) / FRAMES * 1e6


def main() -> None:
    """Print the CPU time of a frame at several rates and crowds."""
    figures = {}
    for people_count in (10, 100):
        for fps in (2.0, 10.0):
            key = f"{people_count}_persons_{fps:g}_fps_us"
            figures[key] = round(cpu_us_per_frame(people_count, fps), 1)
            print(f"{people_count:4} persons at {fps:4g} frames/s: {figures[key]:8.1f} us CPU a frame")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
