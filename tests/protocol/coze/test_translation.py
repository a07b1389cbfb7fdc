"""Each event of the domain is one of Coze's or none, and each of Coze's tells of one of the domain."""

from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from kouyu.domain.chats import Chat
from kouyu.domain.configuration import Configuration
from kouyu.domain.events import (
    AnswerCut,
    ChatCancelled,
    Event,
    IdleTimedOut,
    MessageCompleted,
    MessageRemoved,
    MessageWritten,
    OutputInterrupted,
    RequestRefused,
    Resumed,
    SectionCleared,
    SpeechCompleted,
    SpeechDelta,
    SpeechDropped,
    SpeechPaused,
)
from kouyu.domain.messages import Message
from kouyu.domain.requests import (
    Announce,
    CancelOutput,
    ClearBuffer,
    CompleteBuffer,
    Request,
    StartSection,
    SubmitOutputs,
    UnknownRequest,
    WriteMessage,
)
from kouyu.domain.tool_calls import ToolOutput
from kouyu.domain.transcripts import Transcript
from kouyu.protocol.coze.downlink import Cancellation, DownlinkEvent, DownlinkType, error
from kouyu.protocol.coze.translation import downlink_of, request_of
from kouyu.protocol.coze.uplink import UplinkEvent, parse

MESSAGE = Message(
    id="1",
    conversation_id="2",
    bot_id="b",
    role="assistant",
    type="answer",
    content="",
    content_type="text",
    chat_id="3",
    section_id="2",
)
CHAT = Chat(id="3", conversation_id="2", bot_id="b", created_at=5, status="created", section_id="2")
FIELDS: dict[Any, Any] = {
    Message: MESSAGE,
    Chat: CHAT,
    Configuration: Configuration(),
    Transcript: Transcript("Hm?"),
    str: "text",
    int: 7,
    float: 20.0,
    bytes: b"\x01\x02",
}
UNTOLD = {AnswerCut, ChatCancelled, IdleTimedOut, MessageRemoved, MessageWritten, Resumed, SpeechDropped, SpeechPaused}


def example(kind: Any) -> Event:
    """An event of this kind with all that it must have."""
    if kind is OutputInterrupted:
        return OutputInterrupted("speech")
    hints = get_type_hints(kind)
    needed = {field.name: FIELDS[hints[field.name]] for field in msgspec.structs.fields(kind) if field.required}
    event: Event = kind(**needed)
    return event


def test_every_event_of_coze_tells_of_one_event() -> None:
    told = {kind: downlink_of(example(kind)) for kind in get_args(Event)}
    assert {kind for kind, downlink in told.items() if downlink is None} == UNTOLD
    types = [downlink.event_type for downlink in told.values() if downlink is not None]
    assert sorted(types) == sorted(get_args(DownlinkType))


def test_audio_is_base64_in_a_message_of_its_own_content_type() -> None:
    delta, completed = (
        downlink_of(event) for event in (SpeechDelta(MESSAGE, b"\x01\x02", 0.1), SpeechCompleted(MESSAGE))
    )
    audio = msgspec.structs.replace(MESSAGE, content_type="audio")
    assert delta == DownlinkEvent("conversation.audio.delta", msgspec.structs.replace(audio, content="AQI="))
    assert completed == DownlinkEvent("conversation.audio.completed", audio)


def test_a_message_is_sent_as_it_is() -> None:
    question = msgspec.structs.replace(MESSAGE, role="user", type="question", content="Hm?", meta_data={"a": "b"})
    assert downlink_of(MessageCompleted(question, "call")) == DownlinkEvent("conversation.message.completed", question)
    assert downlink_of(SectionCleared()) == DownlinkEvent("conversation.cleared")


@pytest.mark.parametrize(("reason", "code"), [("speech", 1), ("client", 2), ("content", 3)])
def test_an_interruption_has_the_code_of_its_reason(reason: Any, code: int) -> None:
    downlink = downlink_of(OutputInterrupted(reason))
    assert downlink is not None
    assert downlink.event_type == "conversation.chat.canceled"
    assert isinstance(downlink.data, Cancellation)
    assert (downlink.data.code, bool(downlink.data.msg)) == (code, True)


def test_a_refusal_quotes_the_message_that_caused_it() -> None:
    assert downlink_of(RequestRefused(4000, "no", "data.x", "the message")) == error(4000, "no", "the message")


@pytest.mark.parametrize(
    ("event", "request_made"),
    [
        ('{"event_type": "input_audio_buffer.complete"}', CompleteBuffer()),
        ('{"event_type": "input_audio_buffer.clear"}', ClearBuffer()),
        ('{"event_type": "conversation.clear"}', StartSection()),
        ('{"event_type": "conversation.chat.cancel"}', CancelOutput()),
        ('{"event_type": "input_text.generate_audio", "data": {"mode": "text", "text": "Hi."}}', Announce("Hi.")),
        (
            '{"event_type": "conversation.message.create", "data": '
            '{"role": "user", "content_type": "text", "content": "Hm?"}}',
            WriteMessage(role="user", content="Hm?"),
        ),
        (
            '{"event_type": "conversation.message.create", "data": {"role": "assistant", '
            '"content_type": "object_string", "content": "[{\\"type\\":\\"text\\",\\"text\\":\\"a\\"}]"}}',
            WriteMessage(
                role="assistant", content='[{"type":"text","text":"a"}]', content_type="object_string", answer=False
            ),
        ),
        (
            '{"event_type": "conversation.chat.submit_tool_outputs", "data": '
            '{"chat_id": "3", "tool_outputs": [{"tool_call_id": "c", "output": "o"}]}}',
            SubmitOutputs(chat_id="3", outputs=(ToolOutput(tool_call_id="c", output="o"),), origin="origin"),
        ),
        ('{"event_type": "conversation.cler"}', UnknownRequest("conversation.cler", "conversation.clear")),
        ('{"event_type": "ping"}', UnknownRequest("ping", "")),
    ],
    ids=lambda value: value.split('"')[3] if isinstance(value, str) else "",
)
def test_what_a_client_sends_is_a_request(event: str, request_made: Request) -> None:
    uplink: UplinkEvent = parse(event)
    assert request_of(uplink, "origin") == request_made  # type: ignore[arg-type]
