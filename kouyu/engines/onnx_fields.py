"""What an ONNX file is made of: protobuf fields, and the weights that stand in them.

Just enough to take a model apart. The onnx package would do the same in more than a second at each start, with 18 MB to
install.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Of onnx.proto: ModelProto.graph; GraphProto's node and initializer; NodeProto's output, op_type and attribute;
# AttributeProto's t and g. Of TensorProto 1, 2, 8 and 9 are dims, data_type, name and raw_data.
_GRAPH: Final = 7
_NODE, _INITIALIZER = 1, 5
_NODE_OUTPUT, _NODE_KIND, _NODE_ATTRIBUTE = 2, 4, 5
_ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH = 5, 6
_FLOAT: Final = 1


class BadModel(ValueError):
    """The file is no ONNX model, or lacks what is looked for."""


class Field(NamedTuple):
    """One field of a protobuf message."""

    number: int
    content: memoryview
    raw: memoryview
    """With its tag and length."""


def fields(message: memoryview) -> Iterator[Field]:
    """The fields of a message, in order. Raises ValueError or IndexError where it is none."""
    at = 0
    while at < len(message):
        begin = at
        tag, at = _varint(message, at)
        match tag & 7:
            case 0:
                _, end = _varint(message, at)
            case 1:
                end = at + 8
            case 2:
                length, at = _varint(message, at)
                end = at + length
            case 5:
                end = at + 4
            case _:
                raise ValueError("unknown wire type")
        if end > len(message):
            raise ValueError("cut off")
        yield Field(tag >> 3, message[at:end], message[begin:end])
        at = end


def float_weights(model: bytes) -> dict[str, NDArray[np.float32]]:
    """All weights of a model that are 32 bit floats, by name, those in the branches of its operators too.

    Raises BadModel where it is no ONNX model.
    """
    try:
        graph = next(field for field in fields(memoryview(model)) if field.number == _GRAPH)
        return dict(_weights(graph.content))
    except (StopIteration, IndexError, ValueError) as error:
        raise BadModel("this is no ONNX model") from error


def _weights(graph: memoryview) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for field in fields(graph):
        if field.number == _NODE:
            yield from _weights_in_node(field.content)
        elif field.number == _INITIALIZER:
            yield from _tensor(field.content)


def _weights_in_node(node: memoryview) -> Iterator[tuple[str, NDArray[np.float32]]]:
    parts = list(fields(node))
    is_constant = any(part.number == _NODE_KIND and bytes(part.content) == b"Constant" for part in parts)
    output = next((bytes(part.content).decode() for part in parts if part.number == _NODE_OUTPUT), "")
    for attribute in parts:
        if attribute.number != _NODE_ATTRIBUTE:
            continue
        for field in fields(attribute.content):
            if field.number == _ATTRIBUTE_GRAPH:
                yield from _weights(field.content)
            elif field.number == _ATTRIBUTE_TENSOR and is_constant:
                yield from _tensor(field.content, output)


def _tensor(tensor: memoryview, name: str = "") -> Iterator[tuple[str, NDArray[np.float32]]]:
    shape: list[int] = []
    kind = 0
    data = memoryview(b"")
    for field in fields(tensor):
        match field.number:
            case 1:
                shape += _varints(field.content)
            case 2:
                kind = _varint(field.content, 0)[0]
            case 8:
                name = name or bytes(field.content).decode()
            case 9:
                data = field.content
    if kind == _FLOAT and data:
        yield name, np.frombuffer(data, "<f4").reshape(shape)


def _varints(packed: memoryview) -> Iterator[int]:
    at = 0
    while at < len(packed):
        value, at = _varint(packed, at)
        yield value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
