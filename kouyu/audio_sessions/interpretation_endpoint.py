"""``/v1/audio/simult_interpretation``: speech in, its translation out as text and speech (websocket.md 6)."""

import asyncio
import logging
from collections import deque
from contextlib import aclosing
from typing import Final

import msgspec

from kouyu.agents.agent import Agent, AgentError
from kouyu.agents.interpreter import Interpreter, Passage
from kouyu.audio_sessions.buffer_events import take_audio
from kouyu.audio_sessions.live_transcriber import LiveTranscriber
from kouyu.audio_sessions.running import Send
from kouyu.audio_sessions.segments import SegmentRules
from kouyu.audio_sessions.services import RecognitionServices, SynthesisServices
from kouyu.audio_sessions.speech_streamer import SpeechStreamer
from kouyu.audio_sessions.unknown_voice import tell_of_unknown_voice
from kouyu.audio_sessions.updating import updated
from kouyu.conversation.capabilities import Capabilities
from kouyu.domain.configuration import AsrConfig
from kouyu.domain.errors import INTERNAL
from kouyu.protocol.coze.audio_endpoint_configuration import (
    InterpretationConfiguration,
    TranslateConfig,
    audio_to_wire,
)
from kouyu.protocol.coze.audio_endpoint_downlink import AudioEvent, Delta, audio_error
from kouyu.protocol.coze.audio_endpoint_uplink import AudioUpdate, AudioUplinkEvent
from kouyu.serving.transcribing import TranscriptionRequest, as_configured
from kouyu.text.joining import separator
from kouyu.text.language import language_of
from kouyu.text.sentences import SentenceSplitter

log = logging.getLogger(__name__)

RULES: Final = SegmentRules(pause_ms=400, longest_ms=12_000)
"""Short pauses: a translation starts when its passage ends, so long passages would add latency."""
_PASSAGES_AHEAD: Final = 256
"""Most passages that wait for translation. Beyond that recognition waits."""
_REMEMBERED: Final = 8


class _Said(msgspec.Struct, frozen=True):
    text: str
    heard: str
    """The recognised language."""
    configuration: InterpretationConfiguration


class _Over(msgspec.Struct, frozen=True):
    """Queue entry: a buffer was completed."""


class InterpretationEndpoint:
    """An AudioEndpoint that interprets between English and Chinese. An update applies from the next passage on."""

    def __init__(
        self,
        recognition: RecognitionServices,
        synthesis: SynthesisServices,
        send: Send,
        *,
        capabilities: Capabilities,
        agent: Agent,
    ) -> None:
        self._send = send
        self._capabilities = capabilities
        self._asked = InterpretationConfiguration()
        self._in_force = self._with_voice(self._asked)
        self._listener = LiveTranscriber(recognition, self, rules=RULES, how=TranscriptionRequest(), live=False)
        self._speaker = SpeechStreamer(synthesis, send, audio_type="simult_interpretation.audio.delta", announces=False)
        self._agent = agent
        self._waiting: asyncio.Queue[_Said | _Over] = asyncio.Queue(_PASSAGES_AHEAD)
        self._before: deque[Passage] = deque(maxlen=_REMEMBERED)
        self._source_text = ""
        self._target_text = ""

    async def start(self) -> None:
        """Send the event that the connection is ready."""
        await self._send(AudioEvent("simult_interpretation.created"))

    async def take(self, event: AudioUplinkEvent) -> None:
        """Handle an event. Waits while recognition is far behind. Raises ProtocolError."""
        if isinstance(event, AudioUpdate):
            await self._update(event)
        else:
            await take_audio(event, self._listener, self._send)

    async def work(self) -> None:
        """Recognise, translate and speak until cancelled."""
        # A new HTTP client reads the trusted certificates, which takes some 30 ms.
        interpreter = await asyncio.to_thread(Interpreter, self._agent)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listener.work(), name="listening")
                tasks.create_task(self._interpret(interpreter), name="interpreting")
                tasks.create_task(self._speaker.work(), name="speaking")
        finally:
            await interpreter.close()

    def close(self) -> None:
        """Free the transcriber and the encoder."""
        self._listener.close()
        self._speaker.close()

    async def _update(self, update: AudioUpdate) -> None:
        asked = await updated(self._asked, update, self._send, self._capabilities.check)
        before = self._asked.output_audio.voice_id
        tell_of_unknown_voice(self._capabilities, asked.output_audio.voice_id, before=before)
        self._in_force = self._with_voice(asked)
        self._asked = asked
        self._listener.use_format(asked.input_audio)
        self._listener.how = _how_to_listen(asked.translate_config)
        await self._send(AudioEvent("simult_interpretation.updated", audio_to_wire(self._in_force)))

    def _with_voice(self, asked: InterpretationConfiguration) -> InterpretationConfiguration:
        output = self._capabilities.output_in_force(asked.output_audio)
        return msgspec.structs.replace(asked, output_audio=output)

    # As a TranscriberReport

    async def interim(self, text: str) -> None:
        """Ignore interim text: a delta that was sent cannot be withdrawn."""

    async def settled(self, piece: str, text: str, language: str) -> None:
        """Send the transcript of a passage, and queue it for translation."""
        if piece:
            delta = separator(self._source_text, piece) + piece
            self._source_text = piece
            await self._send(AudioEvent("simult_interpretation.transcription.delta", Delta(delta)))
            await self._waiting.put(_Said(piece, language_of(piece) or language, self._in_force))

    async def failed(self, why: str) -> None:
        """Tell the client that a part is missing."""
        await self._send(audio_error(INTERNAL, why))

    async def ended(self, text: str) -> None:
        """Queue the end, which follows the last passage."""
        await self._waiting.put(_Over())

    # Translating

    async def _interpret(self, interpreter: Interpreter) -> None:
        while True:
            match await self._waiting.get():
                case _Said() as said:
                    await self._translate_and_say(interpreter, said)
                case _Over():
                    await self._speaker.end(AudioEvent("simult_interpretation.message.completed"))
                    self._source_text = self._target_text = ""

    async def _translate_and_say(self, interpreter: Interpreter, said: _Said) -> None:
        translate = said.configuration.translate_config
        source, target = _direction(translate, said.heard)
        if source == target:
            await self._tell(said.text, first=True)
            await self._speaker.say(said.text, said.configuration.output_audio)
            return
        glossary = [(term.original, term.translation) for term in translate.glossary]
        try:
            pieces: list[str] = []
            splitter = SentenceSplitter()
            stream = interpreter.translate(said.text, source, target, glossary=glossary, before=tuple(self._before))
            async with aclosing(stream):
                async for delta in stream:
                    await self._tell(delta, first=not pieces)
                    pieces.append(delta)
                    splitter.write(delta)
                    for sentence in splitter:
                        await self._speaker.say(sentence, said.configuration.output_audio)
        except AgentError as error:
            log.warning("a passage was not translated: %s", error)
            await self._send(audio_error(INTERNAL, f"a passage was not translated: {error}"))
            return
        self._before.append(Passage(said.text, "".join(pieces)))
        splitter.end()
        for sentence in splitter:
            await self._speaker.say(sentence, said.configuration.output_audio)

    async def _tell(self, delta: str, *, first: bool) -> None:
        """Send the next part of the translation; the first of a passage is separated from the passage before."""
        if first:
            delta = separator(self._target_text, delta) + delta
        self._target_text = (self._target_text + delta)[-1:]
        await self._send(AudioEvent("simult_interpretation.translation.delta", Delta(delta)))


def _how_to_listen(translate: TranslateConfig) -> TranscriptionRequest:
    how = as_configured(AsrConfig(hot_words=translate.hot_words))
    language = None if translate.source == "auto" else translate.source
    return msgspec.structs.replace(how, options=msgspec.structs.replace(how.options, language=language))


def _direction(translate: TranslateConfig, heard: str) -> tuple[str, str]:
    """The source and the target language."""
    source = translate.source
    if source == "auto":
        source = "zh" if heard in ("zh", "yue") else "en"
    if translate.target != "auto":
        return source, translate.target
    return source, "zh" if source == "en" else "en"
