"""Cuts long audio at quiet places into windows that Whisper can take."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE

LONGEST: Final = 29 * SPEECH_RATE
"""Most samples in a window: Whisper takes 30 s, and needs a little silence at the end."""

EARLIEST_CUT: Final = 20 * SPEECH_RATE

FRAME: Final = SPEECH_RATE // 50
PAUSE_FRAMES: Final = 15
"""300 ms: the pause looked for."""


def cut_at_pauses(audio: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Cut ``audio`` (mono, 16 kHz) into parts of 20 to 29 s, the last one shorter; each ends in the middle of the
    quietest 300 ms of its last 9 s. Short audio is returned whole."""
    windows = []
    while len(audio) > LONGEST:
        at = quietest(audio[EARLIEST_CUT:LONGEST]) + EARLIEST_CUT
        windows.append(audio[:at])
        audio = audio[at:]
    return [*windows, audio]


def quietest(audio: NDArray[np.float32]) -> int:
    """The middle of the quietest 300 ms of ``audio`` (16 kHz, at least that long), in samples."""
    frames = audio[: len(audio) // FRAME * FRAME].reshape(-1, FRAME)
    energy = np.convolve(np.square(frames).mean(axis=1), np.ones(PAUSE_FRAMES), "valid")
    return (int(energy.argmin()) + PAUSE_FRAMES // 2) * FRAME
