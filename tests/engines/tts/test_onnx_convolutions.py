"""A quantised convolution as a matrix product gives what the convolution gives."""

from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from kouyu.engines.tts.onnx_convolutions import int8_matmul_is_exact, with_products
from kouyu.model_files.onnx_file import Node, node_bytes, tensor_bytes
from kouyu.model_files.onnx_messages import BadModel
from kouyu.model_files.protobuf import field_bytes, number_bytes

CHANNELS_IN, CHANNELS_OUT = 3, 5


def convolution(*, taps: int, dilation: int, stride: int = 1, bias: bool = True) -> bytes:
    """A model of one convolution between floats, in 8 bits, as onnxruntime's dynamic quantisation makes them."""
    random = np.random.default_rng(taps)
    around = dilation * (taps - 1) // 2
    weights: dict[str, NDArray[Any]] = {
        "weights": random.integers(0, 256, (CHANNELS_OUT, CHANNELS_IN, taps)).astype(np.uint8),
        "zero": np.array(117, np.uint8),
        "scale": np.array(0.01, np.float32),
        "bias": random.standard_normal(CHANNELS_OUT).astype(np.float32),
        "shape": np.array([1, -1, 1], np.int64),
    }
    numbers = {"kernel_shape": [taps], "dilations": [dilation], "pads": [around, around], "strides": [stride]}
    nodes = [
        Node("DynamicQuantizeLinear", ["samples"], ["small", "input scale", "input zero"]),
        Node("Mul", ["input scale", "scale"], ["scales"]),
        Node("ConvInteger", ["small", "weights", "input zero", "zero"], ["sums"], {"group": 1, **numbers}),
    ]
    if bias:
        nodes += [
            Node("Div", ["bias", "scales"], ["in steps"]),
            Node("Floor", ["in steps"], ["whole steps"]),
            Node("Cast", ["whole steps"], ["integers"], {"to": 6}),
            Node("Reshape", ["integers", "shape"], ["bias of rows"]),
            Node("Add", ["sums", "bias of rows"], ["all sums"]),
        ]
    nodes += [
        Node("Cast", ["all sums" if bias else "sums"], ["floats"], {"to": 1}),
        Node("Mul", ["floats", "scales"], ["heard"]),
    ]
    return model(nodes, weights)


def model(nodes: list[Node], weights: dict[str, NDArray[Any]]) -> bytes:
    kind = field_bytes(2, field_bytes(1, number_bytes(1, 1)))
    graph = [*(field_bytes(1, node_bytes(node)) for node in nodes)]
    graph += [field_bytes(5, tensor_bytes(name, values)) for name, values in weights.items()]
    graph += [field_bytes(11, field_bytes(1, b"samples") + kind), field_bytes(12, field_bytes(1, b"heard") + kind)]
    imports = field_bytes(8, number_bytes(2, 20))
    imports += field_bytes(8, field_bytes(1, b"com.microsoft") + number_bytes(2, 1))
    return number_bytes(1, 9) + field_bytes(7, b"".join(graph)) + imports


def run(model: bytes, samples: np.ndarray) -> np.ndarray:
    (output,) = onnxruntime.InferenceSession(model).run(None, {"samples": samples})
    return np.asarray(output)


def samples(length: int = 40) -> np.ndarray:
    return np.random.default_rng(7).standard_normal((1, CHANNELS_IN, length)).astype(np.float32)


@pytest.mark.skipif(
    not int8_matmul_is_exact(), reason="this processor's products of bytes overflow, so they are not used"
)
@pytest.mark.parametrize(("taps", "dilation", "bias"), [(1, 1, True), (3, 1, True), (11, 5, True), (7, 3, False)])
def test_a_product_gives_what_the_convolution_gives(taps: int, dilation: int, bias: bool) -> None:
    before = convolution(taps=taps, dilation=dilation, bias=bias)
    after = with_products(before)
    assert b"ConvInteger" in before
    assert b"ConvInteger" not in after
    expected = run(before, samples())
    # The convolution's bias is rounded to a step of its sums, here 0.01 of a 50th; the product's is not.
    assert np.abs(run(after, samples()) - expected).max() < 3e-4
    assert np.abs(expected).max() > 1


def test_a_convolution_with_a_stride_stays() -> None:
    before = convolution(taps=3, dilation=1, stride=2)
    assert np.array_equal(run(with_products(before), samples()), run(before, samples()))
    assert b"ConvInteger" in with_products(before)


def test_a_convolution_whose_sums_are_used_otherwise_stays() -> None:
    nodes = [
        Node("DynamicQuantizeLinear", ["samples"], ["small", "s", "z"]),
        Node("ConvInteger", ["small", "weights", "z", "zero"], ["sums"], {"kernel_shape": [1]}),
        Node("Abs", ["sums"], ["sizes"]),
        Node("Cast", ["sizes"], ["heard"], {"to": 1}),
    ]
    weights = {"weights": np.ones((2, CHANNELS_IN, 1), np.uint8), "zero": np.array(0, np.uint8)}
    before = model(nodes, weights)
    assert with_products(before) == before


@pytest.mark.parametrize("bad", [b"", b"this is no model"])
def test_what_is_no_model_is_refused(bad: bytes) -> None:
    with pytest.raises(BadModel):
        with_products(bad)
