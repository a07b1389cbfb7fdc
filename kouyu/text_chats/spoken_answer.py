"""Synthesises an answer while it is generated: PCM at 24 kHz, 16 bit, mono (rest.md 4.2)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Final

import msgspec

from kouyu.audio.downlink_encoding import open_encoder
from kouyu.domain.configuration import OutputAudio
from kouyu.domain.events import Event, SpeechDelta
from kouyu.domain.messages import Message
from kouyu.engines.scheduler import Priority
from kouyu.engines.tts.engine import SpeechSynthesizer
from kouyu.serving.growing_sentences import GrowingSentences
from kouyu.serving.spoken_packets import spoken_packets, synthesis_options, why_not_spoken
from kouyu.text_chats.event_stream import ClientGone

log = logging.getLogger(__name__)

_OUTPUT: Final = OutputAudio()
Put = Callable[[Event], Awaitable[None]]


class SpokenAnswer:
    """Synthesises sentence after sentence in its own task, beside the text. Create it on a running event loop."""

    def __init__(
        self,
        synthesizer: SpeechSynthesizer,
        voice_id: str,
        envelope: Message,
        put: Put,
        *,
        patience_s: float,
        count: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """``envelope`` is the answer's message; ``put`` takes the events, ``count`` the seconds of audio.

        The speech ends early if the engine gives no audio for ``patience_s`` seconds.
        """
        self._patience_s = patience_s
        self._synthesizer = synthesizer
        self._options = synthesis_options(msgspec.structs.replace(_OUTPUT, voice_id=voice_id))
        self._envelope = msgspec.structs.replace(envelope, content_type="audio")
        self._put = put
        self._count = count
        self._sentences = GrowingSentences()
        self._task = asyncio.create_task(self._run(), name="spoken answer")

    def add(self, text: str) -> None:
        """Append the next characters of the answer."""
        self._sentences.add(text)

    def withdraw(self) -> None:
        """Drop the text that was added and is not spoken yet."""
        self._sentences.withdraw()

    async def finish(self) -> None:
        """Mark the answer as complete. Returns when all of it has been spoken."""
        self._sentences.end()
        await self._task

    async def close(self) -> None:
        """Stop."""
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        encoder = open_encoder(_OUTPUT)
        priority = Priority.FIRST_SENTENCE
        try:
            async for sentence in self._sentences.read():
                packets = spoken_packets(
                    self._synthesizer, sentence, self._options, priority, encoder, patience_s=self._patience_s
                )
                async with aclosing(packets):
                    async for packet in packets:
                        self._count(packet.duration_ms / 1000)
                        await self._put(SpeechDelta(self._envelope, packet.data, packet.duration_ms))
                for packet in encoder.flush():
                    await self._put(SpeechDelta(self._envelope, packet.data, packet.duration_ms))
                priority = Priority.SENTENCE
        except ClientGone:
            pass
        except Exception as fault:  # the boundary to an engine: the client still has the text
            why_not_spoken(fault)
        finally:
            encoder.close()
