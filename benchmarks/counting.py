"""How right and how costly counting is, next to what else people use.

    python -m benchmarks.counting [--out FILE]

prints the CPU time of a frame and, where the counting benchmark and its annotated footage are beside this
repository (`--bench`, `--data`), F1, count error and bias per sequence, rate and kind of detections; its
last line, and FILE, are JSON. `factory` is the adapter for that benchmark: a counter of plain values,
whose `update(frame_index, timestamp_s, boxes_rel, scores)` gives `(entry time in seconds, zone index)` pairs.
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import comparison
from hypersight_core.domain.cameras import Anchor
from hypersight_core.domain.counting import ZoneCounter
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.zones import Corner, Zone

Floats = NDArray[np.float64]

THRESHOLD = 0.6
"""For the detectors of the MOTChallenge footage: what they score lower is often nobody."""
ANCHORS = {"center": Anchor.CENTER, "bottom": Anchor.FEET}
FRAMES = 300
REPEATS = 3


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
    return EntryCounter(ZoneCounter(polygons(zones), ANCHORS[anchor], frame_size[0] / frame_size[1]))


def polygons(zones: Sequence[Sequence[Corner]]) -> list[Zone]:
    """Return zones whose corners are cut off at the picture's edges."""
    return [Zone(tuple((float(x), float(y)) for x, y in np.clip(zone, 0.0, 1.0))) for zone in zones]


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


def cpu_figures() -> dict[str, float]:
    """Return the CPU time of a frame at several rates and crowds, in microseconds."""
    figures = {}
    for people_count in (10, 50, 100, 200):
        for fps in (2.0, 10.0):
            key = f"{people_count}_persons_{fps:g}_fps_us"
            figures[key] = round(min(cpu_us_per_frame(people_count, fps) for _ in range(REPEATS)), 1)
            print(f"{people_count:4} persons at {fps:4g} frames/s: {figures[key]:8.1f} us CPU a frame")
    return figures


def accuracy_figures(footage: comparison.Footage, wanted: Sequence[str]) -> list[dict[str, Any]]:
    """Return how right each counter is; prints as it goes."""
    rows = []
    for row in comparison.compared(footage, wanted):
        rows.append(row)
        if row["sequence"] == "all":
            print(
                f"{row['counter']:30} {row['detections']:7} {row['fps']:>6} fps: F1 {row['f1']:.3f}, "
                f"count error {row['wape']:.2f}, bias {row['bias']:+.2f}",
                flush=True,
            )
    return rows


def main() -> None:
    """Measure."""
    parser = comparison.parser_over_footage(__doc__, zone_seeds="0")
    parser.add_argument("--counters", default="", help="names, separated by ';'; left out: all that run here")
    parser.add_argument("--out", type=Path, help="file for the JSON")
    arguments = parser.parse_args()
    figures: dict[str, Any] = {"cpu": cpu_figures()}
    if (arguments.bench / "countbench").is_dir() and arguments.data.is_dir():
        footage = comparison.footage_of(arguments)
        known = comparison.counters()
        wanted = arguments.counters.split(";") if arguments.counters else known
        if unknown := set(wanted) - set(known):
            parser.error(f"cannot run {', '.join(sorted(unknown))} here; there are: {'; '.join(known)}")
        figures["zone_seeds"] = footage.zone_seeds
        figures["accuracy"] = accuracy_figures(footage, wanted)
    else:
        print(f"no accuracy: there is no {arguments.bench / 'countbench'} or no {arguments.data}")
    text = json.dumps(figures)
    if arguments.out is not None:
        arguments.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
