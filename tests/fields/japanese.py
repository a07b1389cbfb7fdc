"""Japanese speech: the embedded voices were recorded in Japanese, though kouyu has no Japanese front end."""

import json
from typing import Final

import numpy as np
import soxr

from kouyu.audio.pcm import Samples
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.tts.kokoro import WEIGHT_SET
from kouyu.engines.tts.kokoro_model import SAMPLE_RATE
from kouyu.engines.tts.model_session import ModelSession
from kouyu.weights.cache import folder

TEXT: Final = "今日はいい天気ですね"
_PHONEMES: Final = "kʲoː wa iː teŋkʲi desɨ ne."


def fine_weather() -> Samples:
    """A native voice says TEXT; mono, 16 kHz."""
    weights = folder(WEIGHT_SET)
    vocabulary = json.loads((weights / "vocab.json").read_text(encoding="utf-8"))["vocab"]
    tokens = [vocabulary[letter] for letter in _PHONEMES]
    with np.load(weights / "voices.npz") as voices:
        style = voices["jf_nezumi"][len(tokens) - 1].reshape(1, -1)
    model = ModelSession(weights / "kokoro.onnx", threads=1, weight_set=WEIGHT_SET)
    speech = model.samples(
        {"tokens": np.array([[0, *tokens, 0]], np.int64), "style": style, "speed": np.array([1.0], np.float32)}
    )
    listening: Samples = soxr.resample(speech, SAMPLE_RATE, SPEECH_RATE).astype(np.float32)
    return np.pad(listening, 4800)
