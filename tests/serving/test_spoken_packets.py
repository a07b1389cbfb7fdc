"""From a sentence to packets."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

import numpy as np
import pytest

from kouyu.audio.downlink_encoding import open_encoder
from kouyu.audio.framing import Packet
from kouyu.domain.configuration import OutputAudio
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from kouyu.engines.tts.engine import AudioPiece, SynthesisOptions, Voice
from kouyu.serving.spoken_packets import LONGEST_SOUND_S, spoken_packets


class Stalling:
    """Says a word and then nothing more."""

    def __init__(self) -> None:
        self.closed = False

    def voices(self) -> Sequence[Voice]:
        return ()

    async def synthesize(
        self, text: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        try:
            yield AudioPiece(np.full(24_000, 0.1, np.float32), 24_000)
            await asyncio.Event().wait()
        finally:
            self.closed = True

    async def close(self) -> None:
        pass


async def test_synthesis_that_stalls_is_given_up() -> None:
    voice = Stalling()
    encoder = open_encoder(OutputAudio())
    options = SynthesisOptions(voice_id="a")
    packets = spoken_packets(voice, "Hm.", options, Priority.SENTENCE, encoder, patience_s=0.05)
    came: list[Packet] = []

    async def gather() -> None:
        async for packet in packets:
            came.append(packet)  # noqa: PERF401 - the loop ends with an error

    with pytest.raises(EngineError, match=r"no audio for 0\.05 s"):
        await gather()
    assert sum(packet.duration_ms for packet in came) == pytest.approx(1000)
    assert voice.closed


class Endless(Stalling):
    """Goes on for ever."""

    async def synthesize(
        self, text: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        try:
            while True:
                yield AudioPiece(np.full(8_000 * 30, 0.1, np.float32), 8_000)
        finally:
            self.closed = True


async def test_endless_synthesis_is_stopped_and_its_audio_so_far_stays() -> None:
    voice = Endless()
    encoder = open_encoder(OutputAudio(codec="g711u"))
    packets = spoken_packets(voice, "Hm.", SynthesisOptions(voice_id="a"), Priority.SENTENCE, encoder)
    came: list[Packet] = []

    async def gather() -> None:
        async for packet in packets:
            came.append(packet)  # noqa: PERF401 - the loop ends with an error

    with pytest.raises(EngineError, match="more than 300 s of audio for one sentence"):
        await gather()
    assert sum(packet.duration_ms for packet in came) == pytest.approx(LONGEST_SOUND_S * 1000, rel=0.01)
    assert voice.closed
