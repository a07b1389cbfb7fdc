from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.vad.silero import FILE_NAME, SileroVoiceActivity
from kouyu.weights import cache


def test_missing_weights_name_the_command_that_helps(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="kouyu models fetch silero-vad"):
        SileroVoiceActivity(tmp_path)


@pytest.fixture(scope="module")
def model() -> SileroVoiceActivity:
    return SileroVoiceActivity(cache.folder("silero-vad"))


def judge(model: SileroVoiceActivity, audio: NDArray[np.float32]) -> NDArray[np.float64]:
    state = model.initial_state()
    probabilities = []
    for chunk in audio[: len(audio) // 512 * 512].reshape(-1, 512):
        (probability,), (state,) = model.infer(chunk[None], [state])
        probabilities.append(probability)
    return np.array(probabilities)


@pytest.mark.models
def test_speech_is_told_from_silence_and_noise(
    model: SileroVoiceActivity, speak: Callable[[str], NDArray[np.float32]]
) -> None:
    speech = judge(model, speak("What is the weather like in Beijing today?"))
    assert np.mean(speech > 0.5) > 0.7
    noise = np.random.default_rng(0).normal(0, 0.05, 32_000).astype(np.float32)
    assert np.max(judge(model, noise)) < 0.5
    assert np.max(judge(model, np.zeros(32_000, np.float32))) < 0.5


@pytest.mark.models
def test_a_batch_judges_each_stream_as_if_it_were_alone(
    model: SileroVoiceActivity, speak: Callable[[str], NDArray[np.float32]]
) -> None:
    audio = speak("How many people live in Shanghai?")
    streams = [audio[:16_384], audio[8_000:24_384], np.zeros(16_384, np.float32)]
    states = [model.initial_state() for _ in streams]
    together = []
    for start in range(0, 16_384, 512):
        probabilities, states = model.infer(np.stack([stream[start : start + 512] for stream in streams]), states)
        together.append(probabilities)
    alone = np.stack([judge(model, stream) for stream in streams], axis=1)
    assert np.array(together) == pytest.approx(alone, abs=1e-3)


@pytest.mark.models
def test_it_judges_as_onnxruntime_does(model: SileroVoiceActivity, speak: Callable[[str], NDArray[np.float32]]) -> None:
    audio = np.concatenate((speak("A train leaves at nine."), np.zeros(16_000, np.float32), speak("And one at ten.")))
    session = onnxruntime.InferenceSession(cache.folder("silero-vad") / FILE_NAME)
    hidden, before, expected = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32), []
    for chunk in audio[: len(audio) // 512 * 512].reshape(-1, 512):
        given = {"input": np.concatenate((before, chunk))[None], "state": hidden, "sr": np.array(16_000)}
        probability, hidden = session.run(None, given)
        expected.append(probability[0, 0])
        before = chunk[-64:]
    assert max(expected) > 0.9
    assert min(expected) < 0.1
    assert judge(model, audio) == pytest.approx(np.array(expected), abs=1e-4)


@pytest.mark.models
def test_no_streams_need_no_call(model: SileroVoiceActivity) -> None:
    assert model.infer(np.zeros((0, 512), np.float32), []) == ([], [])
