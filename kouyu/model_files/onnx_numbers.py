"""The numbers that onnx.proto gives its fields and types, as far as models are read and written here."""

from typing import Final

import numpy as np


class InModel:
    """Fields of ModelProto."""

    IR_VERSION: Final = 1
    PRODUCER: Final = 2
    GRAPH: Final = 7
    OPERATOR_SET: Final = 8


class InOperatorSet:
    """Fields of OperatorSetIdProto."""

    DOMAIN: Final = 1
    VERSION: Final = 2


class InGraph:
    """Fields of GraphProto."""

    NODE: Final = 1
    NAME: Final = 2
    INITIALIZER: Final = 5
    INPUT: Final = 11
    OUTPUT: Final = 12
    VALUE_INFO: Final = 13


class InNode:
    """Fields of NodeProto."""

    INPUT: Final = 1
    OUTPUT: Final = 2
    OPERATOR: Final = 4
    ATTRIBUTE: Final = 5
    DOMAIN: Final = 7


class InAttribute:
    """Fields of AttributeProto."""

    NAME: Final = 1
    INT: Final = 3
    TENSOR: Final = 5
    GRAPH: Final = 6
    INTS: Final = 8
    TYPE: Final = 20


class InTensor:
    """Fields of TensorProto."""

    DIMS: Final = 1
    TYPE: Final = 2
    INT32S: Final = 5
    NAME: Final = 8
    RAW: Final = 9


class InValue:
    """Fields of ValueInfoProto."""

    NAME: Final = 1
    TYPE: Final = 2


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
