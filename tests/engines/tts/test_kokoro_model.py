"""Kokoro's network in parts, with its real weights."""

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from kouyu.engines.tts.kokoro_model import FIRST_FRAMES, FRAME, MOST_FRAMES, KokoroModel
from kouyu.engines.tts.mandarin import mandarin_phonemes
from kouyu.engines.tts.model_session import ModelSession
from kouyu.weights.cache import folder

pytestmark = pytest.mark.models

VOICE = "jf_gongitsune"
LEARNT_FROM = "你可以先休息一下，"
SENTENCE = "中国的首都是北京，它有三千多年的历史。"


def phonemes(text: str) -> list[int]:
    vocabulary = json.loads((folder("kokoro") / "vocab.json").read_text(encoding="utf-8"))["vocab"]
    return [vocabulary[letter] for letter in mandarin_phonemes(text) if letter in vocabulary]


@pytest.fixture(scope="module")
def style() -> NDArray[np.float32]:
    with np.load(folder("kokoro") / "voices.npz") as voices:
        return np.asarray(voices[VOICE])


@pytest.fixture(scope="module")
def model(style: NDArray[np.float32]) -> KokoroModel:
    model = KokoroModel(folder("kokoro") / "kokoro.onnx", {VOICE: style}, threads=2, weight_set="kokoro")
    assert model.learnt(VOICE) is None
    assert model.learn(VOICE, phonemes(LEARNT_FROM)) is model.learnt(VOICE)
    return model


@pytest.fixture(scope="module")
def parts(model: KokoroModel) -> list[NDArray[np.float32]]:
    return list(model.speak(phonemes(SENTENCE), VOICE))


@pytest.fixture(scope="module")
def whole(model: KokoroModel) -> NDArray[np.float32]:
    (whole,) = model.speak(phonemes(SENTENCE), VOICE, whole=True)
    return whole


def decibels(samples: NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.mean(samples**2) + 1e-12))


def test_the_first_part_is_short_and_no_part_is_long(parts: list[NDArray[np.float32]]) -> None:
    lengths = [len(part) // FRAME for part in parts]
    assert lengths[0] == FIRST_FRAMES
    assert len(lengths) > 3
    assert max(lengths) < MOST_FRAMES + FIRST_FRAMES


def test_the_parts_are_the_whole_but_for_what_is_rounded(
    parts: list[NDArray[np.float32]], whole: NDArray[np.float32]
) -> None:
    joined = np.concatenate(parts)
    same = whole[: len(joined)]
    assert decibels(joined - same) < decibels(same) - 15
    seams = np.cumsum([len(part) for part in parts])[:-1] - 1
    assert np.abs(np.diff(joined - same))[seams].max() < 0.01  # no click
    assert len(joined) == len(whole)


def test_it_sounds_as_the_network_does_as_it_comes_and_leaves_out_silence_alone(
    model: KokoroModel, style: NDArray[np.float32]
) -> None:
    untouched = ModelSession(folder("kokoro") / "kokoro.onnx", threads=2, weight_set="kokoro")
    for text in (SENTENCE, "北京。", "是。"):
        ids = phonemes(text)
        row = style[len(ids) - 1].reshape(1, -1)
        tokens = np.array([[0, *ids, 0]])
        expected = untouched.samples({"tokens": tokens, "style": row, "speed": np.ones(1, np.float32)})
        (whole,) = model.speak(ids, VOICE, whole=True)
        begins = range(0, len(expected) - len(whole) + 1, FRAME)
        begin = max(begins, key=lambda begin: float(expected[begin : begin + len(whole)] @ whole))
        for silent in (expected[:begin], expected[begin + len(whole) :]):
            assert decibels(silent) < -50
        if text == SENTENCE:
            same = expected[begin : begin + len(whole)]
            assert np.corrcoef(whole, same)[0, 1] > 0.8
            assert abs(decibels(whole) - decibels(same)) < 2
