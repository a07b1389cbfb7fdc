"""The protocol's beta (header ``OpenAI-Beta: realtime=v1``): other names, a flat session, no event of items done.

Both directions are rewritten as JSON: what a beta client sends becomes the present spelling before it is read, and what
is sent becomes the beta's after it is made.
"""

from collections.abc import Mapping
from typing import Any, Final

from kouyu.protocol.openai.server_events import ItemDone, ServerEvent

_EVENT_NAMES: Final = {
    "conversation.item.added": "conversation.item.created",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
}
_PARTS: Final = {"output_text": "text", "output_audio": "audio"}
_FORMATS: Final = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}
_FORMAT_NAMES: Final = {name: old for old, name in _FORMATS.items()}
_FLAT_FIELDS: Final = ("instructions", "model", "tools", "tool_choice", "temperature", "tracing", "include")


def from_beta(event: dict[str, Any]) -> dict[str, Any]:
    """A client's event in the present spelling. What is not known is left as it is, for the reader to refuse."""
    match event.get("type"), event.get("session"), event.get("response"):
        case ("session.update", dict() as session, _):
            return event | {"session": present_session(session)}
        case ("transcription_session.update", dict() as session, _):
            return event | {
                "type": "session.update",
                "session": present_session(session) | {"type": "transcription"},
            }
        case ("response.create", _, dict() as response):
            return event | {"response": _present_response(response)}
        case _:
            return event


def is_in_beta(event: ServerEvent) -> bool:
    """Whether the beta has this event."""
    return not isinstance(event, ItemDone)


def to_beta(event: dict[str, Any]) -> dict[str, Any]:
    """A server's event in the spelling of the beta."""
    kind = event["type"]
    changed = event | {"type": _EVENT_NAMES.get(kind, kind)}
    if "session" in event:
        changed["session"] = _flat_session(event["session"])
    if "item" in event:
        changed["item"] = _beta_item(event["item"])
    if "response" in event:
        changed["response"] = _beta_response(event["response"])
    return changed


def present_session(session: Mapping[str, Any]) -> dict[str, Any]:
    """A flat session in the present spelling."""
    present = {name: session[name] for name in _FLAT_FIELDS if name in session}
    present["type"] = "realtime"
    if "modalities" in session:
        present["output_modalities"] = session["modalities"]
    if "max_response_output_tokens" in session:
        present["max_output_tokens"] = session["max_response_output_tokens"]
    heard = {"input_audio_transcription": "transcription", "input_audio_noise_reduction": "noise_reduction"}
    audio_in = {new: session[old] for old, new in heard.items() if old in session}
    if "turn_detection" in session:
        detection = session["turn_detection"]
        is_object = isinstance(detection, Mapping)
        audio_in["turn_detection"] = {"type": "server_vad", **detection} if is_object else detection
    if session.get("input_audio_format") is not None:
        audio_in["format"] = _present_format(session["input_audio_format"])
    audio_out = {name: session[name] for name in ("voice", "speed") if name in session}
    if session.get("output_audio_format") is not None:
        audio_out["format"] = _present_format(session["output_audio_format"])
    return present | {"audio": {"input": audio_in, "output": audio_out}}


def _present_format(name: object) -> dict[str, Any]:
    return {"type": _FORMATS.get(name, name) if isinstance(name, str) else name}


def _present_response(response: Mapping[str, Any]) -> dict[str, Any]:
    present = {name: value for name, value in response.items() if name not in ("modalities", "max_output_tokens")}
    if "modalities" in response:
        present["output_modalities"] = response["modalities"]
    output = {"voice": response["voice"]} if "voice" in response else {}
    if response.get("output_audio_format") is not None:
        output["format"] = _present_format(response["output_audio_format"])
    if output:
        present["audio"] = {"output": output}
    tokens = response.get("max_response_output_tokens", response.get("max_output_tokens"))
    return present | ({"max_output_tokens": tokens} if tokens is not None else {})


def _flat_session(session: Mapping[str, Any]) -> dict[str, Any]:
    audio_in, audio_out = session["audio"]["input"], session["audio"].get("output")
    flat = {name: session[name] for name in ("id", "object", *_FLAT_FIELDS) if name in session} | {
        "input_audio_format": _FORMAT_NAMES[audio_in["format"]["type"]],
        "input_audio_transcription": audio_in["transcription"],
        "input_audio_noise_reduction": audio_in["noise_reduction"],
        "turn_detection": audio_in["turn_detection"],
    }
    if audio_out is None:
        return flat
    return flat | {
        "modalities": _beta_modalities(session["output_modalities"]),
        "max_response_output_tokens": session["max_output_tokens"],
        "output_audio_format": _FORMAT_NAMES[audio_out["format"]["type"]],
        "voice": audio_out["voice"],
        "speed": audio_out["speed"],
    }


def _beta_response(response: Mapping[str, Any]) -> dict[str, Any]:
    output = response["audio"]["output"]
    kept = {name: value for name, value in response.items() if name not in ("audio", "output_modalities")}
    return kept | {
        "output": [_beta_item(item) for item in response["output"]],
        "modalities": _beta_modalities(response["output_modalities"]),
        "voice": output["voice"],
        "output_audio_format": _FORMAT_NAMES[output["format"]["type"]],
    }


def _beta_item(item: Mapping[str, Any]) -> dict[str, Any]:
    if "content" not in item:
        return dict(item)
    parts = [part | {"type": _PARTS.get(part["type"], part["type"])} for part in item["content"]]
    return dict(item) | {"content": parts}


def _beta_modalities(modalities: list[str]) -> list[str]:
    return ["text", "audio"] if "audio" in modalities else ["text"]
