"""Carries out Speak orders: from a sentence to packets in the client's format."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from functools import partial

import msgspec

from kouyu.audio.downlink_encoding import AudioEncoder, open_encoder
from kouyu.conversation.answers_apart import ITEMS_AT_ONCE
from kouyu.conversation.effects import Speak
from kouyu.conversation.inputs import Input, SpeechAudio, SpeechFailed, SpeechFinished
from kouyu.domain.configuration import OutputAudio
from kouyu.engines.scheduler import Priority
from kouyu.engines.tts.directions import directions_in
from kouyu.engines.tts.engine import SpeechSynthesizer, SynthesisOptions
from kouyu.serving.spoken_packets import spoken_packets, synthesis_options, why_not_spoken
from kouyu.session.echo_guard import EchoGuard

log = logging.getLogger(__name__)


class _Encoder(msgspec.Struct, frozen=True):
    encoder: AudioEncoder
    output: OutputAudio


class SpeechOutput:
    """Synthesises for one session. Each item has one encoder, so that its audio is continuous across sentences."""

    def __init__(
        self, synthesizer: SpeechSynthesizer, report: Callable[[Input], None], echo_guard: EchoGuard | None = None
    ) -> None:
        """``echo_guard`` gets all synthesised audio."""
        self._echo_guard = echo_guard
        self._synthesizer = synthesizer
        self._report = report
        self._encoders: dict[int, _Encoder] = {}
        """By their items, the one used last at the end."""
        self._voices = {voice.voice_id: voice for voice in synthesizer.voices()}
        self._noted: set[tuple[str, str]] = set()

    async def speak(self, order: Speak) -> None:
        """Synthesise a sentence; report its packets and its end."""
        try:
            await self._packets(order)
        except asyncio.CancelledError:
            self._drop(order.item)
            raise
        except Exception as fault:  # the boundary to an engine: whatever it raises drops this sentence alone
            self._drop(order.item)
            self._report(SpeechFailed(order.order, why_not_spoken(fault)))
        else:
            self._report(SpeechFinished(order.order))

    async def _packets(self, order: Speak) -> None:
        output = order.configuration.output_audio
        encoder = self._encoder(order.item, output)
        options = synthesis_options(output)
        self._note_what_is_ignored(options)
        priority = Priority.FIRST_SENTENCE if order.urgent else Priority.SENTENCE
        tap = partial(self._echo_guard.made, order.item) if self._echo_guard is not None else None
        spoken = spoken_packets(self._synthesizer, order.text, options, priority, encoder, tap=tap)
        async with aclosing(spoken) as packets:
            async for packet in packets:
                self._report(SpeechAudio(order.order, packet.data, packet.duration_ms))
        for packet in encoder.flush():
            self._report(SpeechAudio(order.order, packet.data, packet.duration_ms))

    def close(self) -> None:
        """Free the encoders."""
        for item in tuple(self._encoders):
            self._drop(item)

    def _note_what_is_ignored(self, options: SynthesisOptions) -> None:
        """Log once each requested option that a voice lacks; the client gets no error for it (uplink.md)."""
        voice = self._voices.get(options.voice_id)
        if voice is None or voice.takes_context_texts:
            return
        has_emotion = options.emotion in ("", *(emotion.emotion for emotion in voice.emotions))
        if voice.follows_directions:
            not_followed = directions_in(options.context_texts).rest
            how = "follows only what context_texts says of speed, pitch, level and mood; the rest is ignored"
        else:
            not_followed, how = bool(options.context_texts), "has no context_texts; the client's are ignored"
        self._note(voice.voice_id, how, when=not_followed)
        self._note(voice.voice_id, "has no emotion_config; the client's is ignored", when=not has_emotion)

    def _note(self, voice_id: str, how: str, *, when: bool) -> None:
        if when and (voice_id, how) not in self._noted:
            self._noted.add((voice_id, how))
            log.info("the voice %s %s", voice_id, how)

    def _encoder(self, item: int, output: OutputAudio) -> AudioEncoder:
        known = self._encoders.pop(item, None)
        if known is not None and known.output != output:
            known.encoder.close()
            known = None
        for older in list(self._encoders)[: len(self._encoders) - ITEMS_AT_ONCE + 1]:
            self._drop(older)
        self._encoders[item] = known or _Encoder(open_encoder(output), output)
        return self._encoders[item].encoder

    def _drop(self, item: int) -> None:
        known = self._encoders.pop(item, None)
        if known is not None:
            known.encoder.close()
