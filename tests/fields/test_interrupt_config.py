"""data.turn_detection.interrupt_config: whose speech cuts off a reply that is being spoken."""

import asyncio

import numpy as np
import pytest

from tests.end_to_end.conversing import Talk, talking
from tests.end_to_end.running_server import RunningServer
from tests.fields.spoken import AUDIO, TRANSCRIPT, question, read_aloud, recording, refusal, say, silence
from tests.standins.recognition_endpoint import RecognitionStandIn

pytestmark = pytest.mark.models

STARTED = "input_audio_buffer.speech_started"
CANCELED = "conversation.chat.canceled"
CREATED = "conversation.chat.created"
LONG = "This is a long announcement, and it goes on, " * 5 + "until it ends."
SPEECH = np.concatenate((question(), np.zeros(16_000, np.float32)))


async def over_an_announcement(talk: Talk, recogniser: RecognitionStandIn, says: str) -> int:
    """Somebody says this while a long announcement sounds; how many events came before."""
    before = len(talk.events)
    await say(talk, LONG)
    await talk.until(AUDIO, count=talk.types[:before].count(AUDIO) + 1)
    recogniser.text = says
    await talk.speak(SPEECH, faster=4)
    return before


async def interrupts(talk: Talk, recogniser: RecognitionStandIn, says: str) -> None:
    """Whoever says this cuts a long announcement off, and is answered. Nothing sounds afterwards."""
    before = await over_an_announcement(talk, recogniser, says)
    count = {kind: talk.types[:before].count(kind) + 1 for kind in (STARTED, CANCELED, CREATED)}
    await talk.until(STARTED, count=count[STARTED])
    assert (await talk.until(CANCELED, count=count[CANCELED])).data["code"] == 1
    await talk.until(CREATED, count=count[CREATED])
    await talk.client.send("conversation.chat.cancel")
    await talk.until(CANCELED, count=count[CANCELED] + 1)


async def does_not_interrupt(talk: Talk, recogniser: RecognitionStandIn, says: str) -> None:
    """Whoever says this does not cut a long announcement off. Nothing sounds afterwards."""
    recogniser.heard.clear()
    before = await over_an_announcement(talk, recogniser, says)
    async with asyncio.timeout(20):
        while not recogniser.heard:  # noqa: ASYNC110 - set by the stand-in's own thread
            await asyncio.sleep(0.01)
    await talk.up_to_now()
    await talk.client.send("conversation.chat.cancel")
    assert (await talk.until(CANCELED, count=talk.types[:before].count(CANCELED) + 1)).data["code"] == 2
    assert STARTED not in talk.types[before:]


async def keywords(talk: Talk, mode: str | None, *words: str) -> None:
    interrupt_config = {"mode": mode, "keywords": list(words)} if mode else {}
    await talk.configure(turn_detection={"type": "server_vad", "interrupt_config": interrupt_config})


async def test_interrupt_config(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """Without it any speech interrupts; with it speech without a keyword does not; an empty object takes it back."""
    async with talking(measuring_server) as talk:
        await keywords(talk, None)
        await interrupts(talk, recogniser, "What is the weather?")
        await keywords(talk, "keyword_contains", "stop it")
        await does_not_interrupt(talk, recogniser, "What is the weather?")
        await keywords(talk, None)
        await interrupts(talk, recogniser, "What is the weather?")


async def test_mode(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """The document's own example, for the keyword 扣子."""
    async with talking(measuring_server) as talk:
        await keywords(talk, "keyword_contains", "扣子")
        await interrupts(talk, recogniser, "你好呀，扣子。")
        await interrupts(talk, recogniser, "扣子，你好呀。")
        await keywords(talk, "keyword_prefix", "扣子")
        await does_not_interrupt(talk, recogniser, "你好呀，扣子。")
        await interrupts(talk, recogniser, "扣子，你好呀。")
        told = await refusal(talk, turn_detection={"interrupt_config": {"mode": "keyword_suffix"}})
        assert "keyword_contains, keyword_prefix" in told
        await talk.configure(turn_detection={"interrupt_config": {"mode": "all"}})
        await interrupts(talk, recogniser, "What is the weather?")


async def test_a_keyword_interrupts_though_its_letters_are_misheard(scripted_server: RunningServer) -> None:
    """The document's keyword is heard as 口子 and 扣着 in these voices; what is none does not interrupt."""
    async with talking(scripted_server) as talk:
        called = [
            await read_aloud(talk, "扣子你好呀", voice_id=voice) for voice in ("kokoro-jf-gongitsune", "kokoro-jm-kumo")
        ]
        weather = recording("zh-weather")
        await keywords(talk, "keyword_contains", "扣子")
        for count, speech in enumerate(called, 1):
            await say(talk, LONG)
            await talk.until(AUDIO, count=talk.types.count(AUDIO) + 1)
            await talk.speak(np.concatenate((weather, silence(0.8), speech, silence(0.8))), faster=4)
            transcript = await talk.until(TRANSCRIPT, count=count)
            assert "天气" not in transcript.data["content"]
            assert talk.types.count(STARTED) == count
            cancels = talk.types.count(CANCELED)
            await talk.client.send("conversation.chat.cancel")
            await talk.until(CANCELED, count=cancels + 1)


async def test_keywords(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """Any one of at most five is enough; each 6 to 24 bytes without punctuation."""
    async with talking(measuring_server) as talk:
        await keywords(talk, "keyword_contains", "stop talking", "小扣小扣")
        await interrupts(talk, recogniser, "Please stop talking now.")
        await interrupts(talk, recogniser, "小扣小扣！")
        await does_not_interrupt(talk, recogniser, "Please go on talking.")
        for wrong in (["short"], ["x" * 25], ["扣子，你好"], ["keyword"] * 6):
            told = await refusal(talk, turn_detection={"interrupt_config": {"keywords": wrong}})
            assert "data.turn_detection.interrupt_config.keywords" in told
