"""Field numbers of onnx.proto, for messages that are written here byte by byte."""

from typing import Final


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
    INTS: Final = 8
    TYPE: Final = 20


class InTensor:
    """Fields of TensorProto."""

    DIMS: Final = 1
    TYPE: Final = 2
    NAME: Final = 8
    RAW: Final = 9


class InValue:
    """Fields of ValueInfoProto."""

    NAME: Final = 1
    TYPE: Final = 2
