"""Makes a quantised model quicker: its convolutions as matrix products, which onnxruntime does more than twice as fast.

A convolution in 8 bits (``ConvInteger``) lays out its input anew for each call and then multiplies in 16 bits. The same
as a product of the input's shifted copies with the weights as a matrix is laid out once, and multiplies in 8 bits where
the processor can. Sums are of whole numbers both times, so the result is the same but for the bias, which is no longer
rounded. Measured for 128 channels, 11 taps, 0.6 s of speech: 3.0 ms instead of 6.5.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.model_files.onnx_fields import Model, Operator, Tensor, bad_model_on_parse_error
from kouyu.model_files.onnx_file import Graph, Node, Value, node_bytes, onnx_model, tensor_bytes
from kouyu.model_files.onnx_numbers import InGraph, InTensor
from kouyu.model_files.protobuf import Field, field_bytes, text_in

_OFFSET: Final = 128
"""Between bytes without and with a sign."""


def with_products(file: bytes) -> bytes:
    """The model with each quantised convolution of stride 1 as a matrix product; others stay. Raises BadModel."""
    model = Model.read(file)
    with bad_model_on_parse_error():
        return model.with_graph(_rewritten(model.graph))


@cache
def int8_matmul_is_exact() -> bool:
    """Whether this processor multiplies bytes without overflow; older ones with AVX2 or AVX-512 alone do not.

    False without onnxruntime too.
    """
    try:
        import onnxruntime
    except ImportError:
        return False
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


@dataclass(frozen=True, slots=True)
class _Convolution:
    """A ConvInteger with what makes floats of its sums."""

    operator: Operator
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
    """Tensors that nothing takes any more."""


def _rewritten(inner: Sequence[Field]) -> bytes:
    operators = {
        index: Operator.read(field.content) for index, field in enumerate(inner) if field.number == InGraph.NODE
    }
    weights = [field for field in inner if field.number == InGraph.INITIALIZER]
    tensors = {text_in(field.content, InTensor.NAME): field.content for field in weights}
    pattern = _Pattern(list(operators.values()), tensors)
    found = {index: pattern.match(each) for index, each in operators.items() if each.kind == "ConvInteger"}
    convolutions = {index: convolution for index, convolution in found.items() if convolution is not None}
    gone = {name for convolution in convolutions.values() for name in convolution.gone}
    kept: list[bytes | memoryview] = []
    for index, field in enumerate(inner):
        if index in convolutions:
            kept.append(_product(convolutions[index]))
        elif index in operators:
            kept += [] if gone.intersection(operators[index].outputs) else [field.raw]
        elif field.number != InGraph.INITIALIZER or text_in(field.content, InTensor.NAME) not in gone:
            kept.append(field.raw)
    return b"".join(kept)


class _Pattern:
    """Finds the operators around a convolution: DynamicQuantizeLinear before it, Add, Cast and Mul behind it."""

    def __init__(self, operators: Sequence[Operator], tensors: Mapping[str, memoryview]) -> None:
        self._tensors = tensors
        self._maker = {output: operator for operator in operators for output in operator.outputs}
        self._users: dict[str, list[Operator]] = {}
        for operator in operators:
            for name in operator.inputs:
                self._users.setdefault(name, []).append(operator)

    def match(self, convolution: Operator) -> _Convolution | None:
        """None for one that is of another kind, which then stays as it is."""
        strides, group = convolution.integers("strides", [1]), convolution.integers("group", [1])
        if len(convolution.inputs) != 4 or {*strides, *group} != {1}:
            return None
        source, weights_name, _, zero_name = convolution.inputs
        quantise = self._maker.get(source)
        weights, zero = self._bytes(weights_name), self._bytes(zero_name)
        if quantise is None or quantise.kind != "DynamicQuantizeLinear" or weights is None or zero is None:
            return None
        behind, bias, added = self._only_user(convolution), "", list[str]()
        if behind is not None and behind.kind == "Add":
            added = list(behind.outputs)
            bias = self._bias(next(name for name in behind.inputs if name not in convolution.outputs))
            behind = self._only_user(behind) if bias else None
        scaled = self._only_user(behind) if behind is not None and behind.kind == "Cast" else None
        if behind is None or scaled is None or scaled.kind != "Mul" or weights.ndim != 3 or zero.size != 1:
            return None
        scales = self._maker.get(next(name for name in scaled.inputs if name not in behind.outputs))
        if scales is None or scales.kind != "Mul" or quantise.outputs[1] not in scales.inputs:
            return None
        of_weights = next(name for name in scales.inputs if name != quantise.outputs[1])
        return _Convolution(
            operator=convolution,
            weights=weights,
            zero=int(zero.reshape(-1)[0]),
            scales=(quantise.outputs[1], of_weights),
            bias=bias,
            output=scaled.outputs[0],
            gone=(weights_name, *added, *behind.outputs, *scaled.outputs),
        )

    def _only_user(self, operator: Operator) -> Operator | None:
        users = self._users.get(operator.outputs[0], [])
        return users[0] if len(users) == 1 else None

    def _bias(self, quantised: str) -> str:
        """The floats of which a quantised bias is made."""
        for kind in ("Reshape", "Cast", "Floor", "Div"):
            maker = self._maker.get(quantised)
            if maker is None or maker.kind != kind:
                return ""
            quantised = maker.inputs[0]
        return quantised if quantised in self._tensors else ""

    def _bytes(self, name: str) -> NDArray[np.uint8] | None:
        return Tensor.read(self._tensors[name]).uint8s() if name in self._tensors else None


def _product(convolution: _Convolution) -> bytes:
    """The nodes and weights that take the place of a convolution. Within, time comes before channels."""
    source, _, zero, _ = convolution.operator.inputs
    name = convolution.output
    count_out, count_in, taps = convolution.weights.shape
    (dilation,) = convolution.operator.integers("dilations", [1])
    before, behind = convolution.operator.integers("pads", [0, 0])
    matrix = convolution.weights.transpose(2, 1, 0).reshape(taps * count_in, count_out).astype(np.int16) - _OFFSET
    tensors = {
        f"{name}/matrix": np.ascontiguousarray(matrix.astype(np.int8)),
        f"{name}/zero": np.array(convolution.zero - _OFFSET, np.int8),
    }
    nodes = [Node("Transpose", [source], [f"{name}/rows"], {"perm": [0, 2, 1]})]
    rows = f"{name}/rows"
    if before or behind:
        tensors[f"{name}/around"] = np.array([0, before, 0, 0, behind, 0], np.int64)
        nodes.append(Node("Pad", [rows, f"{name}/around", zero], [f"{name}/padded"]))
        rows = f"{name}/padded"
    if taps > 1:
        tensors[f"{name}/axis"] = np.array([1], np.int64)
        shifted = [f"{name}/shifted.{tap}" for tap in range(taps)]
        for tap, copy in enumerate(shifted):
            left = (taps - 1 - tap) * dilation
            tensors[f"{copy}/from"] = np.array([tap * dilation], np.int64)
            tensors[f"{copy}/to"] = np.array([-left if left else np.iinfo(np.int64).max], np.int64)
            nodes.append(Node("Slice", [rows, f"{copy}/from", f"{copy}/to", f"{name}/axis"], [copy]))
        nodes.append(Node("Concat", shifted, [f"{name}/copies"], {"axis": 2}))
        rows = f"{name}/copies"
    inputs = [rows, f"{name}/matrix", *convolution.scales, zero, f"{name}/zero", convolution.bias]
    nodes.append(Node("MatMulIntegerToFloat", inputs, [f"{name}/sums"], domain="com.microsoft"))
    nodes.append(Node("Transpose", [f"{name}/sums"], [name], {"perm": [0, 2, 1]}))
    return b"".join(
        (
            *(field_bytes(InGraph.NODE, node_bytes(node)) for node in nodes),
            *(field_bytes(InGraph.INITIALIZER, tensor_bytes(tensor, values)) for tensor, values in tensors.items()),
        )
    )
