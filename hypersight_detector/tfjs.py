"""TensorFlow.js graph models to ONNX: the operations that convolutional detectors are made of.

TensorFlow keeps pictures as NHWC, ONNX as NCHW: activations and constants are turned round on the way, so
that no transposition is left inside the network. Sources: the TensorFlow.js graph-model format (weights
manifest, `tensorflow.GraphDef` as JSON) and the ONNX operator specification, opset 17.
"""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from hypersight_core.errors import InvalidInput

OPSET = 17
IR_VERSION = 9
Array = NDArray[Any]
Node = Mapping[str, Any]

BINARY = {"Add": "Add", "AddV2": "Add", "BiasAdd": "Add", "Mul": "Mul", "Sub": "Sub"}
UNARY = {"Relu": "Relu", "Sigmoid": "Sigmoid", "Identity": "Identity"}


def weights_of(manifest: Sequence[Mapping[str, Any]], blob: bytes) -> dict[str, Array]:
    """Cut the weights file into named arrays, in the manifest's order; float16 becomes float32.

    Raises:
        InvalidInput: the file is shorter than the manifest says, or holds a type we don't know.
    """
    arrays: dict[str, Array] = {}
    offset = 0
    for entry in (weight for group in manifest for weight in group["weights"]):
        stored = entry.get("quantization", {}).get("dtype", entry["dtype"])
        if stored not in ("float32", "float16", "int32"):
            raise InvalidInput(f"weight {entry['name']} is stored as {stored}")
        count = int(np.prod(entry["shape"], dtype=np.int64))
        size = count * np.dtype(stored).itemsize
        if offset + size > len(blob):
            raise InvalidInput(f"the weights file ends before {entry['name']}")
        array = np.frombuffer(blob, dtype=stored, count=count, offset=offset).reshape(entry["shape"])
        arrays[entry["name"]] = array.astype(entry["dtype"])
        offset += size
    return arrays


def convert(
    nodes: Iterable[Node],
    weights: Mapping[str, Array],
    outputs: Sequence[str],
    *,
    scale: float = 1.0,
    offset: float = 0.0,
) -> onnx.ModelProto:
    """Convert the part of a graph that `outputs` need.

    The model's input is called `image`: shape `(n, height, width, 3)`, uint8, RGB. Its outputs are called as
    in `outputs` and have the batch first; pictures among them are NCHW.

    Args:
        scale: with `offset`, what the network wants its pixels to be: `bytes * scale + offset`.

    Raises:
        InvalidInput: the graph needs an operation that is not known here, or has no such output.
    """
    return _Conversion(nodes, weights, scale, offset).model(outputs)


class _Conversion:
    def __init__(
        self, nodes: Iterable[Node], weights: Mapping[str, Array], scale: float, offset: float
    ) -> None:
        self._scale, self._offset = scale, offset
        self._nodes = {node["name"]: node for node in nodes}
        self._weights = weights
        self._onnx: list[onnx.NodeProto] = []
        self._initializers: dict[str, onnx.TensorProto] = {}
        self._done: set[str] = set()
        self._input: Node | None = None

    def model(self, outputs: Sequence[str]) -> onnx.ModelProto:
        for name in outputs:
            self._visit(name)
        if self._input is None:
            raise InvalidInput("the graph reads no picture")
        dims = [int(dim["size"]) for dim in self._input["attr"]["shape"]["shape"]["dim"]]
        graph = helper.make_graph(
            self._onnx,
            "detector",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", *dims[1:]])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            list(self._initializers.values()),
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = IR_VERSION
        shaped = onnx.shape_inference.infer_shapes(model, strict_mode=True)
        onnx.checker.check_model(shaped)
        return shaped

    def _visit(self, name: str) -> None:
        """Convert a node after all it needs; graphs are deeper than Python's recursion likes."""
        waiting = [name]
        while waiting:
            node = self._node(waiting[-1])
            missing = [one for one in _inputs(node) if one not in self._done and self._is_computed(one)]
            if missing and node["name"] not in self._done:
                waiting.extend(missing)
                continue
            waiting.pop()
            if node["name"] not in self._done:
                self._done.add(node["name"])
                self._convert(node)

    def _node(self, name: str) -> Node:
        if name not in self._nodes:
            raise InvalidInput(f"the graph has no node {name}")
        return self._nodes[name]

    def _is_computed(self, name: str) -> bool:
        return str(self._node(name)["op"]) != "Const"

    def _convert(self, node: Node) -> None:
        converter = CONVERTERS.get(node["op"])
        if converter is None:
            raise InvalidInput(f"operation {node['op']} of {node['name']} cannot be converted")
        converter(self, node)

    def _add(self, operation: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self._onnx.append(helper.make_node(operation, list(inputs), [output], **attributes))
        return output

    def _initializer(self, name: str, array: Array) -> str:
        self._initializers[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def _operand(self, name: str) -> str:
        """Return the name of an activation, or of a constant that broadcasts over NCHW."""
        if self._is_computed(name):
            return name
        array = self._weights[name]
        shaped = array.reshape(-1, 1, 1) if array.ndim == 1 else array
        return self._initializer(f"{name}:nchw", shaped)

    def _constant(self, name: str) -> Array:
        if self._is_computed(name):
            raise InvalidInput(f"{name} should be a constant")
        return self._weights[name]

    def binary(self, node: Node) -> None:
        inputs = [self._operand(name) for name in _inputs(node)]
        self._add(BINARY[node["op"]], inputs, node["name"])

    def unary(self, node: Node) -> None:
        self._add(UNARY[node["op"]], _inputs(node), node["name"])

    def placeholder(self, node: Node) -> None:
        self._input = node
        turned = self._add("Transpose", ["image"], f"{node['name']}:nchw", perm=[0, 3, 1, 2])
        numbers = self._add("Cast", [turned], f"{node['name']}:float", to=TensorProto.FLOAT)
        scale = self._initializer("pixel:scale", np.array(self._scale, np.float32))
        offset = self._initializer("pixel:offset", np.array(self._offset, np.float32))
        scaled = self._add("Mul", [numbers, scale], f"{node['name']}:scaled")
        self._add("Add", [scaled, offset], node["name"])

    def relu6(self, node: Node) -> None:
        self._clip(_inputs(node)[0], node["name"])

    def _clip(self, name: str, output: str) -> str:
        low = self._initializer("clip:0", np.array(0, np.float32))
        high = self._initializer("clip:6", np.array(6, np.float32))
        return self._add("Clip", [name, low, high], output)

    def convolution(self, node: Node) -> None:
        is_depthwise = "Depthwise" in node["op"]
        name, (source, filters, *rest) = node["name"], _inputs(node)
        kernel = self._constant(filters)
        height, width, channels, per_channel = kernel.shape
        if is_depthwise:
            turned = kernel.transpose(2, 3, 0, 1).reshape(channels * per_channel, 1, height, width)
        else:
            turned = kernel.transpose(3, 2, 0, 1)
        inputs = [source, self._initializer(f"{filters}:oihw", turned)]
        fused = [_text(one) for one in node["attr"].get("fused_ops", {}).get("list", {}).get("s", [])]
        if "BiasAdd" in fused:
            inputs.append(self._initializer(f"{rest[0]}:bias", self._constant(rest[0])))
        activation = next((one for one in fused if one != "BiasAdd"), "")
        self._add(
            "Conv",
            inputs,
            f"{name}:linear" if activation else name,
            auto_pad=_padding(node),
            strides=_ints(node, "strides")[1:3],
            dilations=_ints(node, "dilations")[1:3] or [1, 1],
            kernel_shape=[height, width],
            group=channels if is_depthwise else 1,
        )
        self._activate(activation, name)

    def _activate(self, activation: str, name: str) -> None:
        if activation == "Relu6":
            self._clip(f"{name}:linear", name)
        elif activation in UNARY:
            self._add(UNARY[activation], [f"{name}:linear"], name)
        elif activation:
            raise InvalidInput(f"activation {activation} of {name} cannot be converted")

    def max_pool(self, node: Node) -> None:
        self._add(
            "MaxPool",
            _inputs(node),
            node["name"],
            auto_pad=_padding(node),
            kernel_shape=_ints(node, "ksize")[1:3],
            strides=_ints(node, "strides")[1:3],
        )

    def mean(self, node: Node) -> None:
        source, axes = _inputs(node)
        if sorted(self._constant(axes).ravel().tolist()) != [1, 2]:
            raise InvalidInput(f"{node['name']} is no mean over the whole picture")
        self._add("GlobalAveragePool", [source], node["name"])

    def concat(self, node: Node) -> None:
        *sources, axis = _inputs(node)
        if int(self._constant(axis)) not in (3, -1):
            raise InvalidInput(f"{node['name']} does not join channels")
        self._add("Concat", sources, node["name"], axis=1)

    def pad(self, node: Node) -> None:
        source, widths = _inputs(node)
        before_after = self._constant(widths)[[0, 3, 1, 2]].T.ravel().astype(np.int64)
        self._add("Pad", [source, self._initializer(f"{widths}:nchw", before_after)], node["name"])

    def reshape(self, node: Node) -> None:
        source, shape = _inputs(node)
        wanted = self._constant(shape).astype(np.int64).copy()
        wanted[0] = 0  # the batch stays what it is
        turned = self._add("Transpose", [source], f"{node['name']}:nhwc", perm=[0, 2, 3, 1])
        self._add("Reshape", [turned, self._initializer(f"{shape}:batch", wanted)], node["name"])

    def resize(self, node: Node) -> None:
        if node["attr"]["half_pixel_centers"]["b"] or node["attr"]["align_corners"]["b"]:
            raise InvalidInput(f"{node['name']} samples in a way that cannot be converted")
        scales = self._initializer("resize:double", np.array([1, 1, 2, 2], np.float32))
        self._add(
            "Resize",
            [_inputs(node)[0], "", scales],
            node["name"],
            mode="linear",
            coordinate_transformation_mode="asymmetric",
        )


def _inputs(node: Node) -> list[str]:
    """Return what a node reads; a resize's size input is left out, since it is always twice its picture."""
    names = [name.split(":")[0] for name in node.get("input", ()) if not name.startswith("^")]
    return names[:1] if node["op"] == "ResizeBilinear" else names


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode()


def _padding(node: Node) -> str:
    return {"SAME": "SAME_UPPER", "VALID": "VALID"}[_text(node["attr"]["padding"]["s"])]


def _ints(node: Node, name: str) -> list[int]:
    return [int(one) for one in node["attr"].get(name, {}).get("list", {}).get("i", [])]


CONVERTERS: Mapping[str, Callable[[_Conversion, Node], None]] = {
    **dict.fromkeys(BINARY, _Conversion.binary),
    **dict.fromkeys(UNARY, _Conversion.unary),
    "_FusedConv2D": _Conversion.convolution,
    "ConcatV2": _Conversion.concat,
    "Conv2D": _Conversion.convolution,
    "DepthwiseConv2dNative": _Conversion.convolution,
    "FusedDepthwiseConv2dNative": _Conversion.convolution,
    "MaxPool": _Conversion.max_pool,
    "Mean": _Conversion.mean,
    "Pad": _Conversion.pad,
    "Placeholder": _Conversion.placeholder,
    "Relu6": _Conversion.relu6,
    "Reshape": _Conversion.reshape,
    "ResizeBilinear": _Conversion.resize,
}
"""TensorFlow's operations and what converts them."""
