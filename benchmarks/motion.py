"""What the motion gate saves and what it costs, on real footage with the reference detector.

    python -m benchmarks.motion [--fps 2] [--scene NAME ...] [--out FILE]

needs the ground truth of PETS09-S2L1 beside this repository. `busy` is the film as it is; in the others it
stands still for most of the time under the camera's own noise (`benchmarks.standstill`). Presence error: mean
difference between the persons in the whole frame and the annotated ones, over the frames. Counting: entries
and exits of the demo's two zones, compared with the truth. The last line is JSON.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.annotated import CACHE, STARTS_AT, AnnotatedFilm, ReferenceFinder, films
from benchmarks.standstill import Exposure, Piece, source_frames, write_scene
from hypersight.demo import ROAD, WALKWAY
from hypersight_core.domain.cameras import Anchor, Camera
from hypersight_core.domain.counting import ZoneCounter
from hypersight_core.domain.gates import Crossing
from hypersight_core.domain.truth import Scene, read_mot
from hypersight_core.domain.validation import Passing, compare
from hypersight_core.domain.zones import WHOLE_FRAME
from hypersight_core.video.picture import Picture
from hypersight_core.video.sampler import FrameSampler
from hypersight_core.video.source import Recording, Segment, open_source
from hypersight_core.watcher.analysis import AnalysedFrame, Analyst
from hypersight_core.watcher.gate import LOOK_WIDTH_PX, Look, MotionGate

FPS = 7.0
THRESHOLD = 0.4
MOSTLY_STILL = (
    Piece(0, 56, 60), Piece(57, 120, 60), Piece(121, 200, 60), Piece(201, 290, 60), Piece(291, 380, 60),
)  # fmt: skip
STANDING = (Piece(0, 100, 240),)
SCENES: dict[str, tuple[Sequence[Piece], Exposure] | None] = {
    "busy": None,
    "mostly still": (MOSTLY_STILL, Exposure()),
    "mostly still, night": (MOSTLY_STILL, Exposure(light=0.3, noise=2.0)),
    "persons standing for minutes": (STANDING, Exposure()),
}
MODES: dict[str, dict[str, Any]] = {
    "off": {"motion_gate": False},
    "recheck 10 s": {"motion_gate": True, "motion_recheck_s": 10.0},
    "recheck 60 s": {"motion_gate": True, "motion_recheck_s": 60.0},
}

Row = dict[str, Any]


class Shown:
    """A scene, and the annotated persons on each of its frames."""

    def __init__(self, real: AnnotatedFilm, name: str) -> None:
        made = SCENES[name]
        self.path, self._shown = real.path, list(range(795))
        if made is not None:
            pieces, exposure = made
            self._shown = source_frames(pieces, FPS)
            folder = CACHE / "standstill"
            folder.mkdir(parents=True, exist_ok=True)
            key = f"{name.replace(', ', '-').replace(' ', '-')}.mp4"
            self.path = write_scene(real.path, folder / key, pieces, exposure, FPS)
        self._rows = _rows_by_frame(real.truth_path)

    def pictures(self, fps: float) -> list[Picture]:
        """Return the frames the watcher samples."""
        recording = Recording(starts_at=STARTS_AT, fps=FPS)
        source = open_source(str(self.path), stop=lambda: False, recording=recording)
        sampler = FrameSampler(fps)
        segments = [piece for piece in source.pieces() if isinstance(piece, Segment)]
        return [picture for segment in segments for picture in sampler.frames(segment)]

    def people_count(self, at: datetime) -> int:
        """Return how many annotated persons a frame shows."""
        index = min(round((at - STARTS_AT).total_seconds() * FPS), len(self._shown) - 1)
        return sum(row[6] != 0 for row in self._rows[self._shown[index] + 1])

    def passings(self) -> Sequence[Passing]:
        """Return the true passings of the demo's zones."""
        lines = [
            ",".join([str(number), *(f"{value:g}" for value in row[1:])])
            for number, shown in enumerate(self._shown, start=1)
            for row in self._rows[shown + 1]
        ]
        scene = Scene((WALKWAY, ROAD), Anchor.CENTER, 768, 576, FPS, STARTS_AT)
        return read_mot("\n".join(lines), scene).passings


def _rows_by_frame(truth: Path) -> dict[int, list[list[float]]]:
    rows: defaultdict[int, list[list[float]]] = defaultdict(list)
    for row in np.loadtxt(truth, delimiter=",").tolist():
        rows[int(row[0])].append(row)
    return rows


def measured(shown: Shown, pictures: list[Picture], finder: ReferenceFinder, fps: float, mode: str) -> Row:
    """Return what one mode of the gate makes of a scene."""
    camera = Camera(camera_id=1, name="scene", stream_url="file:///scene", watch_fps=fps, **MODES[mode])
    finder.reset()
    analyst = Analyst(finder, camera)
    try:
        frames = list(analyst.analyse(pictures, lambda: False))
    finally:
        analyst.close()
    return {"gate": mode, "frames": len(frames), "calls": finder.calls} | _accuracy(shown, frames)


def _accuracy(shown: Shown, frames: list[AnalysedFrame]) -> Row:
    inside = ZoneCounter([WHOLE_FRAME], Anchor.CENTER, 768 / 576)
    zones = ZoneCounter([WALKWAY, ROAD], Anchor.CENTER, 768 / 576)
    errors, counted = [], []
    for frame in frames:
        at_s = (frame.picture.at - STARTS_AT).total_seconds()
        assert frame.detections is not None  # noqa: S101 - the reference detector always answers
        inside.update(at_s, frame.detections, THRESHOLD)
        counted += zones.update(at_s, frame.detections, THRESHOLD)
        errors.append(len(inside.people_inside()) - shown.people_count(frame.picture.at))
    return {
        "presence_error": round(float(np.abs(errors).mean()), 3),
        "presence_bias": round(float(np.mean(errors)), 3),
    } | _counting(shown.passings(), counted)


def _counting(truth: Sequence[Passing], counted: Sequence[Crossing]) -> Row:
    kinds = {(zone, is_in) for zone in (0, 1) for is_in in (True, False)}
    found = [Passing(one.at_s, one.zone, one.is_in) for one in counted]
    total = compare(truth, found, kinds).total
    f1 = 2 * total.matched / max(1, total.truth + total.counted)
    return {"true": total.truth, "counted": total.counted, "f1": round(f1, 3)}


def gate_cpu_ms(pictures: list[Picture]) -> float:
    """Return the CPU time of the gate for a frame in milliseconds."""
    started_s = time.thread_time()
    gate = MotionGate(10.0)
    for picture in pictures:
        looks = [Look.at(picture)]
        if not gate.is_still(looks):
            gate.posted(looks)
    return (time.thread_time() - started_s) / len(pictures) * 1e3


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fps", type=float, default=2.0)
    parser.add_argument("--scene", action="append", choices=SCENES, help="left out: all")
    parser.add_argument("--gate", action="append", choices=MODES, help="left out: all")
    parser.add_argument("--out", type=Path, help="file for the JSON")
    arguments = parser.parse_args()
    (real,) = [film for film in films() if film.name == "PETS09-S2L1"]
    finder = ReferenceFinder()
    rows: list[Row] = []
    gate_ms = detector_ms = 0.0
    for name in arguments.scene or SCENES:
        shown = Shown(real, name)
        pictures = shown.pictures(arguments.fps)
        for mode in arguments.gate or MODES:
            rows.append({"scene": name} | measured(shown, pictures, finder, arguments.fps, mode))
            print(rows[-1], flush=True)
            detector_ms = detector_ms or finder.cpu_s / finder.calls * 1e3
        gate_ms = gate_cpu_ms(pictures)
    cost = {"gate_ms_a_frame": round(gate_ms, 3), "detector_ms_a_call": round(detector_ms, 1)}
    print(cost, f"at {LOOK_WIDTH_PX} pixels")
    text = json.dumps({"fps": arguments.fps, "rows": rows, "cpu": cost})
    if arguments.out is not None:
        arguments.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
