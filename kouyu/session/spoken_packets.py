"""From a sentence to packets in the client's format, for everything that speaks."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from kouyu.audio.encoding import AudioEncoder
from kouyu.audio.framing import Packet
from kouyu.engines.scheduler import Priority
from kouyu.engines.tts.engine import SpeechSynthesizer, SynthesisOptions
from kouyu.protocol.configuration import OutputAudio

_ENCODED_AT_ONCE_S: Final = 0.2
"""Audio encoded before other sessions get their turn on the event loop."""


async def spoken_packets(
    synthesizer: SpeechSynthesizer, text: str, options: SynthesisOptions, priority: Priority, encoder: AudioEncoder
) -> AsyncGenerator[Packet, None]:
    """The packets of ``text`` as they are made; ``encoder.flush`` has what it holds back. Raises EngineError."""
    async with aclosing(synthesizer.synthesize(text, options, priority)) as pieces:
        async for piece in pieces:
            step = int(piece.sample_rate * _ENCODED_AT_ONCE_S)
            for start in range(0, len(piece.samples), step):
                for packet in encoder.encode(piece.samples[start : start + step], piece.sample_rate):
                    yield packet
                await asyncio.sleep(0)


def synthesis_options(output: OutputAudio) -> SynthesisOptions:
    """What ``output_audio`` asks of a voice."""
    emotion = output.emotion_config
    return SynthesisOptions(
        voice_id=output.voice_id or "",
        speech_rate=output.speech_rate,
        emotion=emotion.emotion if emotion else "",
        emotion_scale=emotion.emotion_scale if emotion else 4.0,
        context_texts=output.context_texts,
    )
