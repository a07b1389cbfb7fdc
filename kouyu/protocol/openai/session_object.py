"""The session object that the server sends: the whole session in force, spelled as every client reads it.

Not in it: ``expires_at`` (a session does not expire). ``tracing``, ``prompt`` and ``include`` are null, whatever the
client has set, since they have no effect here. Voice and tool choice are texts, also where the client has set objects.
"""

from typing import Any

from kouyu.protocol.openai.audio_formats import PCM_RATE, AudioFormat
from kouyu.protocol.openai.session_settings import SessionSettings, TurnDetection

DEFAULT_THRESHOLD = 0.5
"""The documented default of ``threshold``, shown to clients that set none."""


def session_object(settings: SessionSettings, *, session_id: str, voice_id: str) -> dict[str, Any]:
    """The ``session`` of ``session.created`` and ``session.updated``. ``voice_id`` is the voice in force."""
    if settings.type == "transcription":
        return {
            "type": "transcription",
            "object": "realtime.transcription_session",
            "id": session_id,
            "include": None,
            "audio": {"input": _input(settings)},
        }
    session = {
        "type": "realtime",
        "object": "realtime.session",
        "id": session_id,
        "model": settings.model,
        "output_modalities": list(settings.output_modalities),
        "instructions": settings.instructions or "",
        "tools": tools_object(settings),
        "tool_choice": "required" if settings.is_tool_forced else settings.tool_choice,
        "max_output_tokens": settings.max_output_tokens or "inf",
        "tracing": None,
        "truncation": settings.truncation,
        "prompt": None,
        "include": None,
        "audio": {"input": _input(settings), "output": output_object(settings, voice_id) | {"speed": settings.speed}},
    }
    return session if settings.temperature is None else session | {"temperature": settings.temperature}


def output_object(settings: SessionSettings, voice_id: str) -> dict[str, Any]:
    """The format and the voice of the output, as in a session and in a response."""
    return {"format": format_object(settings.output_format), "voice": settings.voice or voice_id}


def format_object(audio_format: AudioFormat) -> dict[str, Any]:
    """An audio format; the rate is named for ``audio/pcm`` alone."""
    return {"type": audio_format, "rate": PCM_RATE} if audio_format == "audio/pcm" else {"type": audio_format}


def tools_object(settings: SessionSettings) -> list[dict[str, Any]]:
    """The client's tools."""
    return [
        {"type": "function", "name": tool.name, "description": tool.description, "parameters": tool.parameters}
        for tool in settings.tools
    ]


def _input(settings: SessionSettings) -> dict[str, Any]:
    reduction, detection = settings.noise_reduction, settings.turn_detection
    return {
        "format": format_object(settings.input_format),
        "transcription": _transcription(settings),
        "noise_reduction": {"type": reduction} if reduction else None,
        "turn_detection": _turn_detection(detection, settings) if detection else None,
    }


def _transcription(settings: SessionSettings) -> dict[str, Any] | None:
    """Without fields that the client has not set: a client may know but some of them."""
    known = settings.transcription
    if known is None:
        return None
    fields: dict[str, Any] = {"model": known.model, "language": known.language, "prompt": known.prompt}
    if known.languages:
        fields["languages"] = list(known.languages)
    if known.keywords:
        fields["keywords"] = list(known.keywords)
    return fields


def _turn_detection(detection: TurnDetection, settings: SessionSettings) -> dict[str, Any]:
    """With ``create_response`` and ``interrupt_response`` spelled out: without them, clients interrupt themselves."""
    fields: dict[str, Any] = {"type": detection.type}
    if detection.type == "server_vad":
        fields |= {
            "threshold": DEFAULT_THRESHOLD if detection.threshold is None else detection.threshold,
            "prefix_padding_ms": detection.prefix_padding_ms,
            "silence_duration_ms": detection.silence_duration_ms,
            "idle_timeout_ms": detection.idle_timeout_ms,
        }
    else:
        fields["eagerness"] = detection.eagerness
    if settings.type == "transcription":
        return fields
    return fields | {
        "create_response": detection.create_response,
        "interrupt_response": detection.interrupt_response,
    }
