"""Writes an ONNX model, with the few protobuf messages and fields that a graph of plain nodes needs.

The bytes depend on the arguments alone, so that a converted model can be pinned by its SHA-256; another release of a
library might serialise the same model differently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import DTypeLike, NDArray

from kouyu.model_files.onnx_messages import INT_ATTRIBUTE, INTS_ATTRIBUTE, TENSOR_TYPES
from kouyu.model_files.onnx_numbers import (
    InAttribute,
    InGraph,
    InModel,
    InNode,
    InOperatorSet,
    InTensor,
    InValue,
)
from kouyu.model_files.protobuf import field_bytes, number_bytes, text_bytes

IR_VERSION = 8
OPSET = 12


class Node(msgspec.Struct, frozen=True):
    """One operator; an input or output that is not used is ""."""

    operator: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    attributes: Mapping[str, int | Sequence[int]] = msgspec.field(default_factory=dict)
    """Integers, 0 or more."""
    domain: str = ""
    """The operator's domain; "" is the standard set."""


class Value(msgspec.Struct, frozen=True):
    """An input or output of the graph, with a size or a name for each dimension."""

    name: str
    shape: Sequence[int | str]
    dtype: DTypeLike = np.float32


class Graph(msgspec.Struct, frozen=True):
    """The model's graph. Weights are 32 bit floats, or integers of 8, 32 or 64 bits."""

    name: str
    nodes: Sequence[Node]
    weights: Mapping[str, NDArray[np.generic]]
    inputs: Sequence[Value]
    outputs: Sequence[Value]


def onnx_model(graph: Graph, producer: str) -> bytes:
    """The model file's bytes."""
    opset = field_bytes(InOperatorSet.DOMAIN, b"") + number_bytes(InOperatorSet.VERSION, OPSET)
    return b"".join(
        (
            number_bytes(InModel.IR_VERSION, IR_VERSION),
            text_bytes(InModel.PRODUCER, producer),
            field_bytes(InModel.GRAPH, _graph_bytes(graph)),
            field_bytes(InModel.OPERATOR_SET, opset),
        )
    )


def node_bytes(node: Node) -> bytes:
    """An operator as it stands in a graph's ``InGraph.NODE``."""
    parts = [text_bytes(InNode.INPUT, name) for name in node.inputs]
    parts += [text_bytes(InNode.OUTPUT, name) for name in node.outputs]
    parts.append(text_bytes(InNode.OPERATOR, node.operator))
    parts += [field_bytes(InNode.ATTRIBUTE, _attribute(name, value)) for name, value in node.attributes.items()]
    if node.domain:
        parts.append(text_bytes(InNode.DOMAIN, node.domain))
    return b"".join(parts)


def tensor_bytes(name: str, values: NDArray[np.generic]) -> bytes:
    """Weights as they stand in a graph's ``InGraph.INITIALIZER``: 32 bit floats, or integers of 8, 32 or 64 bits."""
    parts = [number_bytes(InTensor.DIMS, size) for size in values.shape]
    parts.append(number_bytes(InTensor.TYPE, TENSOR_TYPES[values.dtype]))
    little_endian = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return b"".join((*parts, text_bytes(InTensor.NAME, name), field_bytes(InTensor.RAW, little_endian.tobytes())))


def _graph_bytes(graph: Graph) -> bytes:
    return b"".join(
        (
            *(field_bytes(InGraph.NODE, node_bytes(node)) for node in graph.nodes),
            text_bytes(InGraph.NAME, graph.name),
            *(field_bytes(InGraph.INITIALIZER, tensor_bytes(name, values)) for name, values in graph.weights.items()),
            *(field_bytes(InGraph.INPUT, _value(value)) for value in graph.inputs),
            *(field_bytes(InGraph.OUTPUT, _value(value)) for value in graph.outputs),
        )
    )


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        number, values, kind = InAttribute.INT, [value], INT_ATTRIBUTE
    else:
        number, values, kind = InAttribute.INTS, list(value), INTS_ATTRIBUTE
    numbers = b"".join(number_bytes(number, each) for each in values)
    return text_bytes(InAttribute.NAME, name) + numbers + number_bytes(InAttribute.TYPE, kind)


def _value(value: Value) -> bytes:
    sizes = (number_bytes(1, size) if isinstance(size, int) else text_bytes(2, size) for size in value.shape)
    shape = b"".join(field_bytes(1, size) for size in sizes)
    tensor = number_bytes(1, TENSOR_TYPES[np.dtype(value.dtype)]) + field_bytes(2, shape)
    return text_bytes(InValue.NAME, value.name) + field_bytes(InValue.TYPE, field_bytes(1, tensor))
