"""Cuts an ONNX model in two, so that its second half can be run on a part of what the first half gave.

Reads the few protobuf fields that say what depends on what, and copies everything else as it is.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from kouyu.model_files.onnx_fields import BadModel, Model, Operator, bad_model_on_parse_error
from kouyu.model_files.onnx_numbers import InGraph, InTensor, InValue
from kouyu.model_files.protobuf import Field, field_bytes, fields, text_bytes, text_in

_FLOAT_TENSOR: Final = b"\x0a\x02\x08\x01"
"""TypeProto: a tensor of floats, of any shape."""


class Parts(NamedTuple):
    """A model in two: ``first`` gives the tensor ``between``, which ``second`` takes, alone."""

    first: bytes
    second: bytes
    between: str


def cut_before(model: bytes, weight: str) -> Parts:
    """Cut ``model`` at the input of the operator that uses the ``weight`` of this name. Raises BadModel."""
    graph = _Graph.read(model)
    between = next((node.inputs[0] for node in graph.nodes if weight in node.inputs[1:]), None)
    if between is None:
        raise BadModel(f"no operator uses {weight!r}")
    return Parts(*graph.cut((between,)), between)


def cut_at(model: bytes, tensors: Sequence[str]) -> tuple[bytes, bytes]:
    """Two models: the first gives these ``tensors``, in this order, the second takes those that it needs.

    All of them are floats. The second keeps the inputs of the model that it needs besides. Raises BadModel.
    """
    graph = _Graph.read(model)
    if missing := set(tensors) - {output for node in graph.nodes for output in node.outputs}:
        raise BadModel(f"no operator gives {', '.join(sorted(missing))}")
    return graph.cut(tuple(tensors))


def outputs_of(model: bytes, kind: str) -> list[str]:
    """The outputs of all operators of a kind such as "ReduceMean", in the order of the model. Raises BadModel."""
    return [output for node in _Graph.read(model).nodes if node.kind == kind for output in node.outputs]


@dataclass(frozen=True, slots=True)
class _Graph:
    model: Model
    inner: list["_Item"]

    @classmethod
    def read(cls, file: bytes) -> "_Graph":
        model = Model.read(file)
        with bad_model_on_parse_error():
            return cls(model, [_Item.of(field) for field in model.graph])

    @property
    def nodes(self) -> list["_Node"]:
        return [item.node for item in self.inner if item.node is not None]

    def cut(self, between: tuple[str, ...]) -> tuple[bytes, bytes]:
        outputs = [item.name for item in self.inner if item.field.number == InGraph.OUTPUT]
        before = _needed(self.nodes, between, given=())
        behind = _needed(self.nodes, outputs, given=between)
        taken = tuple(name for name in between if name in behind)
        first = _part(self.inner, before, inputs=(), outputs=between)
        second = _part(self.inner, behind, inputs=taken, outputs=())
        return self.model.with_graph(first), self.model.with_graph(second)


@dataclass(frozen=True, slots=True)
class _Node:
    kind: str
    inputs: tuple[str, ...]
    """Then those of its branches."""
    outputs: tuple[str, ...]

    @classmethod
    def read(cls, node: memoryview) -> "_Node":
        operator = Operator.read(node)
        return cls(operator.kind, (*operator.inputs, *_inputs_of_graphs(operator)), tuple(operator.outputs))


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
            case InGraph.NODE:
                return cls(field, _Node.read(field.content), "")
            case InGraph.INITIALIZER:
                return cls(field, None, text_in(field.content, InTensor.NAME))
            case InGraph.INPUT | InGraph.OUTPUT:
                return cls(field, None, text_in(field.content, InValue.NAME))
            case _:
                return cls(field, None, "")


def _inputs_of_graphs(operator: Operator) -> Iterator[str]:
    for graph in operator.graphs():
        for field in fields(graph):
            if field.number == InGraph.NODE:
                yield from _Node.read(field.content).inputs


def _needed(nodes: Iterable[_Node], wanted: Iterable[str], *, given: Collection[str]) -> set[str]:
    """All tensors that it takes to make those ``wanted``, down to those that are ``given``."""
    made_by = {output: node for node in nodes for output in node.outputs}
    needed: set[str] = set()
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name and name not in needed:
            needed.add(name)
            if name not in given and name in made_by:
                waiting += made_by[name].inputs
    return needed


def _part(inner: Iterable["_Item"], needed: set[str], *, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> bytes:
    """The graph of what is ``needed``: ``inputs`` beside its own inputs, ``outputs``, if any, instead of its own."""
    kept: list[bytes | memoryview] = []
    for item in inner:
        wanted = True
        if item.node is not None:
            wanted = any(name in needed and name not in inputs for name in item.node.outputs)
        elif item.field.number == InGraph.INITIALIZER or item.field.number == InGraph.INPUT:
            wanted = item.name in needed
        elif item.field.number == InGraph.OUTPUT:
            wanted = not outputs
        elif item.field.number == InGraph.VALUE_INFO:  # shapes found at export; onnxruntime finds them again
            wanted = False
        if wanted:
            kept.append(item.field.raw)
    for number, names in ((InGraph.INPUT, inputs), (InGraph.OUTPUT, outputs)):
        kept += [
            field_bytes(number, text_bytes(InValue.NAME, name) + field_bytes(InValue.TYPE, _FLOAT_TENSOR))
            for name in names
        ]
    return b"".join(kept)
