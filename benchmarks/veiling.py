"""What blurring persons costs a watcher, in CPU.

    python -m benchmarks.veiling [--persons 8] [--rounds 9]

Prints microseconds of CPU a frame, medians: following who is there, and hiding them on a preview (640x360)
and on a snapshot (1920x1080), with and without detections; the last line is JSON.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np

from hypersight_core.domain.detections import Detections
from hypersight_core.domain.privacy import EVERYTHING, Veil, Veiling
from hypersight_core.video.picture import Pixels
from hypersight_core.video.veiling import hide

FRAMES = 100
SIZES = {"preview": (640, 360), "snapshot": (1920, 1080)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--persons", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    left = np.linspace(0.02, 0.9, options.persons)
    boxes = np.stack([left, np.full_like(left, 0.4), left + 0.05, np.full_like(left, 0.7)], axis=1)
    found = Detections(boxes, np.full(options.persons, 0.9))
    veiling = Veiling()
    ways: dict[str, Callable[[int], object]] = {
        "follow": lambda number: veiling.veil(number / 2, 16 / 9, found),
    }
    for name, (width, height) in SIZES.items():
        bgr = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
        ways[name] = partial(hidden, bgr, Veil(boxes))
        ways[f"{name}_whole"] = partial(hidden, bgr, EVERYTHING)
    spent: dict[str, list[float]] = {way: [] for way in ways}
    for round_number in range(options.rounds):
        for way, action in ways.items():
            began_s = time.process_time()
            for number in range(FRAMES):
                action(round_number * FRAMES + number)
            spent[way].append((time.process_time() - began_s) / FRAMES * 1e6)
    medians = {way: round(median(values)) for way, values in spent.items()}
    for way, us in medians.items():
        print(f"{way:15} {us:6} microseconds")
    print(json.dumps({"persons": options.persons, **medians}))


def hidden(bgr: Pixels, veil: Veil, _number: int) -> None:
    """Hide, whichever frame it is."""
    hide(bgr, veil)


if __name__ == "__main__":
    main()
