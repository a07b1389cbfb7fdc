"""Cuts an ONNX model in two, so that its second half can be run on a part of what the first half gave.

Reads the few protobuf fields that say what depends on what, and copies everything else as it is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from kouyu.engines.onnx_fields import BadModel, Field, fields

# Of onnx.proto: ModelProto.graph; GraphProto's node, initializer, input, output and value_info; AttributeProto.g;
# TensorProto.name; ValueInfoProto's name and type. Of NodeProto 1, 2 and 5 are input, output and attribute.
_GRAPH: Final = 7
_NODE, _INITIALIZER, _INPUT, _OUTPUT, _VALUE_INFO = 1, 5, 11, 12, 13
_ATTRIBUTE_GRAPH: Final = 6
_TENSOR_NAME: Final = 8
_VALUE_NAME, _VALUE_TYPE = 1, 2

_FLOAT_TENSOR: Final = b"\x0a\x02\x08\x01"
"""TypeProto: a tensor of floats, of any shape."""


class Parts(NamedTuple):
    """A model in two: ``first`` gives the tensor ``between``, which ``second`` takes, alone."""

    first: bytes
    second: bytes
    between: str


def cut_before(model: bytes, weight: str) -> Parts:
    """Cut ``model`` at the input of the operator that uses the ``weight`` of this name. Raises BadModel."""
    try:
        outer = list(fields(memoryview(model)))
        graph = next(field for field in outer if field.number == _GRAPH)
        inner = [_Item.of(field) for field in fields(graph.content)]
    except (StopIteration, IndexError, ValueError) as error:
        raise BadModel("this is no ONNX model") from error
    nodes = [item.node for item in inner if item.node is not None]
    between = next((node.inputs[0] for node in nodes if weight in node.inputs[1:]), None)
    if between is None:
        raise BadModel(f"no operator uses {weight!r}")
    outputs = [item.name for item in inner if item.field.number == _OUTPUT]
    first = _part(inner, _needed(nodes, [between], given=""), inputs=(), outputs=(between,))
    second = _part(inner, _needed(nodes, outputs, given=between), inputs=(between,), outputs=())
    rest = b"".join(field.raw for field in outer if field.number != _GRAPH)
    return Parts(rest + _field(_GRAPH, first), rest + _field(_GRAPH, second), between)


@dataclass(frozen=True, slots=True)
class _Node:
    inputs: tuple[str, ...]
    """Of the graphs in its attributes too."""
    outputs: tuple[str, ...]

    @classmethod
    def read(cls, node: memoryview) -> "_Node":
        inputs: list[str] = []
        outputs: list[str] = []
        for field in fields(node):
            match field.number:
                case 1:
                    inputs.append(bytes(field.content).decode())
                case 2:
                    outputs.append(bytes(field.content).decode())
                case 5:
                    inputs += _inputs_of_graphs(field.content)
        return cls(tuple(inputs), tuple(outputs))


@dataclass(frozen=True, slots=True)
class _Item:
    """A field of the graph, read once."""

    field: Field
    node: _Node | None
    name: str
    """Of a weight, input or output."""

    @classmethod
    def of(cls, field: Field) -> "_Item":
        match field.number:
            case 1:
                return cls(field, _Node.read(field.content), "")
            case 5:
                return cls(field, None, _name(field.content, _TENSOR_NAME))
            case 11 | 12:
                return cls(field, None, _name(field.content, _VALUE_NAME))
            case _:
                return cls(field, None, "")


def _inputs_of_graphs(attribute: memoryview) -> Iterator[str]:
    for graph in fields(attribute):
        if graph.number == _ATTRIBUTE_GRAPH:
            for field in fields(graph.content):
                if field.number == _NODE:
                    yield from _Node.read(field.content).inputs


def _needed(nodes: Iterable[_Node], wanted: Iterable[str], *, given: str) -> set[str]:
    """All tensors that it takes to make those ``wanted``, down to the one that is ``given``."""
    made_by = {output: node for node in nodes for output in node.outputs}
    needed: set[str] = set()
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name and name not in needed:
            needed.add(name)
            if name != given and name in made_by:
                waiting += made_by[name].inputs
    return needed


def _part(inner: Iterable["_Item"], needed: set[str], *, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> bytes:
    """The graph of what is ``needed``, with these ``inputs`` or ``outputs`` in the place of its own, if any."""
    kept: list[bytes | memoryview] = []
    for item in inner:
        wanted = True
        if item.node is not None:
            wanted = any(name in needed and name not in inputs for name in item.node.outputs)
        elif item.field.number == _INITIALIZER:
            wanted = item.name in needed
        elif item.field.number == _INPUT:
            wanted = not inputs and item.name in needed
        elif item.field.number == _OUTPUT:
            wanted = not outputs
        elif item.field.number == _VALUE_INFO:  # shapes found at export; onnxruntime finds them again
            wanted = False
        if wanted:
            kept.append(item.field.raw)
    for number, names in ((_INPUT, inputs), (_OUTPUT, outputs)):
        kept += [
            _field(number, _field(_VALUE_NAME, name.encode()) + _field(_VALUE_TYPE, _FLOAT_TENSOR)) for name in names
        ]
    return b"".join(kept)


def _name(message: memoryview, number: int) -> str:
    return next((bytes(field.content).decode() for field in fields(message) if field.number == number), "")


def _field(number: int, content: bytes) -> bytes:
    return _encoded(number << 3 | 2) + _encoded(len(content)) + content


def _encoded(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
