import os
import pickle

import numpy as np
import pytest

from kouyu.model_files.torch_checkpoint import BadCheckpoint, read_tensors, read_zipped_tensors
from tests.weights.checkpoints import Tensor, checkpoint, checkpoint_of, zipped_checkpoint, zipped_checkpoint_of

NUMBERS = np.arange(12, dtype=np.float32)


class RunsACommand:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def test_tensors_come_with_their_names_and_numbers() -> None:
    tensors = read_tensors(checkpoint_of({"a": NUMBERS, "b": NUMBERS.reshape(3, 4)}), "model_state")
    np.testing.assert_array_equal(tensors["a"], NUMBERS)
    np.testing.assert_array_equal(tensors["b"], NUMBERS.reshape(3, 4))


def test_tensors_may_share_a_storage() -> None:
    views = {"second half": Tensor("all", 6, (6,), (1,)), "turned": Tensor("all", 0, (4, 3), (1, 4))}
    tensors = read_tensors(checkpoint({"model_state": views}, {"all": NUMBERS}), "model_state")
    np.testing.assert_array_equal(tensors["second half"], NUMBERS[6:])
    np.testing.assert_array_equal(tensors["turned"], NUMBERS.reshape(3, 4).T)


def test_what_a_checkpoint_says_is_not_run() -> None:
    with pytest.raises(BadCheckpoint, match=r"it asks for \w+\.system"):
        read_tensors(checkpoint({"model_state": RunsACommand()}, {}), "model_state")


@pytest.mark.parametrize(
    "view", [Tensor("all", 6, (7,), (1,)), Tensor("all", 0, (4, 4), (1, 4)), Tensor("all", 0, (2,), (-1,))]
)
def test_a_tensor_may_not_reach_beyond_its_storage(view: Tensor) -> None:
    with pytest.raises(BadCheckpoint, match="beyond its storage"):
        read_tensors(checkpoint({"model_state": {"a": view}}, {"all": NUMBERS}), "model_state")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip archive", pickle.dumps({"model_state": {}})])
def test_another_file_is_refused(content: bytes) -> None:
    with pytest.raises(BadCheckpoint):
        read_tensors(content, "model_state")


def test_a_file_that_breaks_off_is_refused() -> None:
    whole = checkpoint_of({"a": NUMBERS})
    for length in range(0, len(whole), 7):
        with pytest.raises(BadCheckpoint):
            read_tensors(whole[:length], "model_state")


def test_tensors_of_the_zipped_format_come_with_their_names_and_numbers() -> None:
    tensors = read_zipped_tensors(zipped_checkpoint_of({"a": NUMBERS, "b": NUMBERS.reshape(3, 4)}))
    np.testing.assert_array_equal(tensors["a"], NUMBERS)
    np.testing.assert_array_equal(tensors["b"], NUMBERS.reshape(3, 4))


def test_tensors_of_integers_are_left_out_of_the_zipped_format_and_refused_in_the_first_one() -> None:
    count = Tensor("n", 0, (), (), integers=True)
    numbers = Tensor("x", 0, (12,), (1,))
    storages = {"n": np.array([7]).tobytes(), "x": NUMBERS.tobytes()}
    assert list(read_zipped_tensors(zipped_checkpoint({"x": numbers, "n": count}, storages))) == ["x"]
    with pytest.raises(BadCheckpoint, match="LongStorage"):
        read_tensors(checkpoint({"model_state": {"n": count}}, {"n": NUMBERS}), "model_state")


def test_what_a_zipped_checkpoint_says_is_not_run() -> None:
    with pytest.raises(BadCheckpoint, match=r"it asks for \w+\.system"):
        read_zipped_tensors(zipped_checkpoint({"a": RunsACommand()}, {}))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        checkpoint_of({"a": NUMBERS}),
        zipped_checkpoint([1, 2], {}),
        zipped_checkpoint({"a": 1}, {}),
        zipped_checkpoint({"a": Tensor("lost", 0, (12,), (1,))}, {}),
        zipped_checkpoint({"a": Tensor("x", 0, (13,), (1,))}, {"x": NUMBERS.tobytes()}),
    ],
)
def test_another_file_than_a_zipped_checkpoint_is_refused(content: bytes) -> None:
    with pytest.raises(BadCheckpoint):
        read_zipped_tensors(content)
