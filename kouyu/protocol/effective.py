"""Derives the configuration in force, and its form in ``chat.updated`` (uplink.md; downlink.md 2.4).

Some fields have no effect with certain values of others. The requested value stays in the configuration, so that it
takes effect once the other field changes; this module computes the values that apply now.
"""

from typing import Any

import msgspec
from msgspec.structs import replace

from kouyu.protocol.configuration import AsrConfig, Configuration, InputAudio, OutputAudio, TurnDetection

G711_RATE = 8_000
"""Hz of g711 in both directions; other sample rates given with that codec are ignored (websocket.md 6.3)."""

_CONFIG_BLOCKS = {
    "pcm": "pcm_config",
    "g711a": "pcm_config",
    "g711u": "pcm_config",
    "opus": "opus_config",
    "mp3": "mp3_config",
}


def effective(asked: Configuration) -> Configuration:
    """The configuration in force. Idempotent."""
    return replace(
        asked,
        input_audio=effective_input(asked.input_audio),
        output_audio=effective_output(asked.output_audio),
        turn_detection=_turn_detection(asked.turn_detection),
        asr_config=effective_asr(asked.asr_config),
    )


def to_wire(asked: Configuration) -> msgspec.Raw:
    """The data of ``chat.updated``: the whole configuration in force, as a JSON object.

    Of the output blocks it has only that of the codec in use; fields without a value are left out, never null.
    """
    return as_wire(effective(asked))


def as_wire(configuration: msgspec.Struct) -> msgspec.Raw:
    """Encode a configuration in force, of any endpoint, as ``to_wire`` does."""
    data = _wire(configuration)
    if output := data.get("output_audio"):
        for block in set(_CONFIG_BLOCKS.values()) - {_CONFIG_BLOCKS[output["codec"]]}:
            del output[block]
    return msgspec.Raw(msgspec.json.encode(data))


def _wire(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_wire(item) for item in value]
    if not isinstance(value, msgspec.Struct):
        return value
    names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
    fields = {wire_name: getattr(value, name) for wire_name, name in names}
    return {name: _wire(field) for name, field in fields.items() if field is not None}


def effective_input(audio: InputAudio) -> InputAudio:
    """The input format in force."""
    if audio.format == "ogg":
        return replace(audio, codec="opus")
    return replace(audio, sample_rate=G711_RATE) if audio.codec in ("g711a", "g711u") else audio


def effective_output(audio: OutputAudio) -> OutputAudio:
    """The output format and voice in force."""
    if audio.codec not in ("g711a", "g711u"):
        return audio
    return replace(audio, pcm_config=replace(audio.pcm_config, sample_rate=G711_RATE))


def _turn_detection(detection: TurnDetection) -> TurnDetection:
    interrupt = detection.interrupt_config
    counts = interrupt is not None and interrupt.mode not in (None, "all") and interrupt.keywords
    return detection if counts else replace(detection, interrupt_config=None)


def effective_asr(asr: AsrConfig) -> AsrConfig:
    """The settings of speech recognition in force."""
    if asr.stream_mode == "output_no_stream":
        return asr
    return replace(asr, user_language="common", enable_emotion=False, enable_gender=False)
