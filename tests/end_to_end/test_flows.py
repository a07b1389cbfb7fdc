"""Flows and bots of Coze servers behind a voice."""

import pytest

from tests.end_to_end.conftest import AnsweringServer
from tests.end_to_end.conversing import talking
from tests.standins.coze_server import Answer, Fail, Tools

pytestmark = pytest.mark.models


async def test_a_flow_answers_a_client_that_names_no_bot(answering: AnsweringServer) -> None:
    async with talking(answering.server, workflow_id="orders") as talk:
        await talk.configure(
            chat_config={"user_id": "ada", "parameters": {"USER_INPUT": "nothing", "shop": "south"}},
            output_audio={"emotion_config": {"emotion": "happy"}},
        )
        answer = await talk.ask("where it is")
        assert answer == "You asked where it is in the south shop. This is Default, for ada, happy."
        assert len(talk.audio()) > 24_000
        created = next(event for event in talk.events if event.type == "conversation.chat.created")
        assert created.data["bot_id"] == "tools"


async def test_a_flow_answers_under_a_bot(answering: AnsweringServer) -> None:
    async with talking(answering.server, bot_id="seeing", workflow_id="orders") as talk:
        assert "in the north shop" in await talk.ask("hello")
        created = next(event for event in talk.events if event.type == "conversation.chat.created")
        assert created.data["bot_id"] == "seeing"


async def test_an_unknown_flow_is_an_error_that_names_the_known_ones(answering: AnsweringServer) -> None:
    async with talking(answering.server, workflow_id="nothing") as talk:
        error = await talk.until("error")
    assert error.data["code"] == 4200
    assert "known workflows: orders, broken" in error.data["msg"]


async def test_a_flow_that_throws_fails_its_chat_alone(answering: AnsweringServer) -> None:
    async with talking(answering.server, workflow_id="broken") as talk:
        for count in (1, 2):
            await talk.write("hello")
            failed = await talk.until("conversation.chat.failed", count=count)
            assert failed.data["last_error"]["msg"] == "Flow broken failed: ValueError"


async def test_a_bot_on_a_coze_server_answers_with_a_voice_here(answering: AnsweringServer) -> None:
    answering.coze.will(Answer("Good ", "morning."), Answer("Very well."))
    async with talking(answering.server, bot_id="coze") as talk:
        await talk.configure(chat_config={"user_id": "ada", "custom_variables": {"mood": "merry"}})
        assert await talk.ask_and_hear("hello") == "Good morning."
        assert await talk.ask("how are you") == "Very well."
        assert len(talk.audio()) > 24_000
        assert talk.events[-1].data["usage"]["token_count"] == 30
    body = answering.coze.requests[-1].body
    assert [each["content"] for each in body["additional_messages"]] == ["hello", "Good morning.", "how are you"]
    assert (body["user_id"], body["custom_variables"]) == ("ada", {"mood": "merry"})


async def test_tools_of_a_coze_bot_run_at_the_client(answering: AnsweringServer) -> None:
    answering.coze.will(Tools(("t1", "weather", "{}")), Answer("Sunny."))
    async with talking(answering.server, bot_id="coze") as talk:
        await talk.write("weather?")
        waiting = await talk.until("conversation.chat.requires_action")
        outputs = [{"tool_call_id": "t1", "output": "sun"}]
        submitted = {"chat_id": waiting.data["id"], "tool_outputs": outputs}
        await talk.client.send("conversation.chat.submit_tool_outputs", submitted)
        await talk.until("conversation.chat.completed")
        assert talk.answers() == ["Sunny."]
    assert answering.coze.requests[-1].body["tool_outputs"] == outputs


async def test_a_coze_chat_that_fails_is_reported_with_its_code(answering: AnsweringServer) -> None:
    answering.coze.will(Fail(4011, "balance too low"))
    async with talking(answering.server, bot_id="coze") as talk:
        await talk.write("hello")
        failed = await talk.until("conversation.chat.failed")
    assert failed.data["last_error"]["msg"] == "Coze bot 7: the chat failed (code 4011)"
