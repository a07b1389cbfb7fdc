"""The events and records of a chat over HTTP, which differ from those of a call (rest.md 4.2)."""

from collections.abc import Iterable

import pytest

from kouyu.conversation.chat_record import ChatRecord
from kouyu.conversation.client_tools import ClientTools
from kouyu.conversation.effects import Effect, SaveChat, SaveMessage
from kouyu.conversation.identity import Identity
from kouyu.domain.chats import Chat
from kouyu.domain.configuration import ChatConfig
from kouyu.domain.ids import IdFactory
from kouyu.domain.messages import Message
from kouyu.domain.tool_calls import Function, ToolCall, ToolOutput
from kouyu.recording.replaying import events_of

NOW = 5.0


def record(*, is_kept: bool = True) -> ChatRecord:
    return ChatRecord(
        "Where am I?",
        "text",
        chat_config=ChatConfig(user_id="ada", auto_save_history=is_kept),
        identity=Identity(ids=IdFactory(), bot_id="kouyu", epoch=1000.0),
    )


def sent(effects: Iterable[Effect]) -> list[tuple[str, object]]:
    """Each event with the status of its chat, or the content of its message."""
    shown: list[tuple[str, object]] = []
    for event in events_of(list(effects)):
        match event.data:
            case Chat(status=status):
                shown.append((event.event_type, status))
            case Message(content=content):
                shown.append((event.event_type, content))
    return shown


def saved(effects: Iterable[Effect]) -> list[str]:
    """What is saved, in order: the type of a message, the status of a chat."""
    records: list[str] = []
    for effect in effects:
        match effect:
            case SaveMessage(message):
                records.append(message.type)
            case SaveChat(chat):
                records.append(chat.status)
    return records


@pytest.mark.parametrize(("keep_question", "records"), [(True, ["question", "in_progress"]), (False, ["in_progress"])])
def test_a_chat_over_http_is_announced_without_its_question(keep_question: bool, records: list[str]) -> None:
    effects = list(record().begin_without_echo(NOW, keep_question=keep_question))
    assert sent(effects) == [
        ("conversation.chat.created", "created"),
        ("conversation.chat.in_progress", "in_progress"),
    ]
    assert saved(effects) == records
    chats = [event.data for event in events_of(effects)]
    assert {chat.created_at for chat in chats if isinstance(chat, Chat)} == {1005}


def test_without_history_nothing_of_a_chat_is_saved_and_everything_is_sent() -> None:
    unsaved = record(is_kept=False)
    effects = [*unsaved.begin_without_echo(NOW), *unsaved.messages.add_message("follow_up", "And where is Rome?", NOW)]
    assert saved(effects) == []
    assert len(sent(effects)) == 3


def test_a_stream_that_joins_a_running_chat_is_told_that_it_runs_and_nothing_is_saved_again() -> None:
    effects = list(record().show_progress())
    assert (sent(effects), saved(effects)) == ([("conversation.chat.in_progress", "in_progress")], [])


def test_the_calls_that_are_waited_for_are_those_without_output() -> None:
    calls = (ToolCall(id="1", function=Function("where_am_i", "{}")),)
    tools = ClientTools()
    tools.ask(calls)
    assert (tools.awaited, tools.are_awaited) == (calls, True)
    tools.submit((ToolOutput(tool_call_id="1", output="here"),))
    assert (tools.awaited, tools.are_awaited) == ((), False)
