"""What is sent looks like the recorded sessions."""

import json
from typing import Any

import msgspec
import pytest

from kouyu.domain.chats import Chat, LastError, RequiredAction, SubmitToolOutputs, Usage
from kouyu.domain.messages import Message
from kouyu.domain.tool_calls import Function, ToolCall
from kouyu.protocol.coze.downlink import DownlinkEvent, Sentence, encode, error

LOG_ID = "021752474748819fdbddc030017070c0000000000000029f6daa2"
CHAT = Chat(id="1", conversation_id="2", bot_id="3", created_at=1752474749, status="created", section_id="2")


def sent(event: DownlinkEvent) -> dict[str, Any]:
    text = encode(event, event_id="e", log_id=LOG_ID, unix_ms=1752474749199)
    decoded = json.loads(text)
    assert isinstance(decoded, dict)
    return decoded


def test_an_event_without_data_has_no_data_key() -> None:
    text = encode(DownlinkEvent("chat.created"), event_id="e", log_id=LOG_ID, unix_ms=1752474748918)
    assert text == (
        f'{{"event_type":"chat.created","id":"e","detail":{{"logid":"{LOG_ID}","respond_at":"1752474748918"}}}}'
    )


def test_a_chat_is_byte_for_byte_like_the_recorded_one() -> None:
    recorded = (
        '{"event_type":"conversation.chat.created","id":"2b564ce7-d2f1-4696-9142-93ed39e759a1","data":{'
        '"id":"7526821559890198568","conversation_id":"7526821722323025972","bot_id":"7496347519799787557",'
        '"created_at":1752474749,"status":"created","usage":{"token_count":0,"output_count":0,"input_count":0},'
        '"section_id":"7526821722323025972"},'
        f'"detail":{{"logid":"{LOG_ID}","respond_at":"1752474749199"}}}}'
    )
    chat = Chat(
        id="7526821559890198568",
        conversation_id="7526821722323025972",
        bot_id="7496347519799787557",
        created_at=1752474749,
        status="created",
        section_id="7526821722323025972",
    )
    event = DownlinkEvent("conversation.chat.created", chat)
    event_id = "2b564ce7-d2f1-4696-9142-93ed39e759a1"
    assert encode(event, event_id=event_id, log_id=LOG_ID, unix_ms=1752474749199) == recorded


def test_a_message_is_byte_for_byte_like_the_recorded_one() -> None:
    recorded = (
        '{"event_type":"conversation.message.delta","id":"e","data":{'
        '"id":"7526821714748293172","conversation_id":"7526821722323025972","bot_id":"7496347519799787557",'
        '"role":"assistant","type":"answer","content":"是啊","content_type":"text",'
        '"chat_id":"7526821559890198568","section_id":"7526821722323025972"},'
        f'"detail":{{"logid":"{LOG_ID}","respond_at":"1752474749602"}}}}'
    )
    message = Message(
        id="7526821714748293172",
        conversation_id="7526821722323025972",
        bot_id="7496347519799787557",
        role="assistant",
        type="answer",
        content="是啊",
        content_type="text",
        chat_id="7526821559890198568",
        section_id="7526821722323025972",
    )
    event = DownlinkEvent("conversation.message.delta", message)
    assert encode(event, event_id="e", log_id=LOG_ID, unix_ms=1752474749602) == recorded


def test_a_completed_chat_has_completed_at_before_status() -> None:
    chat = msgspec.structs.replace(
        CHAT, status="completed", completed_at=5, usage=Usage(token_count=45, output_count=28, input_count=17)
    )
    data = sent(DownlinkEvent("conversation.chat.completed", chat))["data"]
    keys = ["id", "conversation_id", "bot_id", "created_at", "completed_at", "status", "usage", "section_id"]
    assert list(data) == keys
    assert data["usage"] == {"token_count": 45, "output_count": 28, "input_count": 17}


def test_a_failed_chat_says_why() -> None:
    chat = msgspec.structs.replace(CHAT, status="failed", failed_at=6, last_error=LastError(5000, "no model"))
    data = sent(DownlinkEvent("conversation.chat.failed", chat))["data"]
    assert (data["failed_at"], data["last_error"]) == (6, {"code": 5000, "msg": "no model"})


def test_a_chat_that_waits_lists_its_tool_calls() -> None:
    call = ToolCall(id="t1", function=Function("weather", '{"city":"成都"}'))
    action = RequiredAction(submit_tool_outputs=SubmitToolOutputs((call,)))
    chat = msgspec.structs.replace(CHAT, status="requires_action", required_action=action)
    data = sent(DownlinkEvent("conversation.chat.requires_action", chat))["data"]
    assert data["required_action"] == {
        "type": "submit_tool_outputs",
        "submit_tool_outputs": {
            "tool_calls": [
                {"id": "t1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"成都"}'}}
            ]
        },
    }


def test_the_time_of_the_answer_is_text() -> None:
    assert sent(DownlinkEvent("conversation.cleared"))["detail"]["respond_at"] == "1752474749199"


def test_raw_data_goes_out_as_it_is() -> None:
    assert sent(DownlinkEvent("chat.updated", msgspec.Raw(b'{"a":[1,2]}')))["data"] == {"a": [1, 2]}


@pytest.mark.parametrize("origin", [None, '{"event_type":5}'])
def test_an_error_says_its_text_under_both_names_and_quotes_its_cause(origin: str | None) -> None:
    event = sent(error(4000, "bad", origin))
    assert event["data"] == {"code": 4000, "msg": "bad", "message": "bad"}
    assert event["detail"].get("origin_message") == origin


def test_the_keys_of_the_envelope_come_in_the_recorded_order() -> None:
    event = sent(DownlinkEvent("conversation.audio.sentence_start", Sentence("你好")))
    assert list(event) == ["event_type", "id", "data", "detail"]
