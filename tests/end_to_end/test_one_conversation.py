"""A conversation is one thing: what is said in it aloud and in writing is seen, and known, on both sides."""

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cozepy import (
    ChatEventType,
    Coze,
    Message,
    MessageContentType,
    MessageObjectString,
    MessageRole,
    SyncHTTPClient,
    TokenAuth,
)

from kouyu.audio.wav import read_listening_audio
from tests.end_to_end import openai_talk
from tests.end_to_end.conftest import AnsweringServer
from tests.end_to_end.conversing import Talk, talking
from tests.end_to_end.running_server import RunningServer
from tests.standins.coze_server import Answer
from tests.standins.openai_server import OpenAIStandIn, Say, ToolCallScript, call_tools

pytestmark = pytest.mark.models


async def in_writing(server: RunningServer, ask: Callable[[Coze], Any]) -> Any:
    """What cozepy gives, on a thread since it blocks."""
    with SyncHTTPClient(trust_env=False) as http:
        return await asyncio.to_thread(ask, Coze(TokenAuth(server.token), base_url=server.http, http_client=http))


async def ask_in_writing(server: RunningServer, question: Message, **where: Any) -> list[Any]:
    """All events of a chat in writing."""
    asked = {"bot_id": server.bots[0], "user_id": "ada", "additional_messages": [question], **where}
    events: list[Any] = await in_writing(server, lambda coze: list(coze.chat.stream(**asked)))
    return events


def told(language_model: OpenAIStandIn) -> list[tuple[str, str]]:
    """What the model was told last, without the system's prompt."""
    return [(m["role"], m["content"].strip()) for m in language_model.requests[-1].messages if m["role"] != "system"]


def conversation_of(talk: Talk) -> str:
    """The id of the conversation that is talked in."""
    return str(next(e.data["conversation_id"] for e in talk.events if e.type == "conversation.chat.created"))


def text(content: str) -> Message:
    return Message.build_user_question_text(content)


async def say(talk: Talk, file: Path) -> None:
    """A spoken question, in push to talk, and its whole answer."""
    await talk.configure(turn_detection={"type": "client_interrupt"})
    count = talk.types.count("conversation.chat.completed") + 1
    await talk.speak(read_listening_audio(file), faster=10)
    await talk.client.send("input_audio_buffer.complete")
    await talk.until("conversation.chat.completed", count=count)


async def test_what_began_aloud_continues_in_writing_and_is_known_aloud_again(
    scripted_server: RunningServer, language_model: OpenAIStandIn, questions: Path
) -> None:
    language_model.will(Say("Paris."), Say("About two million."), Say("The Seine."))
    async with talking(scripted_server) as talk:
        await say(talk, questions / "en-capital.wav")
        conversation_id = conversation_of(talk)
        (spoken, *_) = told(language_model)
        assert "capital" in spoken[1]
        await talk.until_silent()
        await ask_in_writing(scripted_server, text("How many live there?"), conversation_id=conversation_id)
        assert told(language_model) == [spoken, ("assistant", "Paris."), ("user", "How many live there?")]
        await talk.ask("And which river?")
        assert told(language_model)[2:] == [
            ("user", "How many live there?"),
            ("assistant", "About two million."),
            ("user", "And which river?"),
        ]
    listed = await in_writing(
        scripted_server,
        lambda coze: [
            m.content for m in coze.conversations.messages.list(conversation_id=conversation_id, order="asc")
        ],
    )
    assert listed[1:] == ["Paris.", "How many live there?", "About two million.", "And which river?", "The Seine."]


async def test_an_answer_that_was_sent_whole_is_known_whole_after_a_client_that_hung_up_at_once(
    scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    language_model.will(Say("The capital of France is Paris."), Say("The Seine."))
    async with talking(scripted_server) as talk:
        await talk.ask("What is the capital?")
        where = {"conversation_id": conversation_of(talk)}
    await ask_in_writing(scripted_server, text("And the river?"), **where)
    assert ("assistant", "The capital of France is Paris.") in told(language_model)


@pytest.mark.parametrize("subscribed", [[], ["conversation.message.completed", "conversation.chat.completed"]])
async def test_question_after_question_no_answer_is_missing_though_it_still_sounds_or_never_did(
    scripted_server: RunningServer, language_model: OpenAIStandIn, subscribed: list[str]
) -> None:
    said = "The capital of France is Paris. It lies on the Seine. Two million people live there."
    language_model.will(Say(said), Say("You are welcome."))
    async with talking(scripted_server) as talk:
        await talk.configure(event_subscriptions=subscribed)
        await talk.ask("What is the capital?")
        await talk.ask("Thanks.")
        assert ("assistant", said) in told(language_model)
        assert ("conversation.audio.delta" in talk.types) is (not subscribed)
        listed = [event.data["content"] for event in talk.events if event.type == "conversation.message.completed"]
        assert said in listed


async def test_what_began_in_writing_continues_aloud(
    scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    made = await in_writing(
        scripted_server,
        lambda coze: coze.conversations.create(bot_id=scripted_server.bots[0], messages=[text("I am Ada.")]),
    )
    where = {"conversation_id": made.id}
    async with talking(scripted_server) as talk:
        await talk.configure(chat_config=where)
        language_model.will(Say("Ada."))
        await talk.ask_and_hear("Who am I?")
        assert told(language_model) == [("user", "I am Ada.\nWho am I?")]
        added = {"role": MessageRole.USER, "content": "I like red.", "content_type": MessageContentType.TEXT}
        await in_writing(scripted_server, lambda coze: coze.conversations.messages.create(**where, **added))
        language_model.will(Say("Red."))
        await talk.ask_and_hear("What do I like?")
        assert told(language_model)[-1] == ("user", "I like red.\nWhat do I like?")
        language_model.will(Say("Ada, and red."))
        events = await ask_in_writing(scripted_server, text("All of it?"), **where)
        assert events[-1].event == ChatEventType.CONVERSATION_CHAT_COMPLETED
        assert [role for role, _ in told(language_model)] == ["user", "assistant", "user", "assistant", "user"]
        section = await in_writing(scripted_server, lambda coze: coze.conversations.clear(**where))
        await talk.ask("Who am I now?")
        assert told(language_model) == [("user", "Who am I now?")]
        last = [event for event in talk.events if event.type == "conversation.chat.created"][-1]
        assert last.data["section_id"] == section.id


async def test_a_recording_is_heard_and_answered_aloud_as_well(
    scripted_server: RunningServer, language_model: OpenAIStandIn, questions: Path
) -> None:
    language_model.will(Say("Paris. It lies on the Seine."))
    sound = (questions / "en-capital.wav").read_bytes()
    recording = await in_writing(scripted_server, lambda coze: coze.files.upload(file=("question.wav", sound)))
    question = Message.build_user_question_objects([MessageObjectString.build_audio(file_id=recording.id)])
    events = await ask_in_writing(scripted_server, question)
    assert "capital" in told(language_model)[0][1]
    audio = b"".join(
        base64.b64decode(each.message.content)
        for each in events
        if each.event == ChatEventType.CONVERSATION_AUDIO_DELTA
    )
    assert 1.0 < len(audio) / 48_000 < 10.0
    assert len(audio) % 2 == 0
    assert max(abs(sample) for sample in memoryview(audio).cast("h")) > 1000


async def test_a_recording_in_a_typed_message_is_heard_in_a_voice_session_too(
    scripted_server: RunningServer, language_model: OpenAIStandIn, questions: Path
) -> None:
    sound = (questions / "en-capital.wav").read_bytes()
    recording = await in_writing(scripted_server, lambda coze: coze.files.upload(file=("question.wav", sound)))
    content = f'[{{"type": "audio", "file_id": "{recording.id}"}}]'
    async with talking(scripted_server) as talk:
        message = {"role": "user", "content_type": "object_string", "content": content}
        await talk.client.send("conversation.message.create", message)
        await talk.until("conversation.chat.completed")
    assert "capital" in told(language_model)[0][1]


async def test_tools_of_an_mcp_server_run_and_are_shown(answering: AnsweringServer) -> None:
    answering.language_model.will(call_tools(ToolCallScript("add", '{"a": 2, "b": 3}', id="sum")), Say("It is five."))
    before = len(answering.tools_called())
    events = await ask_in_writing(answering.server, text("What is two and three?"))
    completed = [e.message for e in events if e.event == ChatEventType.CONVERSATION_MESSAGE_COMPLETED]
    assert [each.type.value for each in completed] == ["function_call", "tool_response", "answer", "verbose"]
    assert completed[1].content == "The sum is 5."
    assert answering.tools_called()[before:] == ["add"]


async def test_a_coze_bot_and_a_document_answer_in_writing_too(answering: AnsweringServer) -> None:
    notes = await in_writing(answering.server, lambda coze: coze.files.upload(file=("notes.md", b"# The code is 1234")))
    parts = [MessageObjectString.build_text("What is the code?"), MessageObjectString.build_file(file_id=notes.id)]
    answering.language_model.will(Say("1234."))
    await ask_in_writing(answering.server, Message.build_user_question_objects(parts))
    assert "The code is 1234" in answering.language_model.requests[-1].messages[-1]["content"]
    answering.coze.will(Answer("Hello ", "Ada."))
    events = await ask_in_writing(answering.server, text("Hello"), bot_id="coze")
    answers = [e.message.content for e in events if e.event == ChatEventType.CONVERSATION_MESSAGE_COMPLETED]
    assert answers[0] == "Hello Ada."
    assert events[-1].event == ChatEventType.CONVERSATION_CHAT_COMPLETED


async def test_a_conversation_goes_on_from_one_protocol_to_the_other(answering: AnsweringServer) -> None:
    server, model = answering.server, answering.language_model
    model.will(Say("Hello Ada."), Say("Ada."), Say("Ada again."))
    asked = await ask_in_writing(server, text("I am Ada."))
    begun = next(event.chat.conversation_id for event in asked if event.chat is not None)
    client = openai_talk.client_of(server)
    for conversation_id in (begun, f"conv_{begun}"):
        there = {"conversation_id": conversation_id, "user_id": "ada"}
        async with openai_talk.talking(client, model=server.bots[0], extra_query=there) as talk:
            created = await talk.until("conversation.created")
            assert created.conversation.id == f"conv_{begun}"
            await talk.write("Who am I?")
            await talk.answer()
    assert told(model) == [
        ("user", "I am Ada."),
        ("assistant", "Hello Ada."),
        ("user", "Who am I?"),
        ("assistant", "Ada."),
        ("user", "Who am I?"),
    ]


@pytest.mark.parametrize("there", [{"conversation_id": "123"}, {"user_id": "eve"}])
async def test_openai_s_protocol_goes_on_with_no_other_user_s_conversation(
    answering: AnsweringServer, there: dict[str, str]
) -> None:
    answering.language_model.will(Say("Hello Ada."))
    asked = await ask_in_writing(answering.server, text("I am Ada."))
    begun = next(event.chat.conversation_id for event in asked if event.chat is not None)
    client = openai_talk.client_of(answering.server)
    async with openai_talk.talking(client, extra_query={"conversation_id": begun, **there}) as talk:
        assert (await talk.until("conversation.created")).conversation.id not in (f"conv_{begun}", "conv_123")
