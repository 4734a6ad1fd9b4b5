"""How right the number of persons present is: `python -m benchmarks.presence [--zone-seeds 0,1]`.

Needs the counting benchmark and its annotated footage beside this repository, as `benchmarks.counting` does.
On each frame, and for each zone, the persons that hypersight says are there are compared with the annotated
ones whose centre is inside, next to the detector's boxes whose centre is inside (what supervision's
`PolygonZone` counts). Error is the mean of the difference without its sign, bias with it, both divided by the
mean number of persons; changes are how often the number changes in a minute. Its last line is JSON.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.comparison import DETECTIONS, RATES, Footage, footage_of, modules, parser_over_footage
from benchmarks.counting import ANCHORS, THRESHOLD, polygons
from hypersight_core.domain.counting import ZoneCounter
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.geometry import ZoneGeometry
from hypersight_core.domain.zones import Zone

Floats = NDArray[np.float64]

ANCHOR = "center"
WAYS = ("true", "hypersight", "boxes")


def numbers(sequence: Any, kind: str, zones: Sequence[Zone], frames: Sequence[int]) -> dict[str, Floats]:
    """Return for each way how many persons are in each zone on each frame, shape `(f, z)`."""
    aspect = sequence.width / sequence.height
    geometry = ZoneGeometry(zones, aspect)
    counters = [ZoneCounter([zone], ANCHORS[ANCHOR], aspect) for zone in zones]
    truth, found = _truth(sequence), sequence.detections(kind)
    rows: defaultdict[str, list[Floats]] = defaultdict(list)
    for frame in frames:
        boxes, scores = found[frame].boxes, found[frame].scores
        detections = Detections(boxes.copy(), scores.copy())
        for counter in counters:
            counter.update(frame / sequence.fps, detections, THRESHOLD)
        rows["true"].append(_inside(geometry, truth[frame], aspect))
        rows["boxes"].append(_inside(geometry, boxes[scores >= THRESHOLD], aspect))
        rows["hypersight"].append(np.array([len(counter.people_inside()) for counter in counters], float))
    return {way: np.array(rows[way]) for way in WAYS}


def measured(footage: Footage, kind: str, rate: str) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield error, bias and changes of each way, over all sequences and zones."""
    bench = modules(footage)
    fps = None if rate == "native" else float(rate)
    sums: dict[str, Floats] = {way: np.zeros(3) for way in WAYS}
    persons = minutes = 0.0
    for folder in sorted(path.parent for path in footage.data_dir.glob("*/det.txt")):
        sequence = bench["data"].load_sequence(folder)
        frames = bench["data"].sample_frames(sequence.n_frames, sequence.fps, fps).tolist()
        zones = [zone for seed in footage.zone_seeds for zone in _zones(bench, sequence, seed)]
        found = numbers(sequence, kind, zones, frames)
        persons += found["true"].sum()
        minutes += len(zones) * len(frames) / min(fps or sequence.fps, sequence.fps) / 60
        for way in WAYS:
            wrong = found[way] - found["true"]
            sums[way] += np.abs(wrong).sum(), wrong.sum(), (np.diff(found[way], axis=0) != 0).sum()
    for way, (error, bias, changes) in sums.items():
        yield (
            way,
            {
                "error": round(error / persons, 3),
                "bias": round(bias / persons, 3),
                "changes_a_minute": round(changes / minutes, 1),
            },
        )


def _zones(bench: dict[str, Any], sequence: Any, seed: int) -> list[Zone]:
    zones = bench["zones"].cached_zones(sequence, ANCHOR, bench["gate"].GateParams(), seed)
    return polygons([zone / [sequence.width, sequence.height] for zone in zones.zones_px])


def _truth(sequence: Any) -> defaultdict[int, Floats]:
    boxes: defaultdict[int, list[Floats]] = defaultdict(list)
    for track in sequence.tracks:
        rows = zip(track.frames.tolist(), sequence.normalise(track.boxes), track.considered, strict=True)
        for frame, box, is_considered in rows:
            if is_considered:
                boxes[frame].append(box)
    return defaultdict(
        lambda: np.empty((0, 4)), {frame: np.stack(of_frame) for frame, of_frame in boxes.items()}
    )


def _inside(geometry: ZoneGeometry, boxes_rel: Floats, aspect: float) -> Floats:
    centers = (boxes_rel[:, :2] + boxes_rel[:, 2:]).T / 2 * [[aspect], [1.0]]
    is_inside: Floats = (geometry.signed_distances(centers) >= 0.0).sum(axis=1).astype(float)
    return is_inside


def main() -> None:
    """Measure."""
    footage = footage_of(parser_over_footage(__doc__, zone_seeds="0,1").parse_args())
    rows = []
    for kind in DETECTIONS:
        for rate in RATES:
            for way, figures in measured(footage, kind, rate):
                rows.append({"detections": kind, "fps": rate, "way": way, **figures})
                print(
                    f"{kind:7} {rate:>6} fps, {way:10}: error {figures['error']:.3f}, "
                    f"bias {figures['bias']:+.3f}, {figures['changes_a_minute']:.1f} changes a minute",
                    flush=True,
                )
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
