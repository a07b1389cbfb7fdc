"""The messages of an ONNX file as google.protobuf classes.

Only the fields that kouyu reads or writes are declared (numbers and names as in onnx.proto); all others survive a parse
and a serialisation as unknown fields. The onnx package declares them all, for 18 MB and a second at each start.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

_PACKAGE: Final = "kouyu.onnx"
_Field = descriptor_pb2.FieldDescriptorProto
_MESSAGES: Final[Mapping[str, Mapping[str, tuple[int, str]]]] = {
    "ModelProto": {
        "ir_version": (1, "int64"),
        "producer_name": (2, "string"),
        "graph": (7, "GraphProto"),
        "opset_import": (8, "*OperatorSetIdProto"),
    },
    "OperatorSetIdProto": {"domain": (1, "string"), "version": (2, "int64")},
    "GraphProto": {
        "node": (1, "*NodeProto"),
        "name": (2, "string"),
        "initializer": (5, "*TensorProto"),
        "input": (11, "*ValueInfoProto"),
        "output": (12, "*ValueInfoProto"),
        "value_info": (13, "*ValueInfoProto"),
    },
    "NodeProto": {
        "input": (1, "*string"),
        "output": (2, "*string"),
        "op_type": (4, "string"),
        "attribute": (5, "*AttributeProto"),
        "domain": (7, "string"),
    },
    "AttributeProto": {
        "name": (1, "string"),
        "i": (3, "int64"),
        "t": (5, "TensorProto"),
        "g": (6, "GraphProto"),
        "ints": (8, "*int64"),
        "type": (20, "int32"),
    },
    "TensorProto": {
        "dims": (1, "*int64"),
        "data_type": (2, "int32"),
        "int32_data": (5, "*int32"),
        "name": (8, "string"),
        "raw_data": (9, "bytes"),
    },
    "ValueInfoProto": {"name": (1, "string"), "type": (2, "TypeProto")},
    "TypeProto": {"tensor_type": (1, "TensorTypeProto")},
    "TensorTypeProto": {"elem_type": (1, "int32")},
}
"""Field name -> number and type, ``*`` for a repeated one."""

_TYPES: Final = {
    "int32": _Field.TYPE_INT32,
    "int64": _Field.TYPE_INT64,
    "string": _Field.TYPE_STRING,
    "bytes": _Field.TYPE_BYTES,
}

INT_ATTRIBUTE: Final = 2
INTS_ATTRIBUTE: Final = 7
"""Of AttributeProto.AttributeType."""

TENSOR_TYPES: Final = {
    np.dtype(np.float32): 1,
    np.dtype(np.uint8): 2,
    np.dtype(np.int8): 3,
    np.dtype(np.int32): 6,
    np.dtype(np.int64): 7,
}
"""Of TensorProto.DataType."""


class BadModel(ValueError):
    """The file is not an ONNX model, or lacks a required part."""


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="kouyu/onnx.proto", package=_PACKAGE, syntax="proto2")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, (number, kind) in fields.items():
            repeated, kind = kind.startswith("*"), kind.removeprefix("*")
            field = message.field.add(
                name=field_name, number=number, label=_Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            )
            if kind in _TYPES:
                field.type = _TYPES[kind]
            else:
                field.type, field.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES
    }


_made = _classes()
ModelProto: Final[Any] = _made["ModelProto"]
NodeProto: Final[Any] = _made["NodeProto"]
TensorProto: Final[Any] = _made["TensorProto"]
ValueInfoProto: Final[Any] = _made["ValueInfoProto"]


@contextmanager
def bad_model_on_parse_error() -> Iterator[None]:
    """Convert errors caused by a damaged model to BadModel while the block runs."""
    try:
        yield
    except BadModel:
        raise
    except (DecodeError, StopIteration, IndexError, ValueError) as error:
        raise BadModel("this is not an ONNX model") from error


def read_model(file: bytes) -> Any:
    """Parse a file's bytes into a ModelProto. Raises BadModel, also for one without a graph."""
    with bad_model_on_parse_error():
        model = ModelProto.FromString(file)
        if not model.HasField("graph"):
            raise BadModel("this is not an ONNX model")
        return model


def node(
    operator: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    attributes: Mapping[str, int | Sequence[int]] | None = None,
    domain: str = "",
) -> Any:
    """A NodeProto; ``domain`` says whose operator it is, "" is ONNX's own set."""
    made = NodeProto(op_type=operator, input=inputs, output=outputs)
    for name, value in (attributes or {}).items():
        if isinstance(value, int):
            made.attribute.add(name=name, i=value, type=INT_ATTRIBUTE)
        else:
            made.attribute.add(name=name, ints=value, type=INTS_ATTRIBUTE)
    if domain:
        made.domain = domain
    return made


def tensor(name: str, values: NDArray[np.generic]) -> Any:
    """A TensorProto; the types are those of TENSOR_TYPES."""
    raw = values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    return TensorProto(name=name, dims=values.shape, data_type=TENSOR_TYPES[values.dtype], raw_data=raw)


def float_value(name: str) -> Any:
    """A ValueInfoProto: a tensor of 32 bit floats of any shape."""
    made = ValueInfoProto(name=name)
    made.type.tensor_type.elem_type = TENSOR_TYPES[np.dtype(np.float32)]
    return made


def integers(of: Any, name: str, default: Sequence[int]) -> list[int]:
    """The values of an attribute of the NodeProto ``of``."""
    for attribute in of.attribute:
        if attribute.name == name:
            return list(attribute.ints) or [attribute.i]
    return list(default)


def floats(of: Any) -> NDArray[np.float32] | None:
    """The values of the TensorProto ``of``; None if they are not 32 bit floats in its raw data."""
    if of.data_type != TENSOR_TYPES[np.dtype(np.float32)] or not of.raw_data:
        return None
    return np.frombuffer(of.raw_data, "<f4").reshape(of.dims)


def uint8s(of: Any) -> NDArray[np.uint8] | None:
    """The values of the TensorProto ``of``; None if they are not uint8."""
    if of.data_type != TENSOR_TYPES[np.dtype(np.uint8)]:
        return None
    if of.raw_data:
        return np.frombuffer(of.raw_data, np.uint8).reshape(of.dims)
    return np.array(of.int32_data, np.uint8).reshape(of.dims)


def float_weights(file: bytes) -> dict[str, NDArray[np.float32]]:
    """All 32 bit float weights of a model by name, also those in the branches of its operators. Raises BadModel."""
    with bad_model_on_parse_error():
        return dict(_weights(read_model(file).graph))


def _weights(graph: Any) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for weight in graph.initializer:
        if (values := floats(weight)) is not None:
            yield weight.name, values
    for each in graph.node:
        for attribute in each.attribute:
            if attribute.HasField("g"):
                yield from _weights(attribute.g)
            if each.op_type == "Constant" and attribute.HasField("t") and (values := floats(attribute.t)) is not None:
                yield each.output[0], values
