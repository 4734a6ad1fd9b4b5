"""The TensorFlow.js converter, operation by operation, against NumPy; then the real networks."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from hypersight_core.downloads import npm_file
from hypersight_core.errors import InvalidInput
from hypersight_detector import weights
from hypersight_detector.tfjs import convert, weights_of

Array = NDArray[Any]
CACHE = Path("~/.cache/hypersight").expanduser()
RANDOM = np.random.default_rng(5)
PICTURES = RANDOM.integers(0, 256, (2, 6, 8, 3), dtype=np.uint8)


def text(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def node(name: str, operation: str, inputs: Sequence[str] = (), **attributes: Any) -> dict[str, Any]:
    return {"name": name, "op": operation, "input": list(inputs), "attr": attributes}


def picture_node(height: int = 6, width: int = 8) -> dict[str, Any]:
    dims = [{"size": str(size)} for size in (-1, height, width, 3)]
    return node("picture", "Placeholder", shape={"shape": {"dim": dims}})


def constants(arrays: Mapping[str, Array]) -> list[dict[str, Any]]:
    return [node(name, "Const") for name in arrays]


def ran(
    nodes: Sequence[dict[str, Any]], arrays: Mapping[str, Array], pictures: Array = PICTURES, **pixels: float
) -> Array:
    """Return what the graph's last node makes of the pictures, as NHWC where it is a picture."""
    height, width = pictures.shape[1:3]
    graph = [picture_node(height, width), *constants(arrays), *nodes]
    model = convert(graph, arrays, [nodes[-1]["name"]], **pixels)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {"image": pictures})
    result: Array = output
    return result.transpose(0, 2, 3, 1) if result.ndim == 4 else result


def same_padded(pictures: Array, side: int, stride: int) -> Array:
    """Pad as TensorFlow's SAME does: an odd pixel goes to the bottom and to the right."""
    widths = [(0, 0)]
    for size in pictures.shape[1:3]:
        missing = max((-(-size // stride) - 1) * stride + side - size, 0)
        widths.append((missing // 2, missing - missing // 2))
    return np.pad(pictures.astype(np.float32), [*widths, (0, 0)])


def convolved(pictures: Array, kernel: Array, stride: int) -> Array:
    side = kernel.shape[0]
    padded = same_padded(pictures, side, stride)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(1, 2))
    result: Array = np.einsum("nhwcij,ijco->nhwo", windows[:, ::stride, ::stride], kernel)
    return result


def convolution(operation: str, inputs: Sequence[str], stride: int, *fused: str) -> dict[str, Any]:
    return node(
        "result",
        operation,
        ["picture", *inputs],
        strides={"list": {"i": ["1", str(stride), str(stride), "1"]}},
        padding={"s": text("SAME")},
        fused_ops={"list": {"s": [text(one) for one in fused]}},
    )


@pytest.mark.parametrize("stride", [1, 2])
def test_convolution_with_bias_and_relu6(stride):
    kernel = RANDOM.normal(0, 0.02, (3, 3, 3, 5)).astype(np.float32)
    bias = RANDOM.normal(0, 1, 5).astype(np.float32)

    found = ran(
        [convolution("_FusedConv2D", ["kernel", "bias"], stride, "BiasAdd", "Relu6")],
        {"kernel": kernel, "bias": bias},
    )

    expected = np.clip(convolved(PICTURES, kernel, stride) + bias, 0, 6)
    assert 0.1 < (expected == 0).mean() < 0.9
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_convolution_with_two_outputs_a_channel(stride):
    kernel = RANDOM.normal(0, 0.02, (5, 5, 3, 2)).astype(np.float32)

    found = ran([convolution("DepthwiseConv2dNative", ["kernel"], stride)], {"kernel": kernel})

    each = [convolved(PICTURES[..., [one]], kernel[:, :, [one]], stride) for one in range(3)]
    np.testing.assert_allclose(found, np.concatenate(each, axis=-1), atol=1e-3)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("AddV2", lambda x, y: x + y),
        ("BiasAdd", lambda x, y: x + y),
        ("Mul", lambda x, y: x * y),
        ("Sub", lambda x, y: x - y),
    ],
)
def test_arithmetic_with_a_constant_a_channel(operation, expected):
    constant = np.array([1.5, -2.0, 0.25], np.float32)

    found = ran([node("result", operation, ["picture", "constant"])], {"constant": constant})

    np.testing.assert_allclose(found, expected(PICTURES.astype(np.float32), constant), rtol=1e-6)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("Relu", lambda x: np.maximum(x, 0)),
        ("Relu6", lambda x: np.clip(x, 0, 6)),
        ("Sigmoid", lambda x: 1 / (1 + np.exp(-x))),
        ("Identity", lambda x: x),
    ],
)
def test_activations_and_the_range_of_pixels(operation, expected):
    found = ran([node("result", operation, ["picture"])], {}, scale=0.1, offset=-10)

    np.testing.assert_allclose(found, expected(PICTURES * np.float32(0.1) - 10), atol=1e-5)


def test_the_mean_over_the_whole_picture():
    found = ran([node("result", "Mean", ["picture", "axes"])], {"axes": np.array([1, 2], np.int32)})

    np.testing.assert_allclose(found, PICTURES.mean(axis=(1, 2), keepdims=True), rtol=1e-5)


def test_channels_are_joined_in_order():
    half = node("half", "Mul", ["picture", "constant"])
    joined = node("result", "ConcatV2", ["half", "picture", "axis"])

    found = ran([half, joined], {"constant": np.array([0.5], np.float32), "axis": np.array(3, np.int32)})

    np.testing.assert_allclose(found, np.concatenate([PICTURES / 2, PICTURES], axis=-1))


def test_the_largest_of_each_square():
    pooled = node(
        "result",
        "MaxPool",
        ["picture"],
        ksize={"list": {"i": ["1", "2", "2", "1"]}},
        strides={"list": {"i": ["1", "2", "2", "1"]}},
        padding={"s": text("SAME")},
    )

    found = ran([pooled], {})

    np.testing.assert_array_equal(found, PICTURES.reshape(2, 3, 2, 4, 2, 3).max(axis=(2, 4)))


def test_zeros_around_pixels_and_channels():
    widths = np.array([[0, 0], [1, 2], [3, 0], [0, 4]], np.int32)

    found = ran([node("result", "Pad", ["picture", "widths"])], {"widths": widths})

    np.testing.assert_array_equal(found, np.pad(PICTURES, widths))


def test_doubling_the_size_keeps_pixels_and_puts_means_between():
    doubled = node(
        "result",
        "ResizeBilinear",
        ["picture", "size"],
        half_pixel_centers={"b": False},
        align_corners={"b": False},
    )

    found = ran([doubled], {"size": np.array([12, 16], np.int32)})

    numbers = PICTURES.astype(np.float32)
    np.testing.assert_allclose(found[:, ::2, ::2], numbers)
    np.testing.assert_allclose(found[:, 1:-1:2, ::2], (numbers[:, :-1] + numbers[:, 1:]) / 2)
    np.testing.assert_allclose(found[:, ::2, 1:-1:2], (numbers[:, :, :-1] + numbers[:, :, 1:]) / 2)
    np.testing.assert_allclose(found[:, -1, ::2], numbers[:, -1])


def test_rows_are_cut_in_the_order_of_pixels():
    shape = np.array([1, 24, 6], np.int32)

    found = ran([node("result", "Reshape", ["picture", "shape"])], {"shape": shape})

    np.testing.assert_array_equal(found, PICTURES.reshape(2, 24, 6))


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([node("result", "Softmax", ["picture"])], "operation Softmax of result cannot be converted"),
        ([node("result", "Relu", ["nowhere"])], "no node nowhere"),
        (
            [convolution("_FusedConv2D", ["kernel"], 1, "Elu")],
            "activation Elu of result cannot be converted",
        ),
    ],
)
def test_what_is_not_known_is_refused(nodes, message):
    with pytest.raises(InvalidInput, match=message):
        ran(nodes, {"kernel": np.zeros((1, 1, 3, 1), np.float32)})


def test_weights_are_cut_in_the_order_of_the_manifest():
    first, second = np.array([[1.5, -2]], np.float16), np.array([7, 8, 9], np.int32)
    manifest: list[dict[str, Any]] = [
        {
            "weights": [
                {"name": "a", "shape": [1, 2], "dtype": "float32", "quantization": {"dtype": "float16"}}
            ]
        },
        {"weights": [{"name": "b", "shape": [3], "dtype": "int32"}]},
    ]

    found = weights_of(manifest, first.tobytes() + second.tobytes())

    assert found["a"].dtype == np.float32
    np.testing.assert_array_equal(found["a"], first)
    np.testing.assert_array_equal(found["b"], second)


def test_a_weights_file_that_is_too_short_is_refused():
    manifest: list[dict[str, Any]] = [{"weights": [{"name": "a", "shape": [2], "dtype": "float32"}]}]

    with pytest.raises(InvalidInput, match="ends before a"):
        weights_of(manifest, b"1234567")


@pytest.mark.parametrize(
    ("reference", "shapes"),
    [
        (weights.PERSONS, [(2, 80, 128, 128), (2, 4, 128, 128)]),
        (weights.FACES, [(2, 512, 1), (2, 384, 1), (2, 512, 16), (2, 384, 16)]),
    ],
    ids=["persons", "faces"],
)
def test_the_reference_networks_convert_and_take_batches(reference, shapes):
    graph, blob = (
        npm_file(*weights.HUMAN, f"models/{reference.name}.{kind}", CACHE).read_bytes()
        for kind in ("json", "bin")
    )
    description = json.loads(graph)
    arrays = weights_of(description["weightsManifest"], blob)

    model = convert(description["modelTopology"]["node"], arrays, reference.outputs)

    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    side_px = session.get_inputs()[0].shape[1]
    pictures = RANDOM.integers(0, 256, (2, side_px, side_px, 3), dtype=np.uint8)
    together = session.run(None, {"image": pictures})
    alone = session.run(None, {"image": pictures[1:]})
    assert [output.shape for output in together] == shapes
    assert sum(array.nbytes for array in arrays.values()) > 500_000
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one[1:], other, atol=1e-3)
