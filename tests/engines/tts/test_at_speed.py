"""Voices at speeds that they cannot speak at by themselves."""

from collections.abc import AsyncGenerator, Sequence

import numpy as np
import pytest

from kouyu.engines.scheduler import Priority
from kouyu.engines.tts.at_speed import AtSpeed
from kouyu.engines.tts.engine import AudioPiece, SynthesisOptions, Voice
from kouyu.engines.tts.prosody import speed_of


class TwoVoices:
    """Hums for two seconds with one voice, and for two more with another of a different sample rate."""

    def __init__(self) -> None:
        self.asked: list[SynthesisOptions] = []

    def voices(self) -> Sequence[Voice]:
        return ()

    async def synthesize(
        self, text: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        self.asked.append(options)
        for rate in (22_050, 24_000):
            for _ in range(4):
                length = int(rate * 0.5 / speed_of(options.speech_rate))
                yield AudioPiece(np.full(length, 0.1, np.float32), rate)

    async def close(self) -> None:
        pass


async def spoken(speed: float) -> tuple[dict[int, float], SynthesisOptions]:
    """Seconds by sample rate, and how the voices were asked."""
    voices = TwoVoices()
    seconds: dict[int, float] = {}
    options = SynthesisOptions(voice_id="hum", speech_rate=7, emotion="sad")
    async for piece in AtSpeed(voices, speed).synthesize("Hm.", options, Priority.SENTENCE):
        seconds[piece.sample_rate] = seconds.get(piece.sample_rate, 0.0) + len(piece.samples) / piece.sample_rate
    return seconds, voices.asked[0]


@pytest.mark.parametrize("speed", [0.2, 0.5, 1.0, 1.3, 2.0, 3.0])
async def test_every_speed_has_its_length(speed: float) -> None:
    seconds, _ = await spoken(speed)
    assert seconds[22_050] == pytest.approx(2 / speed, rel=0.06)
    assert seconds[24_000] == pytest.approx(2 / speed, rel=0.06)


@pytest.mark.parametrize(("speed", "rate"), [(0.2, -50), (0.8, -20), (1.0, 0), (3.0, 100)])
async def test_the_voice_itself_does_what_it_can(speed: float, rate: int) -> None:
    _, options = await spoken(speed)
    assert options == SynthesisOptions(voice_id="hum", speech_rate=rate, emotion="sad")
