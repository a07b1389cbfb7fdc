"""WAV files that a browser's microphone plays in a loop."""

import wave
from pathlib import Path

import numpy as np

from kouyu.audio.wav import read_listening_audio

RATE = 16_000
"""Samples a second that ``read_listening_audio`` gives."""


def loop_of(question: Path, folder: Path, *, before_s: float = 1.0, after_s: float) -> Path:
    """A file with silence, the question, and silence."""
    speech = read_listening_audio(question)
    silent = [np.zeros(int(RATE * seconds), dtype=np.float32) for seconds in (before_s, after_s)]
    samples = np.concatenate([silent[0], speech, silent[1]])
    file = folder / f"{question.stem}-every-{len(samples) / RATE:.0f}-s.wav"
    with wave.open(str(file), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes((samples * 32767).astype("<i2").tobytes())
    return file
