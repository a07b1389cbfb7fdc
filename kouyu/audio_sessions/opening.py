"""Creates the session of a connection to an audio endpoint."""

from collections.abc import Coroutine
from typing import Any

from kouyu.audio_sessions.interpretation_endpoint import InterpretationEndpoint
from kouyu.audio_sessions.running import AudioEndpoint, Send, run_audio_session
from kouyu.audio_sessions.services import RecognitionServices, SynthesisServices
from kouyu.audio_sessions.speech_endpoint import SpeechEndpoint
from kouyu.audio_sessions.transcription_endpoint import TranscriptionEndpoint
from kouyu.protocol.coze.audio_endpoint_uplink import AudioEndpointName
from kouyu.serving.caller import UNLIMITED, Caller
from kouyu.serving.services import Services
from kouyu.serving.socket import Socket


def audio_session(
    services: Services, socket: Socket, name: AudioEndpointName, *, bot_id: str, log_id: str, caller: Caller = UNLIMITED
) -> Coroutine[Any, Any, None]:
    """Return a coroutine that serves one client of the endpoint ``name`` until it disconnects (``run_audio_session``).

    The bot's voice is used if the client chooses none; its model interprets.
    """
    capabilities = services.capabilities_of(services.bots.get(bot_id))

    recognition, synthesis = RecognitionServices.of(services, caller), SynthesisServices.of(services, caller)

    def opened(send: Send) -> AudioEndpoint:
        match name:
            case "speech":
                return SpeechEndpoint(synthesis, send, capabilities)
            case "transcriptions":
                return TranscriptionEndpoint(recognition, send)
            case "simult_interpretation":
                agent = services.agents[bot_id]
                return InterpretationEndpoint(recognition, synthesis, send, capabilities=capabilities, agent=agent)

    async def served() -> None:
        # Whether its client expects something more cannot be known: it hangs up when it has it all.
        with services.turns_in_progress.reported(socket, lambda: True):
            await run_audio_session(socket, name, opened, log_id=log_id)

    return served()
