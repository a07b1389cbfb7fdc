"""The events of the audio buffer, which endpoints that listen take alike (websocket.md 5, 6)."""

from kouyu.audio_sessions.live_transcriber import LiveTranscriber
from kouyu.audio_sessions.running import Send
from kouyu.protocol.coze.audio_endpoint_downlink import AudioEvent
from kouyu.protocol.coze.audio_endpoint_uplink import AudioUplinkEvent
from kouyu.protocol.coze.uplink import InputAudioBufferAppend, InputAudioBufferComplete


async def take_audio(event: AudioUplinkEvent, listener: LiveTranscriber, send: Send) -> None:
    """Hear more audio, or the end of a buffer; every other event is ignored. Waits while recognition is far behind.
    Raises ProtocolError."""
    match event:
        case InputAudioBufferAppend(delta=delta):
            await listener.hear(delta)
        case InputAudioBufferComplete():
            await send(AudioEvent("input_audio_buffer.completed"))
            await listener.complete()
        case _:
            pass
