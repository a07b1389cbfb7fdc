"""The messages of a dialogue as an agent's context."""

import base64
import json
from typing import Any

import pytest

from kouyu.agents.agent import ContextMessage
from kouyu.domain.errors import ProtocolError
from kouyu.domain.tool_calls import Function, ToolCall, ToolOutput
from kouyu.domain.tool_round import ToolRound
from kouyu.server.openai_api.chat_messages import Dialogue, Recording, dialogue_of

USER = {"role": "user", "content": "Is it warm in Oslo?"}
PICTURE = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n and so on").decode()
CALLING = {
    "role": "assistant",
    "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"at":"Oslo"}'}}],
}
OUTPUT = {"role": "tool", "tool_call_id": "call_1", "content": "cold"}
ROUND = ToolRound(
    calls=(ToolCall(id="call_1", function=Function("weather", '{"at":"Oslo"}')),),
    outputs=(ToolOutput(tool_call_id="call_1", output="cold"),),
)


def read(*messages: dict[str, Any]) -> Dialogue:
    return dialogue_of(messages, {"audio_1": "It is cold."}.get)


def test_system_messages_at_the_beginning_are_instructions_and_later_ones_stay_where_they_are() -> None:
    dialogue = read(
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        USER,
        {"role": "system", "content": "Now be long."},
        USER,
    )
    assert dialogue.instructions == "Be brief.\n\nBe kind."
    messages, _ = dialogue.context({})
    assert [message.role for message in messages] == ["user", "system", "user"]


def test_text_parts_are_one_text() -> None:
    parts = [{"type": "text", "text": "Is it"}, {"type": "text", "text": "warm?"}]
    messages, rounds = read({"role": "user", "content": parts}).context({})
    assert messages == (ContextMessage(role="user", content="Is it\nwarm?"),)
    assert rounds == ()


def test_pictures_and_files_are_parts_that_agents_read() -> None:
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "file", "file": {"file_id": "7"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"}},
    ]
    ((message,), _) = read({"role": "user", "content": parts}).context({})
    assert message.content_type == "object_string"
    assert json.loads(message.content) == [
        {"type": "text", "text": "What is this?"},
        {"type": "image", "file_url": PICTURE, "detail": "low"},
        {"type": "image", "file_url": "https://example.com/a.png"},
        {"type": "file", "file_id": "7"},
        {"type": "file", "file_url": "data:application/pdf;base64,AAAA"},
    ]


def test_a_recording_is_replaced_by_its_words() -> None:
    sound = {"type": "input_audio", "input_audio": {"data": base64.b64encode(b"RIFF").decode(), "format": "wav"}}
    dialogue = read({"role": "user", "content": [sound, {"type": "text", "text": "Answer in French."}]})
    place = "messages[0].content[0].input_audio.data"
    assert dialogue.recordings == (Recording(b"RIFF", place),)
    messages, _ = dialogue.context({place: "What color is the sky?"})
    assert messages[0].content == "What color is the sky?\nAnswer in French."


def test_tools_that_ran_since_the_question_are_its_rounds() -> None:
    messages, rounds = read(USER, CALLING, OUTPUT).context({})
    assert [message.content for message in messages] == ["Is it warm in Oslo?"]
    assert rounds == (ROUND,)


def test_tools_that_ran_before_it_stay_in_the_dialogue() -> None:
    messages, rounds = read(USER, CALLING, OUTPUT, {"role": "assistant", "content": "No."}, USER).context({})
    assert rounds == ()
    assert [message.tool_round for message in messages] == [None, ROUND, None, None]


def test_a_call_may_lack_its_output() -> None:
    _, rounds = read(USER, CALLING).context({})
    assert rounds == (ToolRound(calls=ROUND.calls, outputs=()),)


def test_a_spoken_answer_is_named_by_its_id() -> None:
    messages, _ = read(USER, {"role": "assistant", "audio": {"id": "audio_1"}}, USER).context({})
    assert messages[1] == ContextMessage(role="assistant", content="It is cold.")


@pytest.mark.parametrize(
    ("messages", "named"),
    [
        ([{"role": "robot", "content": "x"}], ["messages[0].role", "robot", "assistant"]),
        ([{"role": "user"}], ["messages[0].content"]),
        ([{"role": "user", "content": [{"type": "video"}]}], ["messages[0].content[0].type", "video", "input_audio"]),
        ([{"role": "user", "content": ["x"]}], ["messages[0].content[0]"]),
        (
            [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "?"}}]}],
            ["messages[0].content[0].input_audio.data", "base64"],
        ),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}],
            ["messages[0].content[0].image_url.url", "PNG, JPEG, GIF or WebP"],
        ),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "ftp://example.com/a.png"}}]}],
            ["messages[0].content[0].image_url.url", "https"],
        ),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PICTURE, "detail": "huge"}}]}],
            ["messages[0].content[0].image_url.detail", "huge", "auto, low, high"],
        ),
        (
            [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": PICTURE}}]}],
            ["messages[0].content", "text"],
        ),
        ([USER, OUTPUT], ["messages[1].tool_call_id", "call_1"]),
        ([USER, CALLING, {**OUTPUT, "tool_call_id": "other"}], ["messages[2].tool_call_id", "other"]),
        ([USER, {"role": "assistant", "tool_calls": [{"id": "a"}]}], ["messages[1].tool_calls[0]"]),
        ([USER, {"role": "assistant", "tool_calls": {"id": "a"}}], ["messages[1].tool_calls[0]"]),
        (
            [
                USER,
                {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "b", "arguments": {"c": 1}}}]},
            ],
            ["messages[1].tool_calls[0].function.arguments", "text"],
        ),
        ([USER, {"role": "assistant", "audio": {"id": "audio_2"}}], ["messages[1].audio.id", "audio_2", "transcript"]),
    ],
)
def test_a_message_that_cannot_be_read_is_told_by_its_place(messages: list[dict[str, Any]], named: list[str]) -> None:
    with pytest.raises(ProtocolError) as told:
        read(*messages)
    assert all(name in told.value.msg for name in named), told.value.msg
