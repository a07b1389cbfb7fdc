"""The embedded model as it is: its process, and what it says."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from kouyu.agents.agent import AgentError, AgentRequest, ContextMessage, TextDelta, TokenUsage
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import BotDefinition
from kouyu.agents.current_model import AskedModel, CurrentModel
from kouyu.agents.embedded.model import EmbeddedModel, RunOptions
from kouyu.agents.embedded.supervisor import Watch
from kouyu.agents.embedded.tiers import TINY, file_of_user
from kouyu.domain.tool_calls import Function, ToolCall, ToolOutput
from kouyu.domain.tool_round import ToolRound
from kouyu.weights import MissingWeights

_PARENT = """
import asyncio
from kouyu.agents.current_model import AskedModel, CurrentModel
from kouyu.agents.embedded.model import EmbeddedModel
from kouyu.agents.embedded.tiers import TINY

async def main():
    model = EmbeddedModel(TINY.model_file())
    await model.start()
    print(model.process_id, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture
async def model() -> AsyncIterator[EmbeddedModel]:
    model = EmbeddedModel(TINY.model_file())
    await model.start()
    yield model
    await model.close()


@pytest.fixture
async def bot(model: EmbeddedModel) -> AsyncIterator[LanguageModelBot]:
    current = CurrentModel(AskedModel(model.endpoint, TINY.prompts.guidance))
    bot = LanguageModelBot(BotDefinition(id="7", name="Bot"), current)
    yield bot
    await bot.close()
    await current.close()


@pytest.fixture
async def endless(model: EmbeddedModel) -> AsyncIterator[LanguageModelBot]:
    """A bot that does not come to an end by itself while a test looks at it."""
    body = {**model.endpoint.body, "ignore_eos": True, "max_tokens": 1500}
    endpoint = msgspec.structs.replace(model.endpoint, body=body)
    bot = LanguageModelBot(BotDefinition(id="7", name="Bot"), endpoint)
    yield bot
    await bot.close()


def question(text: str) -> AgentRequest:
    return AgentRequest(messages=(ContextMessage(role="user", content=text),))


async def answer(bot: LanguageModelBot, text: str) -> str:
    return "".join([event.text async for event in bot.reply(question(text)) if isinstance(event, TextDelta)])


async def call(model: EmbeddedModel, method: str, path: str, **fields: Any) -> Any:
    headers = {"Authorization": f"Bearer {model.endpoint.api_key}"}
    async with httpx.AsyncClient(headers=headers, timeout=60, trust_env=False) as http:
        return (
            (await http.request(method, model.endpoint.base_url.removesuffix("/v1") + path, **fields))
            .raise_for_status()
            .json()
        )


def lives(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


async def gone(process_id: int) -> None:
    async with asyncio.timeout(10):
        while lives(process_id):  # noqa: ASYNC110 - a process tells nobody that it is gone
            await asyncio.sleep(0.01)


@pytest.mark.models
async def test_it_answers(bot: LanguageModelBot) -> None:
    known = {
        "What is the capital of France?": "Paris",
        "What color is the sky?": "blue",
        "Who wrote Romeo and Juliet?": "Shakesp",
    }
    for asked, expected in known.items():
        events = [event async for event in bot.reply(question(asked))]
        assert expected in "".join(event.text for event in events if isinstance(event, TextDelta))
        usage = events[-1]
        assert isinstance(usage, TokenUsage)
        assert usage.input_tokens > 50
        assert 3 < usage.output_tokens < 60


@pytest.mark.models
async def test_closing_the_reply_frees_its_slot(model: EmbeddedModel, endless: LanguageModelBot) -> None:
    reply = endless.reply(question("Tell me a long story about a dog."))
    await anext(reply)
    assert any(slot["is_processing"] for slot in await call(model, "GET", "/slots"))
    await reply.aclose()
    async with asyncio.timeout(10):
        while any(slot["is_processing"] for slot in await call(model, "GET", "/slots")):
            pass


@pytest.mark.models
async def test_what_was_read_in_advance_serves_all_slots_also_after_a_restart(
    model: EmbeddedModel, bot: LanguageModelBot
) -> None:
    (opening,) = await bot.openings(TINY.prompts.guidance)
    await model.warm_up(opening)
    for restarted in (False, True):
        if restarted:
            await killed_and_back(model)
        body = {"messages": [*opening, {"role": "user", "content": "Who are you?"}], "max_tokens": 20}
        answers = await asyncio.gather(*[call(model, "POST", "/v1/chat/completions", json=body) for _ in range(4)])
        assert all(answer["timings"]["prompt_n"] < 20 for answer in answers)


@pytest.mark.models
async def test_the_openings_of_two_languages_stay_read_while_conversations_change_between_them(
    model: EmbeddedModel,
) -> None:
    openings = [[{"role": "system", "content": text * 8}] for text in ("Be short and kind. ", "请简短地回答。")]
    for opening in openings:
        await model.warm_up(opening)
    for opening in (openings[0], openings[1], openings[0]):
        body = {"messages": [*opening, {"role": "user", "content": "Who are you?"}], "max_tokens": 2}
        answers = await asyncio.gather(*[call(model, "POST", "/v1/chat/completions", json=body) for _ in range(2)])
        assert all(answer["timings"]["prompt_n"] < 20 for answer in answers)


@pytest.mark.models
async def test_conversations_that_take_turns_are_each_prefilled_once(model: EmbeddedModel) -> None:
    opening = [{"role": "system", "content": "Be short and kind. " * 8}]
    await model.warm_up(opening)
    conversations: dict[str, list[dict[str, str]]] = {name: [*opening] for name in "abcdef"}
    prefilled = []
    for number in range(3):
        for name, messages in conversations.items():
            messages.append({"role": "user", "content": f"Question {number} of conversation {name} is a short one."})
            body = {"messages": messages, "max_tokens": 1, **await model.place(name, messages, ())}
            prefilled.append((await call(model, "POST", "/v1/chat/completions", json=body))["timings"]["prompt_n"])
            messages.append({"role": "assistant", "content": "I see, and what would you like to know about it?"})
    assert max(prefilled) < 50


@pytest.mark.models
async def test_a_conversation_that_takes_anothers_slot_finds_its_opening_there() -> None:
    model = EmbeddedModel(TINY.model_file(), RunOptions(slots=1))
    await model.start()
    try:
        openings = [[{"role": "system", "content": text * 8}] for text in ("Be short and kind. ", "请简短地回答。")]
        for opening in openings:
            await model.warm_up(opening)
        for name, opening in (("a", openings[0]), ("b", openings[1]), ("c", openings[1]), ("d", openings[0])):
            messages = [*opening, {"role": "user", "content": "Who are you?"}]
            body = {"messages": messages, "max_tokens": 2, **await model.place(name, messages, ())}
            assert (await call(model, "POST", "/v1/chat/completions", json=body))["timings"]["prompt_n"] < 20
    finally:
        await model.close()


async def killed_and_back(model: EmbeddedModel) -> None:
    process_id = model.process_id
    assert process_id is not None
    os.kill(process_id, signal.SIGKILL)
    await gone(process_id)
    async with asyncio.timeout(20):
        while model.process_id in {None, process_id}:
            await asyncio.sleep(0.01)
            await model.ready()


@pytest.mark.models
async def test_a_dead_process_is_replaced_and_the_next_reply_works(model: EmbeddedModel, bot: LanguageModelBot) -> None:
    endpoint, process_id = model.endpoint, model.process_id
    assert process_id is not None
    os.kill(process_id, signal.SIGKILL)
    assert "Paris" in await answer(bot, "What is the capital of France?")
    assert model.endpoint == endpoint
    assert model.process_id != process_id


@pytest.mark.models
async def test_a_process_that_hangs_is_replaced_and_the_turn_that_waits_is_answered() -> None:
    model = EmbeddedModel(TINY.model_file(), RunOptions(watch=Watch(heartbeat_s=0.1, heartbeat_limit_s=1.5)))
    await model.start()
    current = CurrentModel(AskedModel(model.endpoint, TINY.prompts.guidance))
    bot = LanguageModelBot(BotDefinition(id="7", name="Bot"), current)
    process_id = model.process_id
    assert process_id is not None
    try:
        os.kill(process_id, signal.SIGSTOP)
        assert "Paris" in await answer(bot, "What is the capital of France?")
        assert model.process_id != process_id
        assert not lives(process_id)
    finally:
        await bot.close()
        await current.close()
        await model.close()


@pytest.mark.models
async def test_after_many_deaths_the_next_turn_still_waits_for_the_restart(
    model: EmbeddedModel, bot: LanguageModelBot
) -> None:
    for _ in range(5):
        await killed_and_back(model)
    os.kill(model.process_id or 0, signal.SIGKILL)
    assert "Paris" in await answer(bot, "What is the capital of France?")


@pytest.mark.models
async def test_a_process_that_dies_in_the_middle_of_a_reply_is_an_error(
    model: EmbeddedModel, endless: LanguageModelBot
) -> None:
    reply = endless.reply(question("Tell me a long story about a dog."))
    await anext(reply)
    os.kill(model.process_id or 0, signal.SIGKILL)
    with pytest.raises(AgentError, match="broke off"):
        _ = [event async for event in reply]


@pytest.mark.models
async def test_closing_ends_the_process() -> None:
    model = EmbeddedModel(TINY.model_file())
    await model.start()
    process_id = model.process_id
    assert process_id is not None
    assert lives(process_id)
    await model.close()
    assert not lives(process_id)


@pytest.mark.models
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_the_process_dies_with_its_parent() -> None:
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", _PARENT, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    process_id = int(await parent.stdout.readline())
    assert lives(process_id)
    parent.kill()
    await parent.communicate()
    await gone(process_id)


@pytest.mark.models
async def test_what_a_tool_gave_in_an_earlier_turn_reaches_the_model(bot: LanguageModelBot) -> None:
    weather = ToolCall(id="call_1", function=Function("weather", '{"city": "Paris"}'))
    ran = ToolRound(calls=(weather,), outputs=(ToolOutput(tool_call_id="call_1", output="sunny, 22 degrees"),))
    messages = (
        ContextMessage(role="user", content="What is the weather in Paris?"),
        ContextMessage(role="assistant", content="", tool_round=ran),
        ContextMessage(role="assistant", content="It is sunny."),
        ContextMessage(role="user", content="What is the temperature in Paris?"),
    )
    events = [event async for event in bot.reply(AgentRequest(messages=messages))]
    assert "22" in "".join(event.text for event in events if isinstance(event, TextDelta))


@pytest.mark.models
async def test_only_who_has_the_key_is_answered(model: EmbeddedModel) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        refused = await http.post(f"{model.endpoint.base_url}/chat/completions", json={"messages": []})
    assert refused.status_code == 401
    assert model.endpoint.base_url.startswith("http://127.0.0.1:")


async def test_a_model_that_cannot_be_loaded_is_reported(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"no model")
    model = EmbeddedModel(file_of_user(tmp_path / "broken.gguf"))
    with pytest.raises(AgentError, match="ended with status"):
        await model.start()
    await model.close()


def test_missing_weights_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOUYU_WEIGHTS", str(tmp_path))
    with pytest.raises(MissingWeights, match="smollm2"):
        TINY.model_file()


async def test_there_is_no_endpoint_before_the_start(tmp_path: Path) -> None:
    model = EmbeddedModel(file_of_user(tmp_path / "model.gguf"))
    with pytest.raises(RuntimeError):
        _ = model.endpoint
    await model.close()
