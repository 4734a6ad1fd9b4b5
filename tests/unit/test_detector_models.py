"""Networks of known layouts, on graphs made here whose outputs are known by construction."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import simplejpeg
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from hypersight_core.errors import InvalidInput, SetupFailed
from hypersight_detector.layouts import Boxes, blazeface, centernet, suppressed, yolox
from hypersight_detector.models import Model, ModelConfig, decoded

SIDE_PX = 64
YOLOX_CELLS = 8 * 8 + 4 * 4 + 2 * 2
BLACK = np.zeros((48, 80, 3), np.uint8)


def saved(
    folder: Path,
    source: onnx.ValueInfoProto,
    nodes: Sequence[onnx.NodeProto],
    arrays: Mapping[str, NDArray[Any]],
) -> Path:
    """Write a network whose output is called `result`."""
    graph = helper.make_graph(
        list(nodes),
        "made by a test",
        [source],
        [helper.make_tensor_value_info("result", TensorProto.FLOAT, ["n", "cells", "values"])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    path = folder / "made.onnx"
    onnx.save(model, path)
    return path


def yolox_network(folder: Path, rows: NDArray[np.float32], batch: int | str = 1) -> Path:
    """Write a network that answers `rows` times the mean of its input, a real YOLOX's shapes in and out."""
    source = helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, SIDE_PX, SIDE_PX])
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Reshape", ["mean", "shape"], ["factor"]),
        helper.make_node("Mul", ["rows", "factor"], ["result"]),
    ]
    shape = np.array([-1, 1, 1], np.int64)
    return saved(folder, source, nodes, {"rows": rows[np.newaxis], "shape": shape})


def yolox_row(
    x: float, y: float, width: float, height: float, objectness: float, *classes: float
) -> list[float]:
    return [x, y, np.log(width), np.log(height), objectness, *classes]


def test_yolox_rows_become_boxes(tmp_path):
    rows = np.zeros((YOLOX_CELLS, 7), np.float32)
    # Stride 8, row 1, column 2: centre (2.5, 1.25) cells = (20, 10) px, 2×1.5 cells = 16×12 px.
    rows[1 * 8 + 2] = yolox_row(0.5, 0.25, 2, 1.5, 0.9, 1.0, 0.2)
    # Stride 32, row 1, column 0: centre (16, 48) px, 32×16 px, the second class.
    rows[64 + 16 + 2] = yolox_row(0.5, 0.5, 1, 0.5, 0.8, 0.1, 0.5)
    model = Model(ModelConfig(yolox_network(tmp_path, rows), "yolox"), threads=1)

    (found,) = model.find([np.ones((SIDE_PX, SIDE_PX, 3), np.uint8)])

    np.testing.assert_allclose(found.corners_rel * SIDE_PX, [[12, 4, 28, 16], [0, 40, 32, 56]], atol=1e-4)
    np.testing.assert_allclose(found.scores, [0.9, 0.4], rtol=1e-6)
    assert found.classes.tolist() == [0, 1]


def test_yolox_reports_one_of_two_boxes_on_the_same_thing(tmp_path):
    rows = np.zeros((1, YOLOX_CELLS, 7), np.float32)
    rows[0, 9] = yolox_row(0.5, 0.5, 2, 2, 0.7, 1, 0)
    rows[0, 10] = yolox_row(-0.4, 0.5, 2, 2, 0.9, 1, 0)  # the neighbour, nearly the same box
    rows[0, 11] = yolox_row(-1.4, 0.5, 2, 2, 0.8, 0, 1)  # the same box of another class

    (found,) = yolox([rows], SIDE_PX, 0.1)

    np.testing.assert_allclose(sorted(found.scores), [0.8, 0.9], rtol=1e-6)


@pytest.mark.parametrize("batch", [1, "n"], ids=["one at a time", "in batches"])
def test_each_picture_of_a_batch_gets_its_own_boxes(tmp_path, batch):
    rows = np.zeros((YOLOX_CELLS, 6), np.float32)
    rows[:, 4] = 0.01
    rows[:, 5] = 1.0
    network = yolox_network(tmp_path, rows, batch)
    model = Model(ModelConfig(network, "yolox", min_score=0.2), threads=1)
    pictures = [np.full((SIDE_PX, SIDE_PX, 3), level, np.uint8) for level in (0, 8, 5, 0)]

    found = model.find(pictures)

    # Objectness and class both grow with the picture's brightness: 0.01 × 8² = 0.64, 0.01 × 5² = 0.25.
    assert [round(float(one.scores.max(initial=0)), 2) for one in found] == [0, 0.64, 0.25, 0]


def test_a_padded_picture_has_its_boxes_relative_to_itself(tmp_path):
    rows = np.zeros((YOLOX_CELLS, 6), np.float32)
    rows[64 + 16] = yolox_row(
        0.5, 0.25, 1, 0.5, 1, 1
    )  # the upper half of the stride 32 cell: 0..32 × 0..16 px
    config = ModelConfig(yolox_network(tmp_path, rows), "yolox", keep_proportions=True)
    white = np.full((100, 200, 3), 2, np.uint8)  # fills the upper half of the square: mean 1

    (found,) = Model(config, threads=1).find([white])

    np.testing.assert_allclose(found.corners_rel, [[0, 0, 0.5, 0.5]], atol=1e-4)


@pytest.mark.parametrize(
    ("value_range", "is_bgr", "expected"),
    [
        ("0-255", False, [255, 0, 51]),
        ("0-255", True, [51, 0, 255]),
        ("0-1", False, [1, 0, 0.2]),
        ("-1-1", False, [1, -1, -0.6]),
    ],
)
def test_pixels_come_in_the_order_and_range_asked_for(tmp_path, value_range, is_bgr, expected):
    """The network answers the means of its three channels as the scores of three classes, in every cell."""
    source = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE_PX, SIDE_PX])
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("Mul", ["means", "scale"], ["small"]),
        helper.make_node("Add", ["small", "half"], ["positive"]),
        helper.make_node("Unsqueeze", ["positive", "axis"], ["row"]),
        helper.make_node("Concat", ["box", "row"], ["one"], axis=2),
        helper.make_node("Expand", ["one", "cells"], ["result"]),
    ]
    arrays: dict[str, NDArray[Any]] = {
        "scale": np.array(0.001, np.float32),
        "half": np.array(0.5, np.float32),
        "axis": np.array([1], np.int64),
        "box": np.array([[[0, 0, 0, 0, 1]]], np.float32),
        "cells": np.array([1, YOLOX_CELLS, 8], np.int64),
    }
    config = ModelConfig(saved(tmp_path, source, nodes, arrays), "yolox", value_range, is_bgr=is_bgr)
    picture = np.full((SIDE_PX, SIDE_PX, 3), [255, 0, 51], np.uint8)

    (found,) = Model(config, threads=1).find([picture])

    brightest = max(range(3), key=expected.__getitem__)
    assert set(found.classes) == {brightest}
    np.testing.assert_allclose(found.scores, 0.5 + 0.001 * expected[brightest], rtol=1e-5)


def test_a_network_of_another_layout_is_refused_at_once(tmp_path):
    path = yolox_network(tmp_path, np.zeros((YOLOX_CELLS, 7), np.float32))

    with pytest.raises(SetupFailed, match="cannot be read as centernet") as caught:
        Model(ModelConfig(path, "centernet"), threads=1)

    assert "yolox" in caught.value.hint


def test_what_is_no_network_is_refused(tmp_path):
    (tmp_path / "letter.onnx").write_text("Dear Sir or Madam")

    for path in (tmp_path / "letter.onnx", tmp_path / "nowhere.onnx"):
        with pytest.raises(SetupFailed, match="cannot be loaded"):
            Model(ModelConfig(path, "yolox"), threads=1)


@pytest.mark.parametrize("named", [{"layout": "yolov3"}, {"layout": "yolox", "value_range": "0-7"}])
def test_unknown_names_are_refused_with_the_known_ones(named):
    with pytest.raises(InvalidInput, match="is none of"):
        ModelConfig(Path("x.onnx"), **named)


def test_centernet_peaks_become_boxes():
    heat = np.zeros((2, 3, 16, 16), np.float32)
    distances = np.zeros((2, 4, 16, 16), np.float32)
    heat[1, 2, 5, 8], heat[1, 2, 5, 9], heat[1, 0, 12, 3] = 0.9, 0.6, 0.05
    heat[1, 0, 5, 9] = 0.5  # another class next door is no rival
    distances[1, :, 5, 8] = [8, 4, 12, 16]
    distances[1, :, 5, 9] = [2, 2, 2, 2]

    nothing, found = centernet([heat, distances], SIDE_PX, 0.1)

    assert len(nothing.scores) == 0
    by_class = {int(kind): row for kind, row in zip(found.classes, range(len(found.classes)), strict=True)}
    assert sorted(by_class) == [0, 2]
    assert (found.corners_rel[by_class[2]] * SIDE_PX).tolist() == [24, 16, 44, 36]
    assert (found.corners_rel[by_class[0]] * SIDE_PX).tolist() == [34, 18, 38, 22]


def test_a_flat_peak_is_one_object():
    heat = np.zeros((1, 1, 16, 16), np.float32)
    distances = np.full((1, 4, 16, 16), 20, np.float32)
    heat[0, 0, 7, 7:9] = 0.8

    (found,) = centernet([heat, distances], SIDE_PX, 0.1)

    assert len(found.scores) == 1


def test_blazeface_anchors_become_faces():
    logits = [np.full((1, 512, 1), -9, np.float32), np.full((1, 384, 1), -9, np.float32)]
    regressors = [np.zeros((1, 512, 16), np.float32), np.zeros((1, 384, 16), np.float32)]
    fine, coarse = (3 * 16 + 5) * 2 + 1, (6 * 8 + 2) * 6 + 4
    logits[0][0, fine], regressors[0][0, fine, :4] = 3, [4, -4, 32, 64]
    logits[1][0, coarse], regressors[1][0, coarse, :4] = 1, [0, 0, 16, 16]

    (found,) = blazeface([*logits, *regressors], 256, 0.5)

    # Cell (5, 3) of 16: centre (88, 56) px; cell (2, 6) of 8: centre (80, 208) px.
    np.testing.assert_allclose(found.corners_rel * 256, [[76, 20, 108, 84], [72, 200, 88, 216]], atol=1e-3)
    np.testing.assert_allclose(found.scores, 1 / (1 + np.exp([-3.0, -1.0])), rtol=1e-5)


def test_suppression_keeps_the_best_of_each_heap():
    boxes = Boxes(
        np.array([[0, 0, 1, 1], [0, 0, 1, 0.9], [0, 0, 0.4, 0.4], [0, 0, 1, 1]], np.float32),
        np.array([0.6, 0.9, 0.5, 0.4], np.float32),
        np.array([0, 0, 0, 7]),
    )

    assert suppressed(boxes, 0.5).tolist() == [1, 2, 3]


def test_a_large_jpeg_is_reduced_while_it_is_decoded():
    jpeg = simplejpeg.encode_jpeg(np.full((1200, 2000, 3), 90, np.uint8), 85)

    picture, size_px = decoded(jpeg, 512)

    assert size_px == (2000, 1200)
    assert 512 <= min(picture.shape[:2]) < 640
    assert abs(int(picture.mean()) - 90) <= 1


def test_a_grey_jpeg_becomes_rgb_of_its_own_size():
    jpeg = simplejpeg.encode_jpeg(np.full((48, 64, 1), 90, np.uint8), 85, colorspace="GRAY")

    assert decoded(jpeg, 512)[0].shape == (48, 64, 3)


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xd8\xff", simplejpeg.encode_jpeg(BLACK, 85)[:200]])
def test_what_is_no_jpeg_is_refused(content):
    with pytest.raises(InvalidInput, match="no JPEG"):
        decoded(content, 512)
