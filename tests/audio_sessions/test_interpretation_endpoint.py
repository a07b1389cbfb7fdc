"""``/v1/audio/simult_interpretation`` over a real socket, with a scripted language model (websocket.md 6)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kouyu.audio.pcm import Samples, float_from_int16
from kouyu.audio.wav import read_listening_audio
from tests.audio.signals import cut, level_db, packed
from tests.audio_sessions.wire import Wire, wired
from tests.end_to_end.running_server import RunningServer
from tests.standins.openai_server import OpenAIStandIn, Refuse, Say

pytestmark = pytest.mark.models

PATH = "/v1/audio/simult_interpretation"
PCM_16K = {"format": "pcm", "codec": "pcm", "sample_rate": 16000, "channel": 1, "bit_depth": 16}
SOURCE = "simult_interpretation.transcription.delta"
TARGET = "simult_interpretation.translation.delta"
AUDIO = "simult_interpretation.audio.delta"
COMPLETED = "simult_interpretation.message.completed"
QUIET = np.zeros(12_000, np.float32)


@pytest.fixture
def model(language_model: OpenAIStandIn) -> OpenAIStandIn:
    language_model.requests.clear()
    return language_model


@pytest.fixture(scope="module")
def english(questions: Path) -> Samples:
    """What is the capital of France?"""
    return read_listening_audio(questions / "en-capital.wav")


@pytest.fixture(scope="module")
def chinese(questions: Path) -> Samples:
    """今天天气怎么样？"""
    return read_listening_audio(questions / "zh-weather.wav")


async def interpret(wire: Wire, samples: Samples, **translate_config: Any) -> None:
    data = {"input_audio": PCM_16K} | ({"translate_config": translate_config} if translate_config else {})
    await wire.send("simult_interpretation.update", data)
    for piece in cut(packed(samples, 16), [6400]):
        await wire.append(piece)
    await wire.send("input_audio_buffer.complete")
    await wire.until(COMPLETED)


def text(wire: Wire, event_type: str) -> str:
    return "".join(event["data"]["delta"] for event in wire.of(event_type))


async def test_english_becomes_chinese(scripted_server: RunningServer, model: OpenAIStandIn, english: Samples) -> None:
    model.will(Say("法国的", "首都是", "哪里？"))
    async with wired(scripted_server, PATH) as wire:
        await interpret(wire, english)
    assert "capital of france" in text(wire, SOURCE).lower()
    assert text(wire, TARGET) == "法国的首都是哪里？"
    assert wire.types.count(TARGET) == 3
    sound = b"".join(wire.audio(AUDIO))
    assert len(sound) > 24_000
    assert level_db(float_from_int16(np.frombuffer(sound, "<i2"))) > -35
    assert wire.types[:2] == ["simult_interpretation.created", "simult_interpretation.updated"]
    assert wire.types[-1] == COMPLETED
    assert wire.types.index("input_audio_buffer.completed") < wire.types.index(COMPLETED)
    (request,) = model.requests
    assert "from English into Chinese" in request.messages[0]["content"]
    assert request.messages[-1]["content"] == text(wire, SOURCE)


async def test_chinese_becomes_english_without_being_told(
    scripted_server: RunningServer, model: OpenAIStandIn, chinese: Samples
) -> None:
    model.will(Say("How is the weather today?"))
    async with wired(scripted_server, PATH) as wire:
        await interpret(wire, chinese)
    assert "天气" in text(wire, SOURCE)
    assert text(wire, TARGET) == "How is the weather today?"
    assert "from Chinese into English" in model.requests[0].messages[0]["content"]


async def test_passages_are_set_off_and_know_of_those_before(
    scripted_server: RunningServer, model: OpenAIStandIn, english: Samples
) -> None:
    model.will(Say("第一。"), Say("第二。"))
    async with wired(scripted_server, PATH) as wire:
        await interpret(wire, np.concatenate((english, QUIET, english)), **{"from": "en", "to": "zh"})
    assert text(wire, TARGET) == "第一。第二。"
    first, second = (event["data"]["delta"] for event in wire.of(SOURCE))
    assert second.startswith(" ")
    assert wire.types.count(COMPLETED) == 1
    history = [message["content"] for message in model.requests[1].messages[1:]]
    assert history == [first, "第一。", second.strip()]


async def test_the_glossary_reaches_the_model(
    scripted_server: RunningServer, model: OpenAIStandIn, english: Samples
) -> None:
    glossary = [{"original": "France", "translation": "法兰西"}]
    async with wired(scripted_server, PATH) as wire:
        await interpret(wire, english, glossary=glossary)
    assert "France = 法兰西" in model.requests[0].messages[0]["content"]
    assert wire.of("simult_interpretation.updated")[0]["data"]["translate_config"] == {
        "from": "auto",
        "to": "auto",
        "hot_words": [],
        "glossary": glossary,
    }


async def test_what_is_in_the_target_language_already_is_said_as_it_is(
    scripted_server: RunningServer, model: OpenAIStandIn, english: Samples
) -> None:
    async with wired(scripted_server, PATH) as wire:
        await interpret(wire, english, to="en")
    assert text(wire, TARGET) == text(wire, SOURCE)
    assert wire.audio(AUDIO)
    assert model.requests == []


async def test_a_model_that_fails_is_reported_and_the_next_passage_works(
    scripted_server: RunningServer, model: OpenAIStandIn, english: Samples
) -> None:
    model.will(Refuse(400, "no"), Say("第二。"))
    async with wired(scripted_server, PATH) as wire:
        await interpret(wire, np.concatenate((english, QUIET, english)))
    (error,) = wire.of("error")
    assert error["data"]["code"] == 5000
    assert "not translated" in error["data"]["msg"]
    assert text(wire, TARGET) == "第二。"


async def test_a_language_that_is_not_interpreted_is_reported(scripted_server: RunningServer) -> None:
    async with wired(scripted_server, PATH) as wire:
        await wire.send("simult_interpretation.update", {"translate_config": {"to": "fr"}})
        error = await wire.until("error")
        await wire.send("input_audio_buffer.complete")
        await wire.until(COMPLETED)
    assert error["data"]["msg"] == 'data.translate_config.to: "fr" is not allowed; allowed: auto, en, zh'
