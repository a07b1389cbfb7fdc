"""``/v1/audio/transcriptions``: audio in, live text out (websocket.md 5)."""

from typing import Final

from kouyu.audio_sessions.buffer_events import take_audio
from kouyu.audio_sessions.live_transcriber import LiveTranscriber
from kouyu.audio_sessions.running import Send
from kouyu.audio_sessions.segments import SegmentRules
from kouyu.audio_sessions.services import RecognitionServices
from kouyu.audio_sessions.updating import updated
from kouyu.domain.errors import INTERNAL
from kouyu.domain.transcripts import Transcript
from kouyu.protocol.coze.audio_endpoint_configuration import TranscriptionConfiguration, audio_to_wire
from kouyu.protocol.coze.audio_endpoint_downlink import AudioEvent, audio_error
from kouyu.protocol.coze.audio_endpoint_uplink import AudioUpdate, AudioUplinkEvent
from kouyu.protocol.coze.recognition import recognition_in_force
from kouyu.protocol.coze.uplink import InputAudioBufferClear
from kouyu.serving.transcribing import as_configured

RULES: Final = SegmentRules(pause_ms=800, longest_ms=27_000)
"""Long pauses, since interim texts bridge them; no longer than the recogniser's window."""


class TranscriptionEndpoint:
    """An AudioEndpoint that transcribes."""

    def __init__(self, services: RecognitionServices, send: Send) -> None:
        self._send = send
        self._configuration = TranscriptionConfiguration()
        how = as_configured(self._configuration.asr_config)
        self._listener = LiveTranscriber(services, self, rules=RULES, how=how)
        self._told = ""
        """The text of the last update for the buffer in progress."""

    async def start(self) -> None:
        """Send the event that the connection is ready."""
        await self._send(AudioEvent("transcriptions.created"))

    async def take(self, event: AudioUplinkEvent) -> None:
        """Handle an event. Waits while recognition is far behind. Raises ProtocolError."""
        match event:
            case AudioUpdate():
                await self._update(event)
            case InputAudioBufferClear():
                await self._listener.clear()
                self._told = ""
                await self._send(AudioEvent("input_audio_buffer.cleared"))
            case _:
                await take_audio(event, self._listener, self._send)

    async def work(self) -> None:
        """Recognise until cancelled."""
        await self._listener.work()

    def close(self) -> None:
        """Free the transcriber."""
        self._listener.close()

    async def _update(self, update: AudioUpdate) -> None:
        self._configuration = await updated(self._configuration, update, self._send)
        asr_config = recognition_in_force(self._configuration.asr_config)
        self._listener.use_format(self._configuration.input_audio)
        self._listener.how = as_configured(asr_config)
        self._listener.live = asr_config.stream_mode == "bidirectional_stream"
        await self._send(AudioEvent("transcriptions.updated", audio_to_wire(self._configuration)))

    # As a TranscriberReport

    async def interim(self, text: str) -> None:
        """Send the text so far."""
        await self._tell(text)

    async def settled(self, piece: str, text: str, language: str) -> None:
        """Send the text so far; without interim texts it is sent once, at the end."""
        if self._listener.live:
            await self._tell(text)

    async def failed(self, why: str) -> None:
        """Tell the client that a part is missing."""
        await self._send(audio_error(INTERNAL, why))

    async def ended(self, text: str) -> None:
        """Send the whole text, then the event that it is complete."""
        await self._tell(text)
        self._told = ""
        await self._send(AudioEvent("transcriptions.message.completed", Transcript(text)))

    async def _tell(self, text: str) -> None:
        if text and text != self._told:
            self._told = text
            await self._send(AudioEvent("transcriptions.message.update", Transcript(text)))
