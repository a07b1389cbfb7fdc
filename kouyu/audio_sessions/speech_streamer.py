"""Synthesises sentences in order into audio events, ahead of what the client has read."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import msgspec

from kouyu.audio.downlink_encoding import AudioEncoder, open_encoder
from kouyu.audio.framing import Packet
from kouyu.audio_sessions.running import Send
from kouyu.audio_sessions.services import SynthesisServices
from kouyu.conversation.pacing import Pacer, limit_of
from kouyu.domain.configuration import LimitConfig, OutputAudio
from kouyu.domain.errors import INTERNAL
from kouyu.engines.scheduler import Priority
from kouyu.protocol.coze.audio_endpoint_downlink import AudioEvent, AudioEventType, audio_error, audio_piece
from kouyu.protocol.coze.downlink import Sentence
from kouyu.serving.spoken_packets import spoken_packets, synthesis_options, why_not_spoken

log = logging.getLogger(__name__)

_SENTENCES_AHEAD: Final = 4096
"""Most sentences that wait for synthesis: a book's chapter. Beyond that ``say`` waits, and reading from the client with
it, whose pings are not answered meanwhile."""
END_AFTER_S: Final = 0.5
"""Least time from the first packet of a text to the event that ends it, where its audio lasts as long: @coze/api 1.3.9
never reports the end of playback when that event comes before its player has started (websocket.md 4)."""
_PACKETS_AHEAD: Final = 200
"""Most packets that wait to be sent. Beyond that synthesis waits."""


class _Saying(msgspec.Struct, frozen=True):
    text: str
    output: OutputAudio
    first: bool


class _Paced(msgspec.Struct, frozen=True):
    """A packet, how long it sounds, and the rate limit for sending it."""

    event: AudioEvent
    duration_s: float
    limit: LimitConfig | None


class _End(msgspec.Struct, frozen=True):
    """The event that ends a text."""

    event: AudioEvent


class SpeechStreamer:
    """Speech output of one connection. Sends audio as ``audio_type``; with ``announces`` each sentence's text too."""

    def __init__(self, services: SynthesisServices, send: Send, *, audio_type: AudioEventType, announces: bool) -> None:
        self._services = services
        self._send = send
        self._audio_type = audio_type
        self._announces = announces
        self._sentences: asyncio.Queue[_Saying | AudioEvent] = asyncio.Queue(_SENTENCES_AHEAD)
        self._outgoing: asyncio.Queue[AudioEvent | _Paced | _End] = asyncio.Queue(_PACKETS_AHEAD)
        self._encoder: AudioEncoder | None = None
        self._encodes: OutputAudio | None = None
        self._begun = False

    async def say(self, sentence: str, output: OutputAudio) -> None:
        """Queue a sentence. Waits while too many are queued, and yields to other tasks."""
        await self._sentences.put(_Saying(sentence, output, first=not self._begun))
        self._begun = True
        await asyncio.sleep(0)

    async def end(self, event: AudioEvent) -> None:
        """End the text: send ``event`` once all its audio has been sent. The next sentence starts a new text."""
        await self._sentences.put(event)
        self._begun = False

    async def work(self) -> None:
        """Speak until cancelled. Raises SocketClosed."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._synthesise(), name="synthesis")
            tasks.create_task(self._send_paced(), name="sending")

    def close(self) -> None:
        """Free the encoder."""
        if self._encoder is not None:
            self._encoder.close()
            self._encoder = self._encodes = None

    async def _synthesise(self) -> None:
        while True:
            match await self._sentences.get():
                case _Saying() as saying:
                    await self._say(saying)
                case event:
                    self.close()  # a text is one stream of its codec, however many sentences it has
                    await self._outgoing.put(_End(event))

    async def _say(self, saying: _Saying) -> None:
        try:
            await self._queue_packets(saying)
        except Exception as fault:  # the boundary to an engine: whatever it raises drops this sentence alone
            self.close()
            await self._outgoing.put(audio_error(INTERNAL, f"a sentence was not spoken: {why_not_spoken(fault)}"))

    async def _queue_packets(self, saying: _Saying) -> None:
        encoder = self._encoder_for(saying.output)
        limit = limit_of(saying.output)
        announced = not self._announces
        async with aclosing(self._packets(saying, encoder)) as packets:
            async for packet in packets:
                if not announced:
                    announced = True
                    start = AudioEvent("conversation.audio.sentence_start", Sentence(saying.text))
                    await self._outgoing.put(start)
                await self._outgoing.put(
                    _Paced(audio_piece(self._audio_type, packet.data), packet.duration_ms / 1000, limit)
                )

    async def _packets(self, saying: _Saying, encoder: AudioEncoder) -> AsyncGenerator[Packet, None]:
        """All packets of a sentence. Raises EngineError."""
        options = synthesis_options(saying.output)
        priority = Priority.FIRST_SENTENCE if saying.first else Priority.SENTENCE
        patience_s = self._services.patience_s
        made = spoken_packets(
            self._services.synthesizer, saying.text, options, priority, encoder, patience_s=patience_s
        )
        async with aclosing(made):
            async for packet in made:
                yield packet
        for packet in encoder.flush():
            yield packet

    def _encoder_for(self, output: OutputAudio) -> AudioEncoder:
        if self._encoder is None or output != self._encodes:
            self.close()
            self._encoder, self._encodes = open_encoder(output), output
        return self._encoder

    async def _send_paced(self) -> None:
        pacer = Pacer(None)
        now = asyncio.get_running_loop().time
        began_at: float | None = None
        audio_s = 0.0
        while True:
            match await self._outgoing.get():
                case _End(event=event):
                    if began_at is not None:
                        await asyncio.sleep(began_at + min(END_AFTER_S, audio_s) - now())
                    await self._send(event)
                    began_at, audio_s = None, 0.0
                case _Paced(event=event, duration_s=duration_s, limit=wanted):
                    pacer.limit = wanted
                    await asyncio.sleep(max(0.0, pacer.ready_at(now()) - now()))
                    await self._send(event)
                    self._services.count_audio(duration_s)
                    pacer.left(now())  # after sending, which may wait for a client that does not read
                    began_at = now() if began_at is None else began_at
                    audio_s += duration_s
                case event:
                    await self._send(event)
