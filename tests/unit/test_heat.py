"""Where people were: by cell, without anybody in particular."""

from datetime import timedelta

import numpy as np

from hypersight_core.domain.cells import CELLS, COLUMNS, ROWS, CellTime
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.heat import HeatTally
from tests.builders import NOON, noon


def people(*boxes: tuple[float, float, float, float], score: float = 0.9) -> Detections:
    return Detections(np.array(boxes, dtype=float).reshape(-1, 4), np.full(len(boxes), score))


def test_a_person_stands_in_the_cell_of_the_feet():
    tally = HeatTally(0.4)
    tally.add(noon(), people((0.0, 0.0, 0.02, 0.04), (0.98, 0.9, 1.0, 1.0)))
    assert [one.cell for one in tally.cells(1.0)] == [0, CELLS - 1]


def test_time_adds_up_by_persons_and_frames():
    tally = HeatTally(0.4)
    box = (0.5, 0.5, 0.51, 0.6)
    for second in range(4):
        tally.add(noon(second / 4), people(box, box) if second < 2 else people(box))
    cell = int(0.6 * ROWS) * COLUMNS + int(0.505 * COLUMNS)
    assert tally.cells(0.25) == (CellTime(hour_at=NOON, cell=cell, person_ms=1500),)


def test_who_is_not_surely_a_person_leaves_no_heat():
    tally = HeatTally(0.4)
    tally.add(noon(), people((0.5, 0.5, 0.6, 0.6), score=0.39))
    assert tally.cells(1.0) == ()


def test_each_frame_belongs_to_its_own_hour():
    tally = HeatTally(0.4)
    for at in (noon(-1), noon()):
        tally.add(at, people((0.5, 0.5, 0.6, 0.6)))
    assert [one.hour_at for one in tally.cells(1.0)] == [NOON - timedelta(hours=1), NOON]
