"""What an ONNX file is made of: protobuf fields, read and written, and the weights that stand in them.

Just enough to take a model apart. The onnx package would do the same in more than a second at each start, with 18 MB to
install.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Of onnx.proto: ModelProto.graph; GraphProto's node and initializer; NodeProto's input, output, op_type, attribute and
# domain; AttributeProto's name, i, t, g, ints and type, and two of its types; TensorProto's dims, data_type, name and
# raw_data, and its types.
_GRAPH: Final = 7
_NODE, _INITIALIZER = 1, 5
_NODE_INPUT, _NODE_OUTPUT, _NODE_KIND, _NODE_ATTRIBUTE, _NODE_DOMAIN = 1, 2, 4, 5, 7
_ATTRIBUTE_NAME, _ATTRIBUTE_INT, _ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH, _ATTRIBUTE_INTS, _ATTRIBUTE_TYPE = (
    1,
    3,
    5,
    6,
    8,
    20,
)
_TYPE_INT, _TYPE_INTS = 2, 7
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 8, 9
_FLOAT: Final = 1
_TYPES: Final = {
    np.dtype(np.float32): _FLOAT,
    np.dtype(np.uint8): 2,
    np.dtype(np.int8): 3,
    np.dtype(np.int32): 6,
    np.dtype(np.int64): 7,
}


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


def field_bytes(number: int, content: bytes) -> bytes:
    """A field of bytes, a text or a message, as it stands in the file."""
    return varint_bytes(number << 3 | 2) + varint_bytes(len(content)) + content


def number_bytes(number: int, value: int) -> bytes:
    """A field of an integer, 0 or more, as it stands in the file."""
    return varint_bytes(number << 3) + varint_bytes(value)


def varint_bytes(value: int) -> bytes:
    """An integer, 0 or more, 7 bits to a byte."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def node_bytes(
    kind: str, inputs: Sequence[str], output: str, *, domain: str = "", **numbers: int | Sequence[int]
) -> bytes:
    """An operator with one output and attributes of integers, 0 or more; an input it lacks is ""."""
    parts = [field_bytes(_NODE_INPUT, name.encode()) for name in inputs]
    parts += [field_bytes(_NODE_OUTPUT, output.encode()), field_bytes(_NODE_KIND, kind.encode())]
    for name, value in numbers.items():
        listed = not isinstance(value, int)
        values: Sequence[int] = [value] if isinstance(value, int) else value
        attribute = field_bytes(_ATTRIBUTE_NAME, name.encode())
        attribute += b"".join(number_bytes(_ATTRIBUTE_INTS if listed else _ATTRIBUTE_INT, each) for each in values)
        attribute += number_bytes(_ATTRIBUTE_TYPE, _TYPE_INTS if listed else _TYPE_INT)
        parts.append(field_bytes(_NODE_ATTRIBUTE, attribute))
    if domain:
        parts.append(field_bytes(_NODE_DOMAIN, domain.encode()))
    return b"".join(parts)


def tensor_bytes(name: str, values: NDArray[np.generic]) -> bytes:
    """Weights: 32 bit floats, or integers of 8, 32 or 64 bits."""
    parts = [number_bytes(_TENSOR_DIMS, size) for size in values.shape]
    parts.append(number_bytes(_TENSOR_TYPE, _TYPES[values.dtype]))
    parts += [field_bytes(_TENSOR_NAME, name.encode()), field_bytes(_TENSOR_RAW, values.tobytes())]
    return b"".join(parts)


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
                shape += varints(field.content)
            case 2:
                kind = _varint(field.content, 0)[0]
            case 8:
                name = name or bytes(field.content).decode()
            case 9:
                data = field.content
    if kind == _FLOAT and data:
        yield name, np.frombuffer(data, "<f4").reshape(shape)


def varints(packed: memoryview) -> Iterator[int]:
    """The integers of a field that has one or more."""
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
