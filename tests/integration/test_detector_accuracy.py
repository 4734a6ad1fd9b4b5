"""The reference network finds the persons of PETS09-S2L1; the ground truth lies beside the checkout."""

from pathlib import Path

import av
import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray

from hypersight import footage
from hypersight_detector import weights
from hypersight_detector.models import Model, decoded

CACHE = Path("~/.cache/hypersight").expanduser()
TRUTH = Path(__file__).parents[3] / "shared/data/mot/PETS09-S2L1/gt.txt"
EVERY = 40
SIZE_PX = np.array([768, 576, 768, 576])
MIN_SCORE = 0.4
MIN_IOU = 0.4

Floats = NDArray[np.float64]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not TRUTH.exists(), reason=f"no ground truth at {TRUTH.name} of ../shared/data/mot/PETS09-S2L1"
    ),
]


def iou(boxes: Floats, others: Floats) -> Floats:
    """Return the overlap of each box with each of the others, shape `(n, m)`."""
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


def test_precision_and_recall_on_every_40th_frame(record_property):
    rows = np.loadtxt(TRUTH, delimiter=",")
    rows[:, 4:6] += rows[:, 2:4]
    model = Model(weights.persons(CACHE), threads=1)
    right = wrong = persons = 0
    with av.open(str(footage.pedestrians(CACHE))) as film:
        for index, frame in enumerate(film.decode(video=0)):
            if index % EVERY:
                continue
            jpeg = simplejpeg.encode_jpeg(
                np.ascontiguousarray(frame.to_ndarray(format="rgb24"), np.uint8), 85
            )
            (boxes,) = model.find([decoded(jpeg, model.side_px)[0]])
            is_person = (boxes.classes == 0) & (boxes.scores >= MIN_SCORE)
            best_first = np.argsort(-boxes.scores[is_person], kind="stable")
            found = (boxes.corners_rel[is_person] * SIZE_PX)[best_first]
            here = rows[rows[:, 0] == index + 1]
            is_scored = here[:, 6] != 0  # the others may be found or not, as MOTChallenge has it
            is_hit = hits(found, here[is_scored, 2:6])
            is_ignored = hits(found[~is_hit], here[~is_scored, 2:6])
            right += int(is_hit.sum())
            wrong += int((~is_ignored).sum())
            persons += int(is_scored.sum())

    precision, recall = right / (right + wrong), right / persons
    record_property("precision", precision)
    record_property("recall", recall)
    assert persons > 100
    assert precision >= 0.90
    assert recall >= 0.83
