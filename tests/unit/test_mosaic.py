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


def on(layout: MosaicLayout, *boxes_px: tuple[float, float, float, float]) -> Detections:
    return found(*(np.array(boxes_px) / np.tile([layout.width_px, layout.height_px], 2)))


def test_cells_are_filled_row_by_row_with_gutters_between_them_only():
    layout = MosaicLayout(2, 3, 40, 30, gutter_px=8)
    assert (layout.size, layout.width_px, layout.height_px) == (6, 136, 68)
    assert layout.cell_px(0) == (0, 0, 40, 30)
    assert layout.cell_px(5) == (96, 38, 136, 68)


def test_a_single_cell_is_the_whole_picture():
    layout = MosaicLayout(1, 1, 40, 30)
    assert layout.cell_px(0) == (0, 0, layout.width_px, layout.height_px) == (0, 0, 40, 30)


@pytest.mark.parametrize("index", [-1, 6])
def test_a_cell_that_is_not_there_is_refused(index):
    with pytest.raises(InvalidInput, match="cell"):
        MosaicLayout(2, 3, 40, 30).cell_px(index)


@pytest.mark.parametrize("shape", [(0, 3, 40, 30), (1, 3, 0, 30), (1, 3, 40, 30, -1)])
def test_a_grid_nothing_can_be_drawn_into_is_refused(shape):
    with pytest.raises(InvalidInput):
        MosaicLayout(*shape)


def test_a_single_cell_gives_its_detections_back():
    boxes = found((0.1, 0.2, 0.3, 0.9))
    (cell,) = split(boxes, MosaicLayout(1, 1, 768, 576), 1)
    assert np.allclose(cell.boxes_rel, boxes.boxes_rel)


def test_a_box_belongs_to_the_cell_of_its_centre_and_is_clipped_to_it():
    cells = split(found((0.4, 0.1, 0.7, 0.3)), MosaicLayout(2, 2, 100, 100, gutter_px=0), 4)
    assert [len(cell) for cell in cells] == [0, 1, 0, 0]
    assert np.allclose(cells[1].boxes_rel, [[0.0, 0.2, 0.4, 0.6]])


def test_a_box_that_grew_over_the_gutter_is_clipped_to_the_cell_of_its_centre():
    layout = MosaicLayout(1, 2, 100, 50, gutter_px=20)
    cells = split(on(layout, (110, 10, 140, 40), (80, 0, 115, 25)), layout, 2)
    assert np.allclose(cells[1].boxes_rel, [[0.0, 0.2, 0.2, 0.8]])
    assert np.allclose(cells[0].boxes_rel, [[0.8, 0.0, 1.0, 0.5]])


def test_boxes_with_their_middle_in_a_gutter_are_nobodys():
    layout = MosaicLayout(2, 2, 100, 50, gutter_px=20)
    cells = split(on(layout, (100, 10, 120, 40), (10, 50, 30, 70)), layout, 4)
    assert [len(cell) for cell in cells] == [0, 0, 0, 0]


def test_boxes_in_black_cells_are_dropped():
    layout = MosaicLayout(2, 2, 100, 100)
    cells = split(found((0.6, 0.6, 0.8, 0.8), (0.1, 0.1, 0.2, 0.2)), layout, 1)
    assert [len(cell) for cell in cells] == [1]


def test_boxes_with_their_middle_off_the_picture_are_dropped():
    boxes = found((-0.5, 0.1, 0.2, 0.2), (0.9, 0.9, 1.4, 1.0))
    assert len(split(boxes, MosaicLayout(1, 1, 768, 576), 1)[0]) == 0


def test_a_box_that_ends_at_the_very_edge_belongs_to_the_last_cell():
    assert len(split(found((1.0, 1.0, 1.0, 1.0)), MosaicLayout(2, 2, 64, 48), 4)[3]) == 1


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 40), st.data())
def test_boxes_drawn_into_cells_come_out_of_them(rows, cols, gutter_px, data):
    layout = MosaicLayout(rows, cols, 64, 48, gutter_px)
    edges = st.tuples(st.floats(0.0, 0.4), st.floats(0.0, 0.4), st.floats(0.6, 1.0), st.floats(0.6, 1.0))
    inside = [data.draw(edges) for _ in range(layout.size)]
    drawn = []
    for index, (x1, y1, x2, y2) in enumerate(inside):
        left, top, _, _ = layout.cell_px(index)
        drawn.append((left + x1 * 64, top + y1 * 48, left + x2 * 64, top + y2 * 48))
    cells = split(on(layout, *drawn), layout, layout.size)
    assert np.allclose([cell.boxes_rel[0] for cell in cells], inside)
