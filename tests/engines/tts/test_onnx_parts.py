"""An ONNX model in two gives what it gives in one."""

import numpy as np
import onnxruntime
import pytest

from kouyu.engines.tts.onnx_parts import cut_at, cut_before, outputs_of, with_outputs
from kouyu.model_files.onnx_file import Graph, Node, Value, onnx_model
from kouyu.model_files.onnx_messages import BadModel

MODEL = onnx_model(
    Graph(
        name="two steps",
        nodes=[
            Node("Mul", ["words", "first"], ["frames"]),
            Node("Relu", ["frames"], ["positive"]),
            Node("Add", ["positive", "second"], ["moved"]),
            Node("Mul", ["moved", "second"], ["samples"]),
        ],
        weights={"first": np.array([2.0, -3.0], np.float32), "second": np.array([0.5, 5.0], np.float32)},
        inputs=[Value("words", ["count", 2])],
        outputs=[Value("samples", ["count", 2])],
    ),
    producer="test",
)

TWO_INPUTS = onnx_model(
    Graph(
        name="two inputs",
        nodes=[
            Node("Mul", ["words", "first"], ["frames"]),
            Node("Relu", ["frames"], ["positive"]),
            Node("Mul", ["positive", "pitch"], ["samples"]),
        ],
        weights={"first": np.array([2.0, -3.0], np.float32)},
        inputs=[Value("words", ["count", 2]), Value("pitch", ["count", 2])],
        outputs=[Value("samples", ["count", 2])],
    ),
    producer="test",
)


def run(model: bytes, name: str, value: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model)
    assert [each.name for each in session.get_inputs()] == [name]
    (output,) = session.run(None, {name: value})
    return np.asarray(output)


def test_the_halves_give_what_the_whole_gives() -> None:
    words = np.array([[1.0, 2.0], [-4.0, -5.0]], np.float32)
    parts = cut_before(MODEL, "second")
    assert parts.between == "positive"
    frames = run(parts.first, "words", words)
    assert np.array_equal(run(parts.second, parts.between, frames), run(MODEL, "words", words))


def test_a_tensor_inside_can_be_an_output_too() -> None:
    words = np.array([[1.0, 2.0]], np.float32)
    samples, frames = onnxruntime.InferenceSession(with_outputs(MODEL, ["frames"])).run(None, {"words": words})
    assert np.array_equal(samples, run(MODEL, "words", words))
    assert frames.tolist() == [[2.0, -6.0]]
    with pytest.raises(BadModel, match="no operator gives nothing"):
        with_outputs(MODEL, ["nothing"])


def test_each_half_has_only_the_weights_it_uses() -> None:
    parts = cut_before(MODEL, "second")
    assert b"second" not in parts.first
    assert b"first" not in parts.second


@pytest.mark.parametrize("model", [b"", b"this is no model", MODEL[:-3]])
def test_what_is_no_model_is_refused(model: bytes) -> None:
    with pytest.raises(BadModel):
        cut_before(model, "second")


def test_a_model_without_the_weight_is_refused() -> None:
    with pytest.raises(BadModel, match="third"):
        cut_before(MODEL, "third")


def test_a_model_is_cut_at_several_tensors_and_the_second_half_keeps_the_inputs_it_needs() -> None:
    first, second = cut_at(TWO_INPUTS, ["frames", "positive"])
    given = {"words": np.array([[1.0, -2.0]], np.float32), "pitch": np.array([[3.0, 4.0]], np.float32)}
    front, back = onnxruntime.InferenceSession(first), onnxruntime.InferenceSession(second)
    assert [each.name for each in front.get_inputs()] == ["words"]
    assert {each.name for each in back.get_inputs()} == {"positive", "pitch"}
    frames, positive = front.run(["frames", "positive"], {"words": given["words"]})
    assert np.array_equal(np.maximum(frames, 0), positive)
    (halves,) = back.run(None, {"positive": positive, "pitch": given["pitch"]})
    (whole,) = onnxruntime.InferenceSession(TWO_INPUTS).run(None, given)
    assert np.array_equal(halves, whole)


def test_a_tensor_that_nothing_gives_is_refused() -> None:
    with pytest.raises(BadModel, match="nowhere"):
        cut_at(TWO_INPUTS, ["frames", "nowhere"])


def test_the_outputs_of_a_kind_of_operator_are_found() -> None:
    assert outputs_of(TWO_INPUTS, "Mul") == ["frames", "samples"]
    assert outputs_of(TWO_INPUTS, "ReduceMean") == []
