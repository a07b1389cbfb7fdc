"""Synthesises a text into one audio file, streamed while it is made (rest.md 2.3)."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import msgspec

from kouyu.audio.downlink_encoding import FileFormat, open_file_encoder
from kouyu.audio_sessions.services import SynthesisServices
from kouyu.engines.scheduler import Priority
from kouyu.engines.tts.at_speed import AtSpeed
from kouyu.engines.tts.engine import SynthesisOptions
from kouyu.serving.spoken_packets import spoken_packets
from kouyu.text.sentences import SentenceSplitter


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How to speak, and the file to write."""

    voice_id: str
    file_format: FileFormat = "mp3"
    sample_rate: int = 24_000
    """Hz."""
    speed: float = 1.0
    """0.2 to 4."""
    loudness_rate: int = 0
    """-50 (half) to 100 (double)."""
    emotion: str = ""
    emotion_scale: float = 4.0
    context_texts: str = ""
    """Directions to the speaker."""


class Reading(Manner, frozen=True, kw_only=True):
    """A text, and how to speak it."""

    text: str


def read_aloud(services: SynthesisServices, reading: Reading) -> AsyncGenerator[bytes, None]:
    """Yield the pieces of the file; a text with nothing to pronounce gives an empty file. Raises EngineError."""
    return spoken_file(services, reading, _sentences(reading.text))


async def spoken_file(
    services: SynthesisServices, manner: Manner, sentences: AsyncIterator[str]
) -> AsyncGenerator[bytes, None]:
    """Yield the pieces of one file in which ``sentences`` are spoken as they come. Raises EngineError."""
    encoder = open_file_encoder(manner.file_format, manner.sample_rate, manner.loudness_rate)
    voice = AtSpeed(services.synthesizer, manner.speed)
    options = SynthesisOptions(
        voice_id=manner.voice_id,
        emotion=manner.emotion,
        emotion_scale=manner.emotion_scale,
        context_texts=manner.context_texts,
    )
    priority = Priority.FIRST_SENTENCE
    try:
        async for sentence in sentences:
            packets = spoken_packets(voice, sentence, options, priority, encoder, patience_s=services.patience_s)
            async with aclosing(packets):
                async for packet in packets:
                    services.count_audio(packet.duration_ms / 1000)
                    yield packet.data
            priority = Priority.SENTENCE
        for last in encoder.flush():
            yield last.data
    finally:
        encoder.close()


async def _sentences(text: str) -> AsyncIterator[str]:
    splitter = SentenceSplitter()
    splitter.write(text)
    splitter.end()
    for sentence in splitter:
        yield sentence
