"""What a conversation remembers, shown by what the model is told; and the prologue."""

import threading

import pytest

from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer
from tests.standins.openai_server import OpenAIStandIn, Pace, Say

pytestmark = pytest.mark.models


def told(language_model: OpenAIStandIn) -> list[tuple[str, str]]:
    """What the model was told last, without the system's prompt."""
    return [(m["role"], m["content"].strip()) for m in language_model.requests[-1].messages if m["role"] != "system"]


async def test_any_openai_compatible_endpoint_answers(
    scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    language_model.will(Say("Good ", "day. ", "How are you?", prompt_tokens=21))
    async with talking(scripted_server) as talk:
        assert await talk.ask("hello") == "Good day. How are you?"
        assert len(talk.audio()) > 24_000
    usage = talk.events[-1].data["usage"]
    assert usage == {"token_count": 24, "output_count": 3, "input_count": 21}
    assert language_model.requests[-1].messages[0]["content"].startswith("You are calm.")


async def test_earlier_messages_are_the_models_context(
    scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    async with talking(scripted_server) as talk:
        await talk.ask_and_hear("first")
        message = {"role": "assistant", "content_type": "text", "content": "by the way"}
        await talk.client.send("conversation.message.create", message)
        await talk.ask("second")
    assert told(language_model) == [
        ("user", "first"),
        ("assistant", "first \nby the way"),
        ("user", "second"),
    ]


async def test_a_conversation_continues_in_another_connection(
    scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    async with talking(scripted_server) as talk:
        await talk.ask_and_hear("first")
        conversation_id = next(e.data["conversation_id"] for e in talk.events if e.type == "conversation.chat.created")
    async with talking(scripted_server) as talk:
        updated = await talk.configure(chat_config={"conversation_id": conversation_id})
        assert updated.data["chat_config"]["conversation_id"] == conversation_id
        await talk.ask("second")
    assert told(language_model) == [("user", "first"), ("assistant", "first"), ("user", "second")]


async def test_clear_begins_a_new_section_with_no_context(
    scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    async with talking(scripted_server) as talk:
        await talk.ask("first")
        await talk.client.send("conversation.clear")
        await talk.until("conversation.cleared")
        await talk.ask("second")
        chats = [event.data for event in talk.events if event.type == "conversation.chat.created"]
    assert told(language_model) == [("user", "second")]
    assert chats[0]["conversation_id"] == chats[1]["conversation_id"] == chats[0]["section_id"]
    assert chats[1]["section_id"] != chats[0]["section_id"]


async def test_a_chat_that_is_not_saved_is_no_context_for_the_next(
    scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    async with talking(scripted_server) as talk:
        await talk.configure(chat_config={"auto_save_history": False})
        await talk.ask("a secret")
        await talk.configure(chat_config={"auto_save_history": True})
        await talk.ask("second")
    assert told(language_model) == [("user", "second")]


async def test_what_was_not_heard_of_an_interrupted_reply_is_not_in_the_context(
    scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    sentences = [f"This is sentence number {word} of a long story. " for word in ("one", "two", "three", "four")]
    last = "And this is the last one, which is so long that its end is heard seconds after it was made, number five."
    language_model.will(Say(*sentences, last))
    async with talking(scripted_server) as talk:
        await talk.write("tell me")
        await talk.until("conversation.chat.completed")
        await talk.client.send("conversation.chat.cancel")
        await talk.until("conversation.chat.canceled")
        await talk.ask("and then")
    answer = talk.answers()[0]
    context = dict(told(language_model)[:2])
    heard = context.get("assistant", "")
    assert answer.startswith(heard)
    assert "five" not in heard
    assert len(heard) < len(answer)


async def test_the_prologue_is_spoken_on_request(scripted_server: RunningServer) -> None:
    async with talking(scripted_server) as talk:
        await talk.configure(need_play_prologue=True)
        await talk.until("conversation.audio.completed")
        sentence = next(event for event in talk.events if event.type == "conversation.audio.sentence_start")
        assert sentence.data["text"] == "Good morning."
        assert len(talk.audio()) > 12_000
        assert "conversation.chat.created" not in talk.types


async def test_the_prologue_is_the_models_context_behind_what_was_said_before(
    scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    async with talking(scripted_server) as talk:
        await talk.ask_and_hear("first")
        conversation_id = next(e.data["conversation_id"] for e in talk.events if e.type == "conversation.chat.created")
    async with talking(scripted_server) as talk:
        await talk.configure(need_play_prologue=True, chat_config={"conversation_id": conversation_id})
        await talk.until("conversation.audio.completed")
        await talk.ask("second")
    assert told(language_model) == [("user", "first"), ("assistant", "first \nGood morning."), ("user", "second")]


async def test_a_prologue_of_ones_own_is_spoken(scripted_server: RunningServer) -> None:
    async with talking(scripted_server) as talk:
        await talk.configure(need_play_prologue=True, prologue_content="Welcome to the zoo.")
        sentence = await talk.until("conversation.audio.sentence_start")
    assert sentence.data["text"] == "Welcome to the zoo."


async def test_a_reply_is_spoken_while_the_model_still_writes(
    scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    heard = threading.Event()
    pace = Pace(between_s=0.5)
    language_model.will(Say("This is the first sentence. ", *("And " * 20), "done.", pace=pace, hurry=heard))
    async with talking(scripted_server) as talk:
        await talk.write("hello")
        await talk.until("conversation.audio.delta")
        assert not talk.answers()
        heard.set()
        await talk.until("conversation.chat.completed")
    assert talk.answers() == ["This is the first sentence. " + "And " * 20 + "done."]


async def test_an_answer_that_no_voice_can_speak_says_so(
    scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    language_model.will(Say("Здравствуйте."))
    async with talking(scripted_server) as talk:
        assert await talk.ask("hello") == "Здравствуйте."
        assert talk.audio() == b""
        completed = talk.events[-1].data
    reason = "no voice here speaks Russian"
    assert (completed["status"], completed["last_error"]["msg"]) == (
        "completed",
        f"not all of the answer was spoken: {reason}",
    )
    assert f"a sentence was not spoken: {reason}" in scripted_server.log()
