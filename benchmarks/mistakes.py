"""Why entries are missed and invented: `python -m benchmarks.mistakes [--zone-seeds 0,1]`.

Needs the counting benchmark and its annotated footage beside this repository, as `benchmarks.counting` does,
and matches entries as that does. Public detections, at 5 frames per second and the native rate; a mistake has
the first of these causes that holds:

missed     undetected  the person is detected on no frame in 1.5 s before the entry, or on none in 1.5 s after
           identity    one track had the person before it, another one after it
           border      the rest: along the border, or more than 1.5 s away
invented   false box   the track that entered is on no person in 1.5 s before and after
           identity    it was on several persons in that time, or its person was on another track
           border      the rest

Its last line is JSON.
"""

import json
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.annotated import iou
from benchmarks.comparison import Footage, footage_of, modules, parser_over_footage
from benchmarks.counting import ANCHORS, THRESHOLD, polygons
from hypersight_core.domain.counting import ZoneCounter
from hypersight_core.domain.detections import Detections

ANCHOR = "center"
RATES = (5.0, None)
"""Frames per second; None: the native rate."""
PHASES = 3
NEAR_S = 1.5
"""As far as a counted entry may be from a true one."""
MIN_IOU = 0.4
Sighting = tuple[float, int]
"""Seconds, and who was on whom."""


@dataclass(slots=True)
class Sightings:
    """Who was where, in order of time."""

    detected: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    """When each person was detected."""
    tracks: dict[int, list[Sighting]] = field(default_factory=lambda: defaultdict(list))
    """Which track was on each person."""
    persons: dict[int, list[Sighting]] = field(default_factory=lambda: defaultdict(list))
    """Which person each track was on."""

    def add(self, at_s: float, person: int, track: int) -> None:
        """Note that a track was on a person."""
        self.tracks[person].append((at_s, track))
        self.persons[track].append((at_s, person))


@dataclass(frozen=True, slots=True)
class Entry:
    """One counted entry."""

    at_s: float
    zone: int
    track: int


def counted(sequence: Any, zones: Sequence[Any], frames: Sequence[int]) -> tuple[list[Entry], Sightings]:
    """Count a sequence; return the entries and who was seen where."""
    counter = ZoneCounter(polygons(zones), ANCHORS[ANCHOR], sequence.width / sequence.height)
    found = sequence.detections("public")
    truth = _truth_by_frame(sequence)
    entries: list[Entry] = []
    seen = Sightings()
    for frame in frames:
        at_s = frame / sequence.fps
        boxes, scores = found[frame].boxes, found[frame].scores
        crossings = counter.update(at_s, Detections(boxes.copy(), scores.copy()), THRESHOLD)
        entries += [Entry(one.at_s, one.zone, one.track_id) for one in crossings if one.is_in]
        persons, true_boxes = truth.get(frame, ([], np.empty((0, 4))))
        for person, _ in _pairs(true_boxes, boxes[scores >= THRESHOLD]):
            seen.detected[persons[person]].append(at_s)
        view = counter.in_view()
        tracked = np.array([one.box_rel for one in view]).reshape(-1, 4)
        for person, track in _pairs(true_boxes, tracked):
            seen.add(at_s, persons[person], view[track].track_id)
    return entries, seen


def why_missed(seen: Sightings, person: int, at_s: float) -> str:
    """Return the cause of a missed entry."""
    times = seen.detected[person]
    if not (_any_within(times, at_s - NEAR_S, at_s) and _any_within(times, at_s, at_s + NEAR_S)):
        return "undetected"
    before = _within(seen.tracks[person], at_s - NEAR_S, at_s)
    after = _within(seen.tracks[person], at_s, at_s + NEAR_S)
    return "identity" if set(before) != set(after) or len(set(before)) > 1 else "border"


def why_invented(seen: Sightings, entry: Entry) -> str:
    """Return the cause of an invented entry."""
    around = (entry.at_s - NEAR_S, entry.at_s + NEAR_S)
    persons = set(_within(seen.persons[entry.track], *around))
    if not persons:
        return "false box"
    tracks = {track for person in persons for track in _within(seen.tracks[person], *around)}
    return "identity" if len(persons) > 1 or len(tracks) > 1 else "border"


def causes(footage: Footage, fps: float | None) -> Iterator[tuple[str, str]]:
    """Yield for each mistake whether it is `missed` or `invented`, and why; prints nothing."""
    bench = modules(footage)
    for folder in sorted(path.parent for path in footage.data_dir.glob("*/det.txt")):
        sequence = bench["data"].load_sequence(folder)
        is_sampled = fps is not None and fps < sequence.fps
        for seed in footage.zone_seeds:
            zones = bench["zones"].cached_zones(sequence, ANCHOR, bench["gate"].GateParams(), seed)
            corners = [zone / [sequence.width, sequence.height] for zone in zones.zones_px]
            for phase in range(PHASES if is_sampled else 1):
                frames = bench["data"].sample_frames(sequence.n_frames, sequence.fps, fps, phase / PHASES)
                entries, seen = counted(sequence, corners, frames.tolist())
                for zone, truth in enumerate(zones.truth):
                    of_zone = [entry for entry in entries if entry.zone == zone]
                    yield from _of_zone(bench["metrics"].match_times, truth, of_zone, seen)


def _of_zone(match: Any, truth: Any, entries: Sequence[Entry], seen: Sightings) -> Iterator[tuple[str, str]]:
    times = [entry.at_s for entry in entries]
    right, used = match([event.time for event in truth.entries], times, NEAR_S)
    for number, event in enumerate(truth.entries):
        if number not in right:
            yield "missed", why_missed(seen, event.person, event.time)
    rest = [entry for number, entry in enumerate(entries) if number not in used]
    # neither right nor wrong
    _, forgiven = match([event.time for event in truth.ignored], [entry.at_s for entry in rest], NEAR_S)
    for number, entry in enumerate(rest):
        if number not in forgiven:
            yield "invented", why_invented(seen, entry)


def _truth_by_frame(sequence: Any) -> dict[int, tuple[list[int], Any]]:
    found: defaultdict[int, list[tuple[int, Any]]] = defaultdict(list)
    for track in sequence.tracks:
        for frame, box in zip(track.frames.tolist(), sequence.normalise(track.boxes), strict=True):
            found[frame].append((track.person, box))
    return {
        frame: ([person for person, _ in rows], np.stack([box for _, box in rows]))
        for frame, rows in found.items()
    }


def _pairs(true_boxes: Any, boxes: Any) -> Iterator[tuple[int, int]]:
    """Yield who is whom, the best overlaps first."""
    overlaps = iou(true_boxes, boxes)
    while overlaps.size and overlaps.max() >= MIN_IOU:
        row, column = divmod(int(overlaps.argmax()), overlaps.shape[1])
        yield row, column
        overlaps[row], overlaps[:, column] = -1, -1


def _within(sightings: Sequence[Sighting], start_s: float, stop_s: float) -> list[int]:
    first = bisect_left(sightings, (start_s, -1))
    return [who for at_s, who in sightings[first:] if at_s <= stop_s]


def _any_within(times: Sequence[float], start_s: float, stop_s: float) -> bool:
    first = bisect_left(times, start_s)
    return first < len(times) and times[first] <= stop_s


def main() -> None:
    """Measure."""
    footage = footage_of(parser_over_footage(__doc__, zone_seeds="0,1").parse_args())
    figures = {}
    for fps in RATES:
        rate = "native" if fps is None else f"{fps:g}"
        found = Counter(f"{kind}, {cause}" for kind, cause in causes(footage, fps))
        figures[rate] = dict(sorted(found.items(), reverse=True))
        for name, number in figures[rate].items():
            print(f"{rate:>6} fps: {name:20} {number:5}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
