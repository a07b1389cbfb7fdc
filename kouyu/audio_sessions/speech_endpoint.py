"""``/v1/audio/speech``: text in, audio out, sentence by sentence (websocket.md 4)."""

import msgspec

from kouyu.audio_sessions.running import Send
from kouyu.audio_sessions.services import SynthesisServices
from kouyu.audio_sessions.speech_streamer import SpeechStreamer
from kouyu.audio_sessions.unknown_voice import tell_of_unknown_voice
from kouyu.audio_sessions.updating import updated
from kouyu.conversation.capabilities import Capabilities
from kouyu.protocol.coze.audio_endpoint_configuration import SpeechConfiguration, audio_to_wire
from kouyu.protocol.coze.audio_endpoint_downlink import AudioEvent
from kouyu.protocol.coze.audio_endpoint_uplink import (
    AudioUpdate,
    AudioUplinkEvent,
    InputTextBufferAppend,
    InputTextBufferComplete,
)
from kouyu.text.sentences import SentenceSplitter


class SpeechEndpoint:
    """An AudioEndpoint that synthesises each sentence as soon as it is complete.

    An update applies from the next sentence on.
    """

    def __init__(self, services: SynthesisServices, send: Send, capabilities: Capabilities) -> None:
        self._send = send
        self._capabilities = capabilities
        self._asked = SpeechConfiguration()
        self._output = capabilities.output_in_force(self._asked.output_audio)
        self._splitter = SentenceSplitter()
        self._speaker = SpeechStreamer(services, send, audio_type="speech.audio.update", announces=True)

    async def start(self) -> None:
        """Send the event that the connection is ready."""
        await self._send(AudioEvent("speech.created"))

    async def take(self, event: AudioUplinkEvent) -> None:
        """Handle an event. Waits while too many sentences wait for synthesis. Raises ProtocolError."""
        match event:
            case AudioUpdate():
                await self._update(event)
            case InputTextBufferAppend(delta=delta):
                self._splitter.write(delta)
                await self._say_what_is_whole()
            case InputTextBufferComplete():
                await self._send(AudioEvent("input_text_buffer.completed"))
                self._splitter.end()
                await self._say_what_is_whole()
                await self._speaker.end(AudioEvent("speech.audio.completed"))
            case _:
                pass

    async def work(self) -> None:
        """Speak until cancelled."""
        await self._speaker.work()

    def close(self) -> None:
        """Free the codec."""
        self._speaker.close()

    async def _say_what_is_whole(self) -> None:
        for sentence in self._splitter:
            await self._speaker.say(sentence, self._output)

    async def _update(self, update: AudioUpdate) -> None:
        asked = await updated(self._asked, update, self._send, self._capabilities.check)
        before = self._asked.output_audio.voice_id
        tell_of_unknown_voice(self._capabilities, asked.output_audio.voice_id, before=before)
        self._output = self._capabilities.output_in_force(asked.output_audio)
        self._asked = asked
        shown = msgspec.structs.replace(asked, output_audio=self._output)
        await self._send(AudioEvent("speech.updated", audio_to_wire(shown)))
