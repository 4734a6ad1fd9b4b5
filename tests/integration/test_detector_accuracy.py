"""The reference network finds the persons of PETS09-S2L1; the ground truth lies beside the checkout."""

from pathlib import Path

import av
import numpy as np
import pytest
import simplejpeg

from benchmarks.annotated import Found
from hypersight import footage
from hypersight_detector import weights
from hypersight_detector.models import Model, decoded

CACHE = Path("~/.cache/hypersight").expanduser()
TRUTH = Path(__file__).parents[3] / "shared/data/mot/PETS09-S2L1/gt.txt"
EVERY = 40
SIZE_PX = np.array([768, 576, 768, 576])
MIN_SCORE = 0.4

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not TRUTH.exists(), reason=f"no ground truth at {TRUTH.name} of ../shared/data/mot/PETS09-S2L1"
    ),
]


def test_precision_and_recall_on_every_40th_frame(record_property):
    rows = np.loadtxt(TRUTH, delimiter=",")
    rows[:, 4:6] += rows[:, 2:4]
    model = Model(weights.persons(CACHE), threads=1)
    total = Found()
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
            total.add(found, here[:, 2:7])

    precision, recall = total.precision, total.recall
    record_property("precision", precision)
    record_property("recall", recall)
    assert total.persons > 100
    assert precision >= 0.90
    assert recall >= 0.83
