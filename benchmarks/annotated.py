"""Real footage with ground truth, and how much of it a detector finds."""

import hashlib
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypersight import footage
from hypersight_core.domain.detections import Detections
from hypersight_core.video.picture import Picture
from hypersight_core.video.sampler import FrameSampler
from hypersight_core.video.source import Recording, Segment, open_source
from hypersight_detector import weights
from hypersight_detector.models import Model, decoded

Floats = NDArray[np.float64]

CACHE = Path("~/.cache/hypersight").expanduser()
TRUTHS = Path(__file__).parents[2] / "shared" / "data" / "mot"
"""Where the ground truth lies when it is there at all; it is not part of this repository."""
STARTS_AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
MIN_IOU = 0.4
MIN_SCORE = 0.4


def iou(boxes: Floats, others: Floats) -> Floats:
    """Return the overlap of each box with each of the others, shape `(n, m)`; boxes are corners."""
    low = np.maximum(boxes[:, np.newaxis, :2], others[np.newaxis, :, :2])
    high = np.minimum(boxes[:, np.newaxis, 2:], others[np.newaxis, :, 2:])
    shared: Floats = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(some[:, 2:] - some[:, :2]).prod(axis=1) for some in (boxes, others)]
    overlap: Floats = shared / (areas[0][:, np.newaxis] + areas[1] - shared)
    return overlap


def hits(found: Floats, truth: Floats) -> NDArray[np.bool_]:
    """Say which boxes, best first, meet a person that no better one has met."""
    overlaps = iou(found, truth)
    is_hit = np.zeros(len(found), bool)
    for row in range(len(found)):
        if len(truth) and overlaps[row].max() >= MIN_IOU:
            is_hit[row] = True
            overlaps[:, overlaps[row].argmax()] = -1
    return is_hit


@dataclass(slots=True)
class Found:
    """How much of the truth was found, summed up over frames."""

    right: int = 0
    wrong: int = 0
    persons: int = 0

    @property
    def precision(self) -> float:
        """Share of the boxes that are persons."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """Share of the persons that were found."""
        return self.right / max(1, self.persons)

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.persons - self.right)

    def add(self, found: Floats, rows: Floats) -> None:
        """Take in one frame: corners found, best first, and `rows` of left, top, right, bottom, flag.

        Persons with flag 0 may be found or not, as MOTChallenge has it.
        """
        is_scored = rows[:, 4] != 0
        is_hit = hits(found, rows[is_scored, :4])
        is_ignored = hits(found[~is_hit], rows[~is_scored, :4])
        self.right += int(is_hit.sum())
        self.wrong += int((~is_ignored).sum())
        self.persons += int(is_scored.sum())


@dataclass(frozen=True)
class AnnotatedFilm:
    """A film and where each person on it is."""

    name: str
    path: Path
    fps: float

    @property
    def truth_path(self) -> Path:
        """MOTChallenge ground truth."""
        return TRUTHS / self.name / "gt.txt"

    @property
    def recording(self) -> Recording:
        """What is known of the film besides what it says itself."""
        return Recording(starts_at=STARTS_AT, fps=self.fps)

    @cached_property
    def _rows(self) -> Floats:
        rows: Floats = np.loadtxt(self.truth_path, delimiter=",")
        rows[:, 4:6] += rows[:, 2:4]
        return rows

    def truth_px(self, picture: Picture) -> Floats:
        """Return left, top, right, bottom (pixels) and flag of each person on a frame, shape `(n, 5)`."""
        index = round((picture.at - STARTS_AT).total_seconds() * self.fps)
        shown: Floats = self._rows[self._rows[:, 0] == index + 1][:, 2:7]
        return shown

    def segments(self) -> list[Segment]:
        """Return the whole film as the watcher gets it."""
        source = open_source(str(self.path), stop=lambda: False, recording=self.recording)
        return [piece for piece in source.pieces() if isinstance(piece, Segment)]

    def pictures(self, watch_fps: float) -> list[Picture]:
        """Return the frames of the whole film at a rate."""
        sampler = FrameSampler(watch_fps)
        return [picture for segment in self.segments() for picture in sampler.frames(segment)]

    def compared(self, frames: Iterable[tuple[Picture, Detections]]) -> Found:
        """Compare what was found on frames with who is there."""
        total = Found()
        for picture, detections in frames:
            good = detections.above(MIN_SCORE)
            size_px = np.tile([picture.width_px, picture.height_px], 2)
            best_first = np.argsort(-good.scores, kind="stable")
            total.add((good.boxes_rel * size_px)[best_first], self.truth_px(picture))
        return total


def films() -> list[AnnotatedFilm]:
    """Return the films whose ground truth lies beside the repository."""
    known = [
        AnnotatedFilm("PETS09-S2L1", footage.pedestrians(CACHE), 7.0),
        AnnotatedFilm("TUD-Stadtmitte", TRUTHS / "TUD-Stadtmitte" / "TUD-Stadtmitte.mp4", 25.0),
    ]
    return [film for film in known if film.truth_path.exists()]


@dataclass
class ReferenceFinder:
    """The reference detector without its server; counts calls, bytes and CPU time."""

    model: Model = field(default_factory=lambda: Model(weights.persons(CACHE), threads=1))
    calls: int = 0
    sent_bytes: int = 0
    cpu_s: float = 0.0
    _known: dict[bytes, Detections] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def detect(self, jpeg: bytes) -> Detections:
        """Return the persons on a picture; one that was seen before costs nothing again."""
        with self._lock:
            self.calls += 1
            self.sent_bytes += len(jpeg)
            key = hashlib.sha256(jpeg).digest()
            if key not in self._known:
                self._known[key] = self._found(jpeg)
            return self._known[key]

    def reset(self) -> None:
        """Count from 0 again."""
        self.calls, self.sent_bytes, self.cpu_s = 0, 0, 0.0

    def _found(self, jpeg: bytes) -> Detections:
        started_s = time.thread_time()
        (boxes,) = self.model.find([decoded(jpeg, self.model.side_px)[0]])
        self.cpu_s += time.thread_time() - started_s
        is_person = boxes.classes == 0
        corners = np.clip(boxes.corners_rel[is_person].astype(np.float64), 0.0, 1.0)
        return Detections(corners, boxes.scores[is_person].astype(np.float64))


def in_groups(pictures: Sequence[Picture], size: int) -> list[Sequence[Picture]]:
    """Return consecutive frames, `size` at a time."""
    return [pictures[first : first + size] for first in range(0, len(pictures), size)]
