"""Writes an ONNX model: the few messages and fields of its protobuf schema that a graph of plain nodes needs.

The bytes depend on the arguments alone, so that a converted model can be pinned by its SHA-256; a library's next
release may lay the same model out differently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

IR_VERSION = 8
OPSET = 12

_FLOAT = 1
"""TensorProto.DataType.FLOAT."""
_ATTRIBUTE_INT = 2
_ATTRIBUTE_INTS = 7
"""AttributeProto.AttributeType."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operator of the standard set; an input or output that is not used is ""."""

    operator: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    attributes: Mapping[str, int | Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output of the graph: floats, with a size or a name for each dimension."""

    name: str
    shape: Sequence[int | str]


@dataclass(frozen=True, slots=True)
class Graph:
    """What the model computes. The weights are float32."""

    name: str
    nodes: Sequence[Node]
    weights: Mapping[str, NDArray[np.float32]]
    inputs: Sequence[Value]
    outputs: Sequence[Value]


def onnx_model(graph: Graph, producer: str) -> bytes:
    """The model file's bytes."""
    opset = _bytes(1, b"") + _number(2, OPSET)
    return _number(1, IR_VERSION) + _text(2, producer) + _bytes(7, _graph(graph)) + _bytes(8, opset)


def _graph(graph: Graph) -> bytes:
    return b"".join(
        (
            *(_bytes(1, _node(node)) for node in graph.nodes),
            _text(2, graph.name),
            *(_bytes(5, _weights(name, values)) for name, values in graph.weights.items()),
            *(_bytes(11, _value(value)) for value in graph.inputs),
            *(_bytes(12, _value(value)) for value in graph.outputs),
        )
    )


def _node(node: Node) -> bytes:
    return b"".join(
        (
            *(_text(1, name) for name in node.inputs),
            *(_text(2, name) for name in node.outputs),
            _text(4, node.operator),
            *(_bytes(5, _attribute(name, value)) for name, value in node.attributes.items()),
        )
    )


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _ATTRIBUTE_INT)
    return _text(1, name) + b"".join(_number(8, each) for each in value) + _number(20, _ATTRIBUTE_INTS)


def _weights(name: str, values: NDArray[np.float32]) -> bytes:
    sizes = b"".join(_number(1, size) for size in values.shape)
    raw = np.ascontiguousarray(values, "<f4").tobytes()
    return sizes + _number(2, _FLOAT) + _text(8, name) + _bytes(9, raw)


def _value(value: Value) -> bytes:
    sizes = (_number(1, size) if isinstance(size, int) else _text(2, size) for size in value.shape)
    shape = b"".join(_bytes(1, size) for size in sizes)
    tensor = _number(1, _FLOAT) + _bytes(2, shape)
    return _text(1, value.name) + _bytes(2, _bytes(1, tensor))


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _text(number: int, value: str) -> bytes:
    return _bytes(number, value.encode())


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; ``value`` is not negative."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
