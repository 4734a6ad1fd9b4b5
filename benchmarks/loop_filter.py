"""What the camera option `skip_loop_filter` saves and costs: CPU, and how far pictures drift.

    python -m benchmarks.loop_filter
    python -m benchmarks.loop_filter --clips 1080_g50_nob,720_g250_b --fps 2 --rounds 5

Samples the clips of `benchmarks.ingest` exactly and without the loop filter, in turn in one process; CPU is
the thread's own, ratios are medians over the rounds. PSNR (luma of mosaic cells, 640 × 360) is that of the
cheap frames against the exact ones. Agreement is that of the reference detector on the same cells, at a score
of 0.4: persons found on both at an IoU of 0.5 or more, of all that were found on either. The last line is one
JSON object.
"""

import argparse
import json
import math
import statistics
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.ingest import CACHE_DIR, CLIPS
from benchmarks.ingest_clips import written
from hypersight.footage import pedestrians
from hypersight_core.domain.assignment import assign
from hypersight_core.video.jpeg import encode_jpeg
from hypersight_core.video.picture import Picture, Pixels
from hypersight_core.video.sampler import FrameSampler
from hypersight_core.video.source import Segment, open_source

CELL_PX = (640, 360)
USUAL_CLIPS = "1080_g25_nob,1080_g50_nob,1080_g250_nob,1080_g50_b"
SCORE = 0.4
LEAST_IOU = 0.5
Boxes = NDArray[np.float64]


def sampled(clip: Path, watch_fps: float, *, skip_loop_filter: bool) -> tuple[float, list[Picture]]:
    """Return the CPU seconds of sampling a file, and the frames."""
    source = open_source(str(clip), stop=lambda: False)
    segments = [piece for piece in source.pieces() if isinstance(piece, Segment)]
    sampler = FrameSampler(watch_fps, skip_loop_filter=skip_loop_filter)
    began_s = time.thread_time()
    pictures = [picture for segment in segments for picture in sampler.frames(segment)]
    return time.thread_time() - began_s, pictures


def saved(clip: Path, watch_fps: float, rounds: int) -> float:
    """Return the CPU without the loop filter as a share of that with it."""
    shares = []
    for _ in range(rounds):
        exact_s, _ = sampled(clip, watch_fps, skip_loop_filter=False)
        cheap_s, _ = sampled(clip, watch_fps, skip_loop_filter=True)
        shares.append(cheap_s / exact_s)
    return statistics.median(shares)


def psnr_db(one: Pixels, other: Pixels) -> float:
    """Return how alike two pictures are in luma."""
    weights = np.array([0.114, 0.587, 0.299])
    mean_square = float((((one.astype(float) - other) @ weights) ** 2).mean())
    return 10 * math.log10(255**2 / max(mean_square, 1e-9))


def overlap(one: Boxes, other: Boxes) -> Boxes:
    """Return the intersection over union of each box with each of the others, shape `(n, m)`."""
    low = np.maximum(one[:, np.newaxis, :2], other[np.newaxis, :, :2])
    high = np.minimum(one[:, np.newaxis, 2:], other[np.newaxis, :, 2:])
    shared: Boxes = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (one, other)]
    together: Boxes = shared / (areas[0][:, np.newaxis] + areas[1] - shared)
    return together


class Finder:
    """The reference detector, on pictures instead of JPEG files."""

    def __init__(self) -> None:
        from hypersight_detector import weights
        from hypersight_detector.models import Model, decoded

        self._model, self._decoded = Model(weights.persons(CACHE_DIR), threads=1), decoded

    def find(self, bgr: Pixels) -> Boxes:
        """Return the persons' corners, shape `(n, 4)`, relative."""
        (boxes,) = self._model.find([self._decoded(encode_jpeg(bgr), self._model.side_px)[0]])
        corners: Boxes = boxes.corners_rel[(boxes.classes == 0) & (boxes.scores >= SCORE)].astype(np.float64)
        return corners


def quality(clip: Path, watch_fps: float, finder: Finder) -> dict[str, float]:
    """Compare the cheap frames of a clip with the exact ones."""
    _, exact = sampled(clip, watch_fps, skip_loop_filter=False)
    _, cheap = sampled(clip, watch_fps, skip_loop_filter=True)
    likeness, same, either = [], 0, 0
    for one, other in zip(exact, cheap, strict=True):
        pair = one.to_bgr(*CELL_PX), other.to_bgr(*CELL_PX)
        likeness.append(psnr_db(*pair))
        found, again = (finder.find(bgr) for bgr in pair)
        shared = overlap(found, again)
        possible = ((row, column, 1 - shared[row, column]) for row, column in np.argwhere(shared > LEAST_IOU))
        pairs = len(assign(possible, 1 - LEAST_IOU))
        same, either = same + pairs, either + len(found) + len(again) - pairs
    return {
        "psnr_mean_db": statistics.mean(likeness),
        "psnr_least_db": min(likeness),
        "agreement": same / either,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", default=USUAL_CLIPS, help=f"some of: {', '.join(CLIPS)}")
    parser.add_argument("--fps", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    footage, finder, rows = pedestrians(CACHE_DIR), Finder(), []
    for name in options.clips.split(","):
        clip = written(CLIPS[name], footage, CACHE_DIR / "ingest").with_name("whole.ts")
        share = saved(clip, options.fps, options.rounds)
        rows.append({"clip": name, "cpu_share": share, **quality(clip, options.fps, finder)})
        print(rows[-1], flush=True)
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
