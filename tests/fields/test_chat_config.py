"""data.chat_config: what the model is told, and what is kept. The model is a stand-in that keeps what it is asked."""

import json

import httpx
import pytest

from tests.end_to_end.conversing import Talk, talking
from tests.end_to_end.running_server import RunningServer
from tests.fields.spoken import refusal, written
from tests.standins.openai_server import OpenAIStandIn

pytestmark = pytest.mark.models


def told(language_model: OpenAIStandIn) -> list[tuple[str, str]]:
    """What the model was told last, without the system's prompt."""
    return [(m["role"], m["content"].strip()) for m in language_model.requests[-1].messages if m["role"] != "system"]


def prompt(language_model: OpenAIStandIn) -> str:
    """The system's prompt of the last request."""
    return str(language_model.requests[-1].messages[0]["content"])


def conversation_of(talk: Talk) -> str:
    return str(next(e.data["conversation_id"] for e in talk.events if e.type == "conversation.chat.created"))


async def viewed(server: RunningServer, conversation_id: str) -> list[tuple[str, str, dict[str, str]]]:
    """The messages of a conversation as a client views them: role, content and meta_data."""
    async with httpx.AsyncClient(base_url=server.http, headers={"Authorization": f"Bearer {server.token}"}) as http:
        answer = await http.post(
            "/v1/conversation/message/list", params={"conversation_id": conversation_id}, json={"order": "asc"}
        )
    return [(one["role"], one["content"].strip(), one["meta_data"]) for one in answer.json()["data"]]


async def test_chat_config(scripted_server: RunningServer, language_model: OpenAIStandIn) -> None:
    """Merged key by key, maps as a whole; the next chat is asked with it."""
    async with talking(scripted_server) as talk:
        await talk.configure(chat_config={"custom_variables": {"mood": "merry"}, "meta_data": {"a": "1"}})
        updated = await talk.configure(chat_config={"meta_data": {"b": "2"}})
        assert updated.data["chat_config"]["custom_variables"] == {"mood": "merry"}
        assert updated.data["chat_config"]["meta_data"] == {"b": "2"}
        await talk.ask("hello")
    assert prompt(language_model).startswith("You are merry.")


async def test_meta_data(scripted_server: RunningServer) -> None:
    """Comes back in the chat and its messages, and when they are viewed later."""
    meta_data = {"order": "4711", "客户": "张三"}
    async with talking(scripted_server) as talk:
        await talk.configure(chat_config={"meta_data": meta_data})
        await talk.ask("hello")
        carrying = [event.data["meta_data"] for event in talk.events if event.type.split(".")[1] in ("message", "chat")]
        assert len(carrying) > 5
        assert all(carried == meta_data for carried in carrying)
        messages = await viewed(scripted_server, conversation_of(talk))
        assert messages == [("user", "hello", meta_data), ("assistant", "hello", meta_data)]
        for wrong in (
            {str(number): "x" for number in range(17)},
            {"k" * 65: "x"},
            {"key": "x" * 513},
            {"": "x"},
            {"key": ""},
            {"key": ["x"]},
        ):
            assert "data.chat_config.meta_data" in await refusal(talk, chat_config={"meta_data": wrong})
        updated = await talk.configure(chat_config={"meta_data": {"n": 1, "flag": True}})
        assert updated.data["chat_config"]["meta_data"] == {"n": "1", "flag": "true"}


async def test_custom_variables(scripted_server: RunningServer, language_model: OpenAIStandIn) -> None:
    """Fill the variables of the bot's prompt; what they hold is never run as a template."""
    async with talking(scripted_server) as talk:
        await talk.ask("one")
        assert prompt(language_model).startswith("You are calm.")
        await talk.configure(chat_config={"custom_variables": {"mood": "brave {{ 1 + 1 }}"}})
        await talk.ask("two")
        assert prompt(language_model).startswith("You are brave {{ 1 + 1 }}.")
        for wrong in ({"mood-2": "x"}, {"名": "x"}, {"mood": [1]}):
            assert "data.chat_config.custom_variables" in await refusal(talk, chat_config={"custom_variables": wrong})
        await talk.configure(chat_config={"custom_variables": {"mood": 7, "mood2": "x"}})
        await talk.ask("three")
        assert prompt(language_model).startswith("You are 7.")


async def test_extra_params(scripted_server: RunningServer, language_model: OpenAIStandIn) -> None:
    """The model is told where the user is."""
    async with talking(scripted_server) as talk:
        position = {"latitude": "39.9800718", "longitude": "116.309314"}
        await talk.configure(chat_config={"extra_params": position})
        await talk.ask("What is the weather here?")
        assert "39.980072" in prompt(language_model)
        assert "116.309314" in prompt(language_model)
        for wrong in ({"latitude": "91"}, {"longitude": "east"}, {"city": ["x"]}):
            assert "data.chat_config.extra_params" in await refusal(talk, chat_config={"extra_params": wrong})
        await talk.configure(chat_config={"extra_params": {"latitude": 39.5, "longitude": 116, "altitude": "3"}})
        await talk.ask("And here?")
        assert "39.500000" in prompt(language_model)


async def test_user_id(scripted_server: RunningServer, language_model: OpenAIStandIn) -> None:
    """In one conversation each user's chats are context for that user alone; a user's own is closed to others.
    What nobody in particular said is context for all."""
    async with talking(scripted_server) as talk:
        await talk.ask_and_hear("It is Monday")
        shared = conversation_of(talk)
    known = [("user", "It is Monday"), ("assistant", "It is Monday")]
    for user_id, question, context in (
        ("anna", "I am Anna", []),
        ("ben", "I am Ben", []),
        ("anna", "And I?", [("user", "I am Anna"), ("assistant", "I am Anna")]),
    ):
        async with talking(scripted_server) as talk:
            await talk.configure(chat_config={"user_id": user_id, "conversation_id": shared})
            await talk.ask_and_hear(question)
            assert conversation_of(talk) == shared
        assert told(language_model) == [*known, *context, ("user", question)]
    async with talking(scripted_server) as talk:
        await talk.configure(chat_config={"user_id": "anna"})
        await talk.ask("A secret of Anna's")
        own = conversation_of(talk)
    async with talking(scripted_server) as talk:
        named = {"user_id": "ben", "conversation_id": own}
        updated = await talk.configure(chat_config=named)
        assert updated.data["chat_config"]["conversation_id"] != own
        await talk.ask("What is the secret?")
        assert told(language_model) == [("user", "What is the secret?")]
        assert "error" not in talk.types
    async with talking(scripted_server) as talk:
        updated = await talk.configure(chat_config={**named, "user_id": "anna"})
        assert updated.data["chat_config"]["conversation_id"] == own
    async with talking(scripted_server) as talk:
        await talk.configure(chat_config={"user_id": "anna"})
        await talk.ask("I am Anna")
        updated = await talk.configure(chat_config={"user_id": "ben"})
        await talk.ask("I am Ben")
        assert told(language_model) == [("user", "I am Ben")]
        of_ben = updated.data["chat_config"]["conversation_id"]
        begun = [event.data["conversation_id"] for event in talk.events if event.type == "conversation.chat.created"]
        assert (begun[-1], len(set(begun))) == (of_ben, 2)
    async with talking(scripted_server) as talk:
        await talk.configure(chat_config={"user_id": "ben", "conversation_id": of_ben})
        await talk.ask("And I?")
        assert told(language_model)[0] == ("user", "I am Ben")


async def test_conversation_id(scripted_server: RunningServer, language_model: OpenAIStandIn) -> None:
    """A new conversation unless one is named; the named one's messages are the model's context. For one that is not
    here a new one is begun, once, and there is no error."""
    async with talking(scripted_server) as talk:
        own = (await talk.configure()).data["chat_config"]["conversation_id"]
        await talk.ask_and_hear("first")
        assert conversation_of(talk) == own
    async with talking(scripted_server) as talk:
        await talk.configure(chat_config={"conversation_id": own})
        await talk.ask("second")
        assert conversation_of(talk) == own
        assert told(language_model) == [("user", "first"), ("assistant", "first"), ("user", "second")]
        unknown = {"conversation_id": "7426720361733144585"}
        begun = (await talk.configure(chat_config=unknown)).data["chat_config"]["conversation_id"]
        assert begun not in (own, unknown["conversation_id"])
        await talk.ask_and_hear("third")
        assert told(language_model) == [("user", "third")]
        assert (await talk.configure(chat_config=unknown)).data["chat_config"]["conversation_id"] == begun
        await talk.ask("fourth")
        assert told(language_model) == [("user", "third"), ("assistant", "third"), ("user", "fourth")]
        assert "error" not in talk.types
    async with talking(scripted_server) as talk:
        await talk.ask("fifth")
        assert conversation_of(talk) not in (own, begun)
    assert told(language_model) == [("user", "fifth")]


async def test_auto_save_history(scripted_server: RunningServer, language_model: OpenAIStandIn) -> None:
    """Nothing of a chat that is not to be saved can be seen afterwards, and it is no context."""
    async with talking(scripted_server) as talk:
        await talk.configure(chat_config={"auto_save_history": False})
        await talk.ask_and_hear("a secret")
        await talk.configure(chat_config={"auto_save_history": True})
        await talk.ask_and_hear("no secret")
        assert told(language_model) == [("user", "no secret")]
        messages = await viewed(scripted_server, conversation_of(talk))
    assert [text for _, text, _ in messages] == ["no secret", "no secret"]


async def test_parameters(measuring_server: RunningServer) -> None:
    """Reach the flow over its own defaults; USER_INPUT comes from the message whatever is said here."""
    async with talking(measuring_server, workflow_id="told") as talk:
        default = json.loads(await written(talk, "hello"))
        parameters = {"city": "Paris", "nested": {"numbers": [1, 2.5, None, True]}, "USER_INPUT": "nonsense"}
        updated = await talk.configure(chat_config={"parameters": parameters})
        assert updated.data["chat_config"]["parameters"] == parameters
        changed = json.loads(await written(talk, "hello again"))
        assert "parameters" in await refusal(talk, chat_config={"parameters": "x"})
    assert (default["city"], default["size"], default["USER_INPUT"]) == ("Berlin", 1, "hello")
    assert changed == default | parameters | {"USER_INPUT": "hello again"}
    known = {"USER_INPUT", "CONVERSATION_NAME", "_voice_emotion", "_voice_gender", "_user_emotion", "_voice_print"}
    assert set(default) == {"city", "size"} | known
