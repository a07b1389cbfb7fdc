"""Derives the configuration in force (uplink.md).

Some fields have no effect with certain values of others. The requested value stays in the configuration, so that it
takes effect once the other field changes; this module computes the values that apply now.
"""

from msgspec.structs import replace

from kouyu.domain.configuration import Configuration, InputAudio, OutputAudio, TurnDetection

G711_RATE = 8_000
"""Hz of g711 in both directions; other sample rates given with that codec are ignored (websocket.md 6.3)."""


def effective(asked: Configuration) -> Configuration:
    """The configuration in force. Idempotent."""
    return replace(
        asked,
        input_audio=effective_input(asked.input_audio),
        output_audio=effective_output(asked.output_audio),
        turn_detection=_turn_detection(asked.turn_detection),
    )


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
