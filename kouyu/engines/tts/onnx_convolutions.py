"""Speeds up a quantised model: rewrites convolutions as matrix products, more than twice as fast in onnxruntime.

An 8-bit convolution (``ConvInteger``) rearranges its input in each call and then multiplies in 16 bits. As a product of
the input's shifted copies with a weight matrix it is arranged once, and multiplied in 8 bits if the processor can. Both
sum integers, so the result is the same except for the bias, which is no longer rounded. Measured for 128 channels, 11
taps, 0.6 s of speech: 3.0 ms instead of 6.5.
"""

from functools import cache
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.model_files.onnx_file import Graph, Node, Value, onnx_model
from kouyu.model_files.onnx_messages import bad_model_on_parse_error, integers, node, read_model, tensor, uint8s

_OFFSET: Final = 128
"""Difference between unsigned and signed bytes."""


def with_products(file: bytes) -> bytes:
    """The model with each quantised convolution of stride 1 as a matrix product; others stay. Raises BadModel."""
    model = read_model(file)
    with bad_model_on_parse_error():
        if not _rewrite(model.graph):
            return file
    serialised: bytes = model.SerializeToString()
    return serialised


@cache
def int8_matmul_is_exact() -> bool:
    """Whether this processor multiplies bytes without overflow; older ones with AVX2 or AVX-512 alone do not."""
    import onnxruntime

    graph = Graph(
        name="product",
        nodes=[Node("MatMulInteger", ["bytes", "weights"], ["product"])],
        weights={"weights": np.full((64, 64), 127, np.int8)},
        inputs=[Value("bytes", ["rows", 64], np.uint8)],
        outputs=[Value("product", ["rows", 64], np.int32)],
    )
    session = onnxruntime.InferenceSession(onnx_model(graph, producer="kouyu"))
    (product,) = session.run(None, {"bytes": np.full((4, 64), 255, np.uint8)})
    return bool(np.all(np.asarray(product) == 255 * 127 * 64))


class _Convolution(msgspec.Struct, frozen=True):
    """A ConvInteger with the operators that dequantise its sums."""

    operator: Any
    """A NodeProto."""
    weights: NDArray[np.uint8]
    """(out, in, taps)."""
    zero: int
    """The weight that stands for 0."""
    scales: tuple[str, str]
    """Tensors: that of the input, that of the weights."""
    bias: str
    """A tensor of floats; "" for none."""
    output: str
    """The floats."""
    gone: tuple[str, ...]
    """Tensors that are no longer used."""


def _rewrite(graph: Any) -> bool:
    """Replace the convolutions of a GraphProto by products; False if none can be replaced."""
    pattern = _Pattern(graph)
    found = ((index, pattern.match(each)) for index, each in enumerate(graph.node) if each.op_type == "ConvInteger")
    convolutions = {index: convolution for index, convolution in found if convolution is not None}
    gone = {name for convolution in convolutions.values() for name in convolution.gone}
    nodes: list[Any] = []
    weights: list[Any] = []
    for index, each in enumerate(graph.node):
        if index in convolutions:
            made, of_product = _product(convolutions[index])
            nodes += made
            weights += of_product
        elif gone.isdisjoint(each.output):
            nodes.append(each)
    del graph.node[:]
    graph.node.extend(nodes)
    for index in range(len(graph.initializer) - 1, -1, -1):
        if graph.initializer[index].name in gone:
            del graph.initializer[index]
    graph.initializer.extend(weights)
    return bool(convolutions)


class _Pattern:
    """Finds the operators around a convolution: DynamicQuantizeLinear before it, Add, Cast and Mul behind it."""

    def __init__(self, graph: Any) -> None:
        self._tensors = {weight.name: weight for weight in graph.initializer}
        self._maker = {output: operator for operator in graph.node for output in operator.output}
        self._users: dict[str, list[Any]] = {}
        for operator in graph.node:
            for name in operator.input:
                self._users.setdefault(name, []).append(operator)

    def match(self, convolution: Any) -> _Convolution | None:
        """Match a convolution; None for another kind, which is left as it is."""
        strides, group = integers(convolution, "strides", [1]), integers(convolution, "group", [1])
        if len(convolution.input) != 4 or {*strides, *group} != {1}:
            return None
        source, weights_name, _, zero_name = convolution.input
        quantise = self._maker.get(source)
        weights, zero = self._bytes(weights_name), self._bytes(zero_name)
        if quantise is None or quantise.op_type != "DynamicQuantizeLinear" or weights is None or zero is None:
            return None
        behind, bias, added = self._only_user(convolution), "", list[str]()
        if behind is not None and behind.op_type == "Add":
            added = list(behind.output)
            bias = self._bias(next(name for name in behind.input if name not in convolution.output))
            behind = self._only_user(behind) if bias else None
        scaled = self._only_user(behind) if behind is not None and behind.op_type == "Cast" else None
        if behind is None or scaled is None or scaled.op_type != "Mul" or weights.ndim != 3 or zero.size != 1:
            return None
        scales = self._maker.get(next(name for name in scaled.input if name not in behind.output))
        if scales is None or scales.op_type != "Mul" or quantise.output[1] not in scales.input:
            return None
        of_weights = next(name for name in scales.input if name != quantise.output[1])
        return _Convolution(
            operator=convolution,
            weights=weights,
            zero=int(zero.reshape(-1)[0]),
            scales=(quantise.output[1], of_weights),
            bias=bias,
            output=scaled.output[0],
            gone=(weights_name, *added, *behind.output, *scaled.output),
        )

    def _only_user(self, operator: Any) -> Any:
        users = self._users.get(operator.output[0], [])
        return users[0] if len(users) == 1 else None

    def _bias(self, quantised: str) -> str:
        """The float tensor behind a quantised bias."""
        for kind in ("Reshape", "Cast", "Floor", "Div"):
            maker = self._maker.get(quantised)
            if maker is None or maker.op_type != kind:
                return ""
            quantised = maker.input[0]
        return quantised if quantised in self._tensors else ""

    def _bytes(self, name: str) -> NDArray[np.uint8] | None:
        return uint8s(self._tensors[name]) if name in self._tensors else None


def _product(convolution: _Convolution) -> tuple[list[Any], list[Any]]:
    """The nodes and weights that replace a convolution. Inside them time comes before channels."""
    source, _, zero, _ = convolution.operator.input
    name = convolution.output
    count_out, count_in, taps = convolution.weights.shape
    (dilation,) = integers(convolution.operator, "dilations", [1])
    before, behind = integers(convolution.operator, "pads", [0, 0])
    matrix = convolution.weights.transpose(2, 1, 0).reshape(taps * count_in, count_out).astype(np.int16) - _OFFSET
    tensors = {
        f"{name}/matrix": np.ascontiguousarray(matrix.astype(np.int8)),
        f"{name}/zero": np.array(convolution.zero - _OFFSET, np.int8),
    }
    nodes = [node("Transpose", [source], [f"{name}/rows"], {"perm": [0, 2, 1]})]
    rows = f"{name}/rows"
    if before or behind:
        tensors[f"{name}/around"] = np.array([0, before, 0, 0, behind, 0], np.int64)
        nodes.append(node("Pad", [rows, f"{name}/around", zero], [f"{name}/padded"]))
        rows = f"{name}/padded"
    if taps > 1:
        tensors[f"{name}/axis"] = np.array([1], np.int64)
        shifted = [f"{name}/shifted.{tap}" for tap in range(taps)]
        for tap, copy in enumerate(shifted):
            left = (taps - 1 - tap) * dilation
            tensors[f"{copy}/from"] = np.array([tap * dilation], np.int64)
            tensors[f"{copy}/to"] = np.array([-left if left else np.iinfo(np.int64).max], np.int64)
            nodes.append(node("Slice", [rows, f"{copy}/from", f"{copy}/to", f"{name}/axis"], [copy]))
        nodes.append(node("Concat", shifted, [f"{name}/copies"], {"axis": 2}))
        rows = f"{name}/copies"
    inputs = [rows, f"{name}/matrix", *convolution.scales, zero, f"{name}/zero", convolution.bias]
    nodes.append(node("MatMulIntegerToFloat", inputs, [f"{name}/sums"], domain="com.microsoft"))
    nodes.append(node("Transpose", [f"{name}/sums"], [name], {"perm": [0, 2, 1]}))
    return nodes, [tensor(tensor_name, values) for tensor_name, values in tensors.items()]
