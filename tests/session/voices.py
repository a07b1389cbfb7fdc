"""Voices for tests: a speaker is a level of the audio, and the encoder hears which one it is."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.audio.pcm import Samples
from kouyu.engines.errors import EngineError
from kouyu.engines.vad.engine import State
from kouyu.engines.voiceprint.calibration import Calibration
from kouyu.engines.voiceprint.engine import Voiceprint
from kouyu.engines.voiceprint.resemblyzer import CALIBRATION
from kouyu.engines.work import Priority

CHUNK: Final = 512
ANN: Final = 0.25
BOB: Final = 0.5
QUIET: Final = 0.0


def sound(who: float, chunks: int) -> Samples:
    """So many chunks of somebody's speech, or of silence."""
    return np.full(chunks * CHUNK, who, np.float32)


def voiceprint(who: float) -> Voiceprint:
    """At right angles to everybody else's."""
    return np.array([1, 0] if who == ANN else [0, 1], np.float32)


class LevelEncoder:
    """A SpeakerEncoder for such voices; a mixture lies in between."""

    model = "level"
    calibration: Calibration = CALIBRATION

    def __init__(self) -> None:
        self.broken = False
        self.encoded: list[Samples] = []

    async def encode(self, speech: Samples, priority: Priority = Priority.FINAL) -> Voiceprint:
        if self.broken:
            raise EngineError("broken")
        self.encoded.append(speech)
        both = np.array([np.mean(speech == ANN), np.mean(speech == BOB)], np.float32)
        made: Voiceprint = both / np.linalg.norm(both)
        return made

    async def close(self) -> None:
        pass


class LevelVoiceActivity:
    """A VoiceActivityModel: what is not silent is speech."""

    sample_rate = 16_000
    chunk_samples = CHUNK

    def initial_state(self) -> State:
        return np.zeros(1, np.float32)

    def infer(self, chunks: NDArray[np.float32], states: Sequence[State]) -> tuple[list[float], list[State]]:
        return [0.95 if chunk.any() else 0.01 for chunk in chunks], list(states)
