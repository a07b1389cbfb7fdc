"""The one sample rate at which speech is analysed."""

from typing import Final

SPEECH_RATE: Final = 16_000
"""Hz. VAD, endpointing, recognition, speaker encoding and the audio timeline all work at this rate."""
