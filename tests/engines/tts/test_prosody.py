import numpy as np
import pytest

from kouyu.engines.tts.engine import SynthesisOptions
from kouyu.engines.tts.prosody import EMOTIONS, Prosody, prosody_of, speed_of

RATE = 24_000


@pytest.mark.parametrize(("rate", "speed"), [(-50, 0.5), (0, 1.0), (50, 1.5), (100, 2.0), (-80, 0.5), (300, 2.0)])
def test_a_speech_rate_is_a_factor(rate: int, speed: float) -> None:
    assert speed_of(rate) == speed


def test_no_emotion_and_an_unknown_one_leave_the_voice_alone() -> None:
    for emotion in ("", "neutral", "bored"):
        assert prosody_of(SynthesisOptions(voice_id="v", emotion=emotion)) == Prosody()


def test_every_emotion_of_the_protocol_is_offered() -> None:
    expected = {"happy", "sad", "angry", "surprised", "fear", "hate", "excited", "coldness", "neutral"}
    assert {emotion.emotion for emotion in EMOTIONS} == expected


def test_the_scale_makes_an_emotion_stronger() -> None:
    weak, strong = (prosody_of(SynthesisOptions(voice_id="v", emotion="sad", emotion_scale=s)) for s in (1.0, 5.0))
    assert strong.speed < weak.speed < 1.0
    assert strong.semitones < weak.semitones < 0.0
    assert strong.decibels < weak.decibels < 0.0


def test_a_raised_pitch_keeps_the_duration_that_was_asked_for() -> None:
    prosody = Prosody(speed=1.2, semitones=12.0)
    spoken_by_model = np.sin(2 * np.pi * 200 * np.arange(round(RATE / prosody.model_speed)) / RATE).astype(np.float32)
    heard = prosody.applied(spoken_by_model, RATE)
    assert len(heard) / RATE == pytest.approx(1 / 1.2, rel=0.01)
    spectrum = np.abs(np.fft.rfft(heard))
    assert np.argmax(spectrum) * RATE / len(heard) == pytest.approx(400, rel=0.02)


def test_loudness_never_leaves_full_scale() -> None:
    loud = Prosody(decibels=20).applied(np.array([0.5, -0.5, 0.01], np.float32), RATE)
    assert loud.tolist() == pytest.approx([1.0, -1.0, 0.1])
