"""Mosaic cells and whose detections are whose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypersight_core.domain.detections import Detections
from hypersight_core.domain.mosaic import MosaicLayout, split
from hypersight_core.errors import InvalidInput


def found(*boxes: tuple[float, float, float, float]) -> Detections:
    return Detections(np.array(boxes, dtype=np.float64).reshape(-1, 4), np.linspace(0.9, 0.5, len(boxes)))


def test_cells_are_filled_row_by_row():
    layout = MosaicLayout(2, 3)
    assert layout.size == 6
    assert layout.cell(0) == (0.0, 0.0, 1 / 3, 0.5)
    assert layout.cell(5) == (2 / 3, 0.5, 1.0, 1.0)


@pytest.mark.parametrize("index", [-1, 6])
def test_a_cell_that_is_not_there_is_refused(index):
    with pytest.raises(InvalidInput, match="cell"):
        MosaicLayout(2, 3).cell(index)


def test_a_grid_without_cells_is_refused():
    with pytest.raises(InvalidInput, match="at least one"):
        MosaicLayout(0, 3)


def test_a_single_cell_gives_its_detections_back():
    boxes = found((0.1, 0.2, 0.3, 0.9))
    (cell,) = split(boxes, MosaicLayout(1, 1), 1)
    assert np.allclose(cell.boxes_rel, boxes.boxes_rel)


def test_a_box_belongs_to_the_cell_of_its_centre_and_is_clipped_to_it():
    cells = split(found((0.4, 0.1, 0.7, 0.3)), MosaicLayout(2, 2), 4)
    assert [len(cell) for cell in cells] == [0, 1, 0, 0]
    assert np.allclose(cells[1].boxes_rel, [[0.0, 0.2, 0.4, 0.6]])


def test_boxes_in_black_cells_are_dropped():
    cells = split(found((0.6, 0.6, 0.8, 0.8), (0.1, 0.1, 0.2, 0.2)), MosaicLayout(2, 2), 1)
    assert [len(cell) for cell in cells] == [1]


def test_boxes_with_their_middle_off_the_picture_are_dropped():
    assert len(split(found((-0.5, 0.1, 0.2, 0.2), (0.9, 0.9, 1.4, 1.0)), MosaicLayout(1, 1), 1)[0]) == 0


def test_a_box_that_ends_at_the_very_edge_belongs_to_the_last_cell():
    assert len(split(found((1.0, 1.0, 1.0, 1.0)), MosaicLayout(2, 2), 4)[3]) == 1


@given(st.integers(1, 4), st.integers(1, 4), st.data())
def test_boxes_drawn_into_cells_come_out_of_them(rows, cols, data):
    layout = MosaicLayout(rows, cols)
    edges = st.tuples(st.floats(0.0, 0.4), st.floats(0.0, 0.4), st.floats(0.6, 1.0), st.floats(0.6, 1.0))
    inside = [data.draw(edges) for _ in range(layout.size)]
    drawn = []
    for index, (x1, y1, x2, y2) in enumerate(inside):
        left, top, right, bottom = layout.cell(index)
        wide, tall = right - left, bottom - top
        drawn.append((left + x1 * wide, top + y1 * tall, left + x2 * wide, top + y2 * tall))
    cells = split(found(*drawn), layout, layout.size)
    assert np.allclose([cell.boxes_rel[0] for cell in cells], inside)
