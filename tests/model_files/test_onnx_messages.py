import numpy as np
import pytest

from kouyu.model_files.onnx_messages import BadModel, float_weights
from kouyu.model_files.protobuf import field_bytes as field


def tensor(values: list[float], *, name: str = "", kind: int = 1) -> bytes:
    dims = bytes((1 << 3, len(values)))
    return dims + bytes((2 << 3, kind)) + field(8, name.encode()) + field(9, np.array(values, "<f4").tobytes())


def constant(name: str, values: list[float]) -> bytes:
    return field(1, field(2, name.encode()) + field(4, b"Constant") + field(5, field(5, tensor(values))))


def test_weights_are_found_by_name_among_the_initializers_and_in_branches() -> None:
    branch = field(6, constant("inner", [3.0]))
    graph = field(5, tensor([1.0, 2.0], name="outer")) + field(1, field(4, b"If") + field(5, branch))
    weights = float_weights(field(7, graph))
    assert {name: weight.tolist() for name, weight in weights.items()} == {"outer": [1.0, 2.0], "inner": [3.0]}


def test_weights_of_another_type_are_left_out() -> None:
    assert float_weights(field(7, field(5, tensor([1.0], name="whole numbers", kind=7)))) == {}


@pytest.mark.parametrize("content", [b"", b"no model at all", field(7, field(5, b"\x0a\x7f"))])
def test_what_is_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(BadModel):
        float_weights(content)
