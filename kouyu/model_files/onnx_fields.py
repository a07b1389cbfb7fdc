"""What stands in an ONNX model: its graph, the operators of that, and weights.

Just enough to take a model apart. The onnx package would do the same in more than a second at each start, with 18 MB to
install.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.model_files.onnx_numbers import TENSOR_TYPES, InAttribute, InGraph, InModel, InNode, InTensor
from kouyu.model_files.protobuf import Field, field_bytes, fields, text_in, varints

_FLOAT: Final = TENSOR_TYPES[np.dtype(np.float32)]
_BYTE: Final = TENSOR_TYPES[np.dtype(np.uint8)]


class BadModel(ValueError):
    """The file is no ONNX model, or lacks what is looked for."""


@contextmanager
def bad_model_on_parse_error() -> Iterator[None]:
    """Within, a model is read. Raises BadModel where it turns out to be none."""
    try:
        yield
    except BadModel:
        raise
    except (StopIteration, IndexError, ValueError) as error:
        raise BadModel("this is no ONNX model") from error


@dataclass(frozen=True, slots=True)
class Model:
    """A model's fields, and those of its graph."""

    outer: Sequence[Field]
    graph: Sequence[Field]

    @classmethod
    def read(cls, model: bytes) -> "Model":
        """Raises BadModel."""
        with bad_model_on_parse_error():
            outer = list(fields(memoryview(model)))
            graph = next(field for field in outer if field.number == InModel.GRAPH)
            return cls(outer, list(fields(graph.content)))

    def with_graph(self, graph: bytes) -> bytes:
        """The model file's bytes, with another graph."""
        made = field_bytes(InModel.GRAPH, graph)
        return b"".join(made if field.number == InModel.GRAPH else field.raw for field in self.outer)


@dataclass(frozen=True, slots=True)
class Operator:
    """A node of a graph. An input or output that is not used is ""."""

    kind: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    attributes: Sequence[memoryview]

    @classmethod
    def read(cls, node: memoryview) -> "Operator":
        """Raises ValueError or IndexError where it is none."""
        kind, inputs, outputs, attributes = "", list[str](), list[str](), list[memoryview]()
        for field in fields(node):
            match field.number:
                case InNode.INPUT:
                    inputs.append(bytes(field.content).decode())
                case InNode.OUTPUT:
                    outputs.append(bytes(field.content).decode())
                case InNode.OPERATOR:
                    kind = bytes(field.content).decode()
                case InNode.ATTRIBUTE:
                    attributes.append(field.content)
        return cls(kind, inputs, outputs, attributes)

    def integers(self, name: str, default: list[int]) -> list[int]:
        """Those of the attribute of this name."""
        for attribute in self.attributes:
            if text_in(attribute, InAttribute.NAME) == name:
                of_integers = (part for part in fields(attribute) if part.number in (InAttribute.INT, InAttribute.INTS))
                return [value for part in of_integers for value in varints(part.content)]
        return default

    def graphs(self) -> Iterator[memoryview]:
        """Its branches, or the body of its loop."""
        for attribute in self.attributes:
            yield from (part.content for part in fields(attribute) if part.number == InAttribute.GRAPH)

    def constant(self) -> memoryview | None:
        """The tensor that it gives, of a Constant; None of others."""
        parts = (part for attribute in self.attributes for part in fields(attribute))
        tensor = next((part.content for part in parts if part.number == InAttribute.TENSOR), None)
        return tensor if self.kind == "Constant" else None


@dataclass(frozen=True, slots=True)
class Tensor:
    """Weights. ``floats`` and ``uint8s`` give None where they are of another type."""

    name: str
    shape: Sequence[int]
    kind: int
    raw: memoryview
    integers: Sequence[memoryview]
    """Small types may stand here, as varints, instead of in ``raw``."""

    @classmethod
    def read(cls, tensor: memoryview) -> "Tensor":
        """Raises ValueError or IndexError where it is none."""
        name, shape, kind, raw, integers = "", list[int](), 0, memoryview(b""), list[memoryview]()
        for field in fields(tensor):
            match field.number:
                case InTensor.DIMS:
                    shape += varints(field.content)
                case InTensor.TYPE:
                    (kind,) = varints(field.content)
                case InTensor.INT32S:
                    integers.append(field.content)
                case InTensor.NAME:
                    name = bytes(field.content).decode()
                case InTensor.RAW:
                    raw = field.content
        return cls(name, shape, kind, raw, integers)

    def floats(self) -> NDArray[np.float32] | None:
        """Of 32 bits."""
        if self.kind != _FLOAT or not self.raw:
            return None
        return np.frombuffer(self.raw, "<f4").reshape(self.shape)

    def uint8s(self) -> NDArray[np.uint8] | None:
        """Bytes without sign."""
        if self.kind != _BYTE:
            return None
        if self.raw:
            return np.frombuffer(self.raw, np.uint8).reshape(self.shape)
        return np.array([value for packed in self.integers for value in varints(packed)], np.uint8).reshape(self.shape)


def float_weights(model: bytes) -> dict[str, NDArray[np.float32]]:
    """All weights of a model that are 32 bit floats, by name, those in the branches of its operators too.

    Raises BadModel where it is no ONNX model.
    """
    with bad_model_on_parse_error():
        return dict(_weights(Model.read(model).graph))


def _weights(graph: Sequence[Field]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for field in graph:
        if field.number == InGraph.INITIALIZER:
            tensor = Tensor.read(field.content)
            if (floats := tensor.floats()) is not None:
                yield tensor.name, floats
        elif field.number == InGraph.NODE:
            operator = Operator.read(field.content)
            for branch in operator.graphs():
                yield from _weights(list(fields(branch)))
            constant = operator.constant()
            if constant is not None and (floats := Tensor.read(constant).floats()) is not None:
                yield operator.outputs[0], floats
