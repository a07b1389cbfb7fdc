"""Whatever JSON a client sends, it is read, or answered by one error; nothing else is raised."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kouyu.domain import events as core
from kouyu.domain.configuration import Configuration
from kouyu.protocol.openai.client_events import KNOWN_EVENTS
from kouyu.protocol.openai.realtime_wire import RealtimeWire
from kouyu.protocol.openai.session_settings import SessionSettings
from kouyu.protocol.wire import Answered, Reconfigure
from tests.conversation.random_users import tries
from tests.protocol.openai.wire_rules import Rules

NAMES = [
    *("type", "session", "item", "response", "item_id", "audio_end_ms", "content_index", "previous_item_id", "audio"),
    *("input", "output", "format", "rate", "turn_detection", "threshold", "idle_timeout_ms", "eagerness", "tools"),
    *("transcription", "noise_reduction", "voice", "speed", "tool_choice", "max_output_tokens", "output_modalities"),
    *("content", "role", "text", "transcript", "name", "arguments", "call_id", "id", "metadata", "modalities"),
    *("truncation", "temperature", "instructions", "input_audio_format", "input_audio_transcription", "parameters"),
]
VALUES = [
    *("realtime", "transcription", "message", "function_call", "function_call_output", "user", "assistant", "system"),
    *("input_text", "input_audio", "output_text", "server_vad", "semantic_vad", "audio/pcm", "pcm16", "auto", "none"),
    *("function", "inf", "root", "retention_ratio", "", "low"),
]
values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 50_000) | st.floats(allow_nan=False) | st.sampled_from(VALUES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)
client_events = st.builds(
    lambda kind, fields: {**fields, "type": kind},
    st.sampled_from([*KNOWN_EVENTS, "transcription_session.update"]) | values,
    st.dictionaries(st.sampled_from(NAMES), values, max_size=6),
)


@tries
@given(sent=st.lists(client_events | values, max_size=8), is_beta=st.booleans())
def test_any_json_is_read_or_refused(sent: list[Any], is_beta: bool) -> None:
    wire = RealtimeWire(SessionSettings(model="kouyu"), is_beta=is_beta)
    rules = Rules()

    def take(told: Any) -> None:
        text = wire.encoded(told)
        if not is_beta:
            rules.take(json.loads(text))

    def configure(update: Reconfigure) -> None:
        requested = update.read(Configuration(), lambda value: None)
        for told in wire.told(core.Configured(requested.configuration, requested.options)):
            take(told)

    configure(wire.opening())
    for event in sent:
        for read in wire.read(json.dumps(event)):
            match read:
                case Answered(told):
                    for one in told:
                        take(one)
                case Reconfigure():
                    configure(read)
                case _:
                    pass
