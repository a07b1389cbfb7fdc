"""Tools over a real socket: at the client, and on MCP servers."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from kouyu.audio.wav import read_listening_audio
from tests.end_to_end.conftest import AnsweringServer
from tests.end_to_end.conversing import Talk, talking
from tests.fields.spoken import silence
from tests.standins.openai_server import Hang, Say, ToolCallScript, call_tools

pytestmark = pytest.mark.models

WEATHER = ToolCallScript("weather", '{"city": "Paris"}')
ADD = ToolCallScript("add", '{"a": 2, "b": 3}', id="sum")


async def asked_for_tools(talk: Talk) -> str:
    """The id of the chat that waits for the client."""
    await talk.write("What is the weather in Paris?")
    event = await talk.until("conversation.chat.requires_action")
    (call,) = event.data["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert (call["function"]["name"], call["function"]["arguments"]) == (WEATHER.name, WEATHER.arguments)
    return str(event.data["id"])


def completed_types(talk: Talk) -> list[str]:
    """The types of the messages that were told as completed."""
    return [event.data["type"] for event in talk.events if event.type == "conversation.message.completed"]


async def submit(talk: Talk, chat_id: str, output: str) -> None:
    outputs = [{"tool_call_id": WEATHER.id, "output": output}]
    await talk.client.send("conversation.chat.submit_tool_outputs", {"chat_id": chat_id, "tool_outputs": outputs})


async def test_the_clients_tool_runs_in_the_middle_of_a_chat(answering: AnsweringServer) -> None:
    answering.language_model.will(Say("Let me look.", tool_calls=(WEATHER,)), Say("It is sunny in Paris."))
    async with talking(answering.server) as talk:
        chat_id = await asked_for_tools(talk)
        await submit(talk, chat_id, "sunny")
        completed = await talk.until("conversation.chat.completed")
        assert completed.data["id"] == chat_id
        assert talk.answers() == ["Let me look. It is sunny in Paris."]
        spoken = [event.data["text"] for event in talk.events if event.type == "conversation.audio.sentence_start"]
        assert spoken == ["Let me look.", "It is sunny in Paris."]
        chats = {event.data["chat_id"] for event in talk.events if event.type == "conversation.message.delta"}
        assert chats == {chat_id}
        assert completed_types(talk) == ["question", "answer", "function_call", "tool_response", "verbose"]
        answering.language_model.will(Say("You are welcome."))
        await talk.ask("Thanks.")
        _, *told = answering.language_model.requests[-1].messages
        assert [message["role"] for message in told] == ["user", "assistant", "tool", "assistant", "user"]
        assert (told[2]["tool_call_id"], told[2]["content"]) == (WEATHER.id, "sunny")


async def test_a_client_that_gives_no_outputs_fails_the_chat(answering: AnsweringServer) -> None:
    answering.language_model.will(call_tools(WEATHER))
    async with talking(answering.server) as talk:
        chat_id = await asked_for_tools(talk)
        failed = await talk.until("conversation.chat.failed")
        assert failed.data["id"] == chat_id
        assert "did not submit its tools' outputs within 2 s" in failed.data["last_error"]["msg"]
        answering.language_model.will(Say("Still here."))
        assert await talk.ask("hello") == "Still here."


async def test_a_chat_that_waits_for_the_client_can_be_cancelled(answering: AnsweringServer) -> None:
    answering.language_model.will(call_tools(WEATHER))
    async with talking(answering.server) as talk:
        chat_id = await asked_for_tools(talk)
        await talk.client.send("conversation.chat.cancel")
        assert (await talk.until("conversation.chat.canceled")).data["code"] == 2
        await submit(talk, chat_id, "sunny")
        answering.language_model.will(Say("Still here."))
        assert await talk.ask("hello") == "Still here."
        assert "error" not in talk.types
        _, *told = answering.language_model.requests[-1].messages
        assert [message["role"] for message in told] == ["user", "assistant", "tool", "assistant", "user"]
        assert told[2]["content"].startswith("No result")


async def test_outputs_are_known_though_the_chat_was_cancelled_before_its_answer_was_heard(
    answering: AnsweringServer,
) -> None:
    answering.language_model.will(call_tools(WEATHER), Hang())
    async with talking(answering.server) as talk:
        chat_id = await asked_for_tools(talk)
        asked_before = len(answering.language_model.requests)
        await submit(talk, chat_id, "1. Hotel Alfa 90 euro; 2. Hotel Beta 120 euro")
        async with asyncio.timeout(10):
            while len(answering.language_model.requests) == asked_before:  # noqa: ASYNC110 - another thread's
                await asyncio.sleep(0.01)
        await talk.client.send("conversation.chat.cancel")
        await talk.until("conversation.chat.canceled")
        answering.language_model.will(Say("The first."))
        await talk.ask("Which is cheaper?")
        tool = answering.language_model.requests[-1].messages[3]
        assert tool["content"] == "1. Hotel Alfa 90 euro; 2. Hotel Beta 120 euro"
        assert completed_types(talk)[:3] == ["question", "function_call", "tool_response"]


async def test_tools_of_an_mcp_server_run_on_the_server(answering: AnsweringServer) -> None:
    answering.language_model.will(call_tools(ADD), Say("It is five."))
    before = len(answering.tools_called())
    async with talking(answering.server) as talk:
        assert await talk.ask("What is two and three?") == "It is five."
        assert "conversation.chat.requires_action" not in talk.types
        assert completed_types(talk) == ["question", "function_call", "tool_response", "answer", "verbose"]
        assert answering.tools_called()[before:] == ["add"]
        during = answering.language_model.requests[-1].messages
        assert during[-1]["content"] == "The sum is 5."
        await talk.ask("Really?")
        assert answering.language_model.requests[-1].messages[: len(during)] == during


async def test_tools_of_both_kinds_may_be_called_at_once(answering: AnsweringServer) -> None:
    answering.language_model.will(call_tools(ADD, WEATHER), Say("Five, and sunny."))
    async with talking(answering.server) as talk:
        await submit(talk, await asked_for_tools(talk), "sunny")
        await talk.until("conversation.chat.completed")
        assert talk.answers() == ["Five, and sunny."]
    outputs = [m["content"] for m in answering.language_model.requests[-1].messages if m["role"] == "tool"]
    assert outputs == ["The sum is 5.", "sunny"]


async def test_a_spoken_question_has_its_tools_run_once_and_after_the_turn(
    answering: AnsweringServer, questions: Path
) -> None:
    model = answering.language_model
    model.will(call_tools(ADD))
    called_before, asked_before = len(answering.tools_called()), len(model.requests)
    samples = read_listening_audio(questions / "en-capital.wav")
    async with talking(answering.server) as talk, talking(answering.server) as another:
        await talk.configure(turn_detection={"type": "server_vad", "silence_duration_ms": 1500})
        # Silence enough to prepare an answer, and not to end the turn.
        await talk.speak(np.concatenate([samples, silence(0.8)]), faster=4)
        async with asyncio.timeout(20):
            while not [request for request in model.requests[asked_before:] if request.answered]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        # The call that was asked for then would have come before one that another chat asks for now.
        model.will(call_tools(ToolCallScript("fail", "{}")), Say("It failed."), Say("It is five."))
        assert await another.ask("Does it fail?") == "It failed."
        assert answering.tools_called()[called_before:] == ["fail"]
        await talk.speak(silence(1.5), faster=4)
        await talk.until("conversation.chat.completed")
        assert talk.answers() == ["It is five."]
    assert answering.tools_called()[called_before:] == ["fail", "add"]
