"""The echo of played audio is found in the microphone's, and nothing else is taken for it."""

from pathlib import Path

import numpy as np
import pytest
import soxr

import kouyu.bench.questions
from kouyu.audio.echo import ECHO_RATE, find_echo
from kouyu.audio.pcm import Samples
from kouyu.audio.wav import decode_listening_audio

HEARD = ECHO_RATE * 192 // 1000
PLAYED = ECHO_RATE * 1392 // 1000


def speech(name: str) -> Samples:
    """A spoken question at ECHO_RATE."""
    file = Path(kouyu.bench.questions.__file__).parent / f"{name}.wav"
    return np.asarray(soxr.resample(decode_listening_audio(file.read_bytes(), 30), 16_000, ECHO_RATE), np.float32)


def looks(heard: Samples, played: Samples) -> list[float]:
    """The share explained, wherever something can be heard; ``heard`` and ``played`` begin together."""
    silence = np.zeros(PLAYED, np.float32)
    played = np.concatenate((silence, played, silence))
    shares = []
    for end in range(HEARD, len(heard), ECHO_RATE // 20):
        window = heard[end - HEARD : end]
        if np.sqrt(np.mean(window**2)) > 0.003:
            shares.append(find_echo(window, played[end : end + PLAYED]).share)
    assert len(shares) > 5
    return shares


@pytest.mark.parametrize("decibels", [-6, -12, -20])
@pytest.mark.parametrize("delay_ms", [50, 230, 500, 1100])
def test_an_echo_is_explained_at_any_delay_and_level(decibels: int, delay_ms: int) -> None:
    played = speech("en-story")
    delay = np.zeros(ECHO_RATE * delay_ms // 1000 + 1, np.float32)
    echo = np.concatenate((delay, played)) * np.float32(10 ** (decibels / 20))
    noise = np.random.default_rng(0).normal(0, 10 ** (-65 / 20), len(echo)).astype(np.float32)
    assert np.percentile(looks(echo + noise, played), 5) > 0.7


def test_somebody_else_s_speech_is_not_explained() -> None:
    assert np.percentile(looks(speech("en-capital"), speech("en-story")), 90) < 0.5


def test_somebody_who_speaks_over_an_echo_is_not_explained_by_it() -> None:
    played, user = speech("en-story"), speech("en-capital")
    length = min(len(played), len(user))
    echo = np.concatenate((np.zeros(2000, np.float32), played))[:length] * np.float32(10 ** (-12 / 20))
    assert np.median(looks(user[:length] + echo, played)) < 0.4


def test_silence_explains_nothing_and_is_not_explained() -> None:
    nothing = np.zeros(PLAYED, np.float32)
    assert find_echo(speech("en-capital")[2000 : 2000 + HEARD], nothing).share == 0.0
    assert find_echo(nothing[:HEARD], speech("en-story")[:PLAYED]).share == 0.0


def test_the_delay_is_reported() -> None:
    played = speech("en-story")[:PLAYED]
    heard = played[PLAYED - HEARD - 400 : PLAYED - 400]
    assert find_echo(heard, played).delay == 400
