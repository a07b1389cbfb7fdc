"""The spoken questions, for the apps: 24 kHz, 16 bit, mono."""

import os
import wave
from pathlib import Path

import numpy as np

RATE = 24_000
FRAME_MS = 20
FRAME = RATE * FRAME_MS // 1000 * 2
"""Bytes."""


def question(name: str) -> bytes:
    """The PCM of a question, resampled by linear interpolation, which is enough to be understood."""
    with wave.open(str(Path(os.environ["QUESTIONS"]) / f"{name}.wav")) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    at = np.arange(0, len(samples) - 1, rate / RATE)
    return np.interp(at, np.arange(len(samples)), samples).astype("<i2").tobytes()
