"""The fields of chat.update that stand at the top of its data."""

import pytest

from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer
from tests.fields import measuring
from tests.fields.spoken import AUDIO_ENDS, SENTENCE_START, nothing_is_said, refusal

pytestmark = pytest.mark.models


async def test_event_subscriptions(scripted_server: RunningServer) -> None:
    """Only these types come, and errors; an empty list is all again."""
    wanted = ["conversation.chat.completed", "conversation.audio.delta"]
    async with talking(scripted_server) as talk:
        await talk.client.send("chat.update", {"event_subscriptions": wanted})
        await talk.write("hello")
        await talk.until("conversation.chat.completed")
        # The update itself is answered by what held before it.
        assert talk.types[:2] == ["chat.created", "chat.updated"]
        assert set(talk.types[2:]) == set(wanted)
        await talk.client.send("chat.update", {"asr_config": 1})
        await talk.until("error")
        await talk.client.send("chat.update", {"event_subscriptions": []})
        await talk.ask("hello")
        assert "conversation.message.delta" in talk.types
        assert "event_subscriptions" in await refusal(talk, event_subscriptions="error")


async def test_need_play_prologue(scripted_server: RunningServer) -> None:
    """The bot's opening line is spoken, once, and only when asked for."""
    async with talking(scripted_server) as talk:
        await talk.configure()
        assert talk.types == ["chat.created", "chat.updated"]
        await nothing_is_said(talk)
    async with talking(scripted_server) as talk:
        await talk.configure(need_play_prologue=True)
        await talk.until(AUDIO_ENDS)
        sentence = next(event for event in talk.events if event.type == SENTENCE_START)
        assert sentence.data["text"] == "Good morning."
        assert 0.4 < measuring.sounding_s(measuring.pcm(talk.audio()), 24_000) < 2
        await talk.until_silent()
        await talk.configure(output_audio={"speech_rate": 10})
        assert talk.types.count(AUDIO_ENDS) == 1
        await nothing_is_said(talk)
        assert "conversation.chat.created" not in talk.types


async def test_prologue_content(scripted_server: RunningServer, measuring_server: RunningServer) -> None:
    """An opening line of one's own, instead of the bot's or where it has none; without need_play_prologue silence."""
    for server in (scripted_server, measuring_server):
        async with talking(server) as talk:
            await talk.configure(prologue_content="Welcome to the zoo.")
            assert talk.types == ["chat.created", "chat.updated"]
            await nothing_is_said(talk)
        async with talking(server) as talk:
            await talk.configure(prologue_content="Welcome to the zoo.")
            await talk.configure(need_play_prologue=True)
            await talk.until(AUDIO_ENDS)
            texts = [event.data["text"] for event in talk.events if event.type == SENTENCE_START]
            assert texts == ["Welcome to the zoo."]
    async with talking(measuring_server) as talk:
        await talk.configure(need_play_prologue=True)
        assert talk.types == ["chat.created", "chat.updated"]
        await nothing_is_said(talk)
