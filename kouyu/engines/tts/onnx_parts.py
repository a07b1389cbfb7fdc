"""Splits an ONNX model, so that its later parts can run on a part of the output of the earlier ones."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from kouyu.model_files.onnx_messages import BadModel, float_value, read_model


class Parts(msgspec.Struct, frozen=True):
    """A split model: ``between`` is the only output of ``first`` and the only input of ``second``."""

    first: bytes
    second: bytes
    between: str


def cut_before(model: bytes, weight: str) -> Parts:
    """Cut ``model`` at the input of the operator that uses the ``weight`` of this name. Raises BadModel."""
    nodes = read_model(model).graph.node
    between = next((node.input[0] for node in nodes if weight in node.input[1:]), None)
    if between is None:
        raise BadModel(f"no operator uses {weight!r}")
    return Parts(*cut_at(model, (between,)), between)


def cut_at(model: bytes, tensors: Sequence[str]) -> tuple[bytes, bytes]:
    """Split into two models: the first outputs ``tensors``, in this order, the second takes those that it needs.

    All of them are floats. The second keeps the inputs of the model that it needs besides. Raises BadModel.
    """
    return cut_out(model, (), tensors), cut_out(model, tensors, ())


def cut_out(model: bytes, given: Sequence[str], wanted: Sequence[str]) -> bytes:
    """The operators that lead from the tensors ``given`` to those ``wanted``, as a model; without any: to its outputs.

    All of them are floats. The model keeps the inputs that it needs besides those ``given``, and takes none of these
    that it does not need. Raises BadModel.
    """
    graph = read_model(model).graph
    if missing := {*given, *wanted} - {output for node in graph.node for output in node.output}:
        raise BadModel(f"no operator gives {', '.join(sorted(missing))}")
    needed = _needed(graph.node, wanted or [output.name for output in graph.output], given=given)
    return _part(model, needed, inputs=[name for name in given if name in needed], outputs=wanted)


def outputs_of(model: bytes, kind: str) -> list[str]:
    """The outputs of all operators of a kind such as "ReduceMean", in the order of the model. Raises BadModel."""
    return [output for node in read_model(model).graph.node if node.op_type == kind for output in node.output]


def with_outputs(model: bytes, tensors: Sequence[str]) -> bytes:
    """The model that gives ``tensors``, all of them floats, behind its own outputs. Raises BadModel."""
    changed = read_model(model)
    if missing := set(tensors) - {output for node in changed.graph.node for output in node.output}:
        raise BadModel(f"no operator gives {', '.join(sorted(missing))}")
    changed.graph.output.extend(float_value(name) for name in tensors)
    serialised: bytes = changed.SerializeToString()
    return serialised


def _inputs(node: Any) -> Iterator[str]:
    """The inputs of an operator, and of the operators in its branches."""
    yield from node.input
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from _inputs(inner)


def _needed(nodes: Iterable[Any], wanted: Iterable[str], *, given: Collection[str]) -> set[str]:
    """All tensors needed to compute those ``wanted``, down to those ``given``."""
    made_by = {output: node for node in nodes for output in node.output}
    needed: set[str] = set()
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name and name not in needed:
            needed.add(name)
            if name not in given and name in made_by:
                waiting += _inputs(made_by[name])
    return needed


def _part(model: bytes, needed: set[str], *, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """The model of what is ``needed``: ``inputs`` beside its own inputs, ``outputs``, if any, instead of its own."""
    part = read_model(model)
    graph = part.graph
    made = needed - set(inputs)
    _keep(graph.node, [not made.isdisjoint(node.output) for node in graph.node])
    _keep(graph.initializer, [weight.name in needed for weight in graph.initializer])
    _keep(graph.input, [value.name in needed for value in graph.input])
    graph.input.extend(float_value(name) for name in inputs)
    if outputs:
        del graph.output[:]
        graph.output.extend(float_value(name) for name in outputs)
    del graph.value_info[:]  # shapes found at export; onnxruntime finds them again
    serialised: bytes = part.SerializeToString()
    return serialised


def _keep(repeated: Any, wanted: Sequence[bool]) -> None:
    """Delete unwanted entries in place: weights are large, and must not be copied."""
    for index in range(len(wanted) - 1, -1, -1):
        if not wanted[index]:
            del repeated[index]
