"""Agents made from the bots of the settings."""

import contextlib

import msgspec
import pytest

from kouyu.agents.agent import AgentError
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import Example
from kouyu.assembly.bots import open_bots
from kouyu.settings.bots import BotSettings, ExampleSettings, ModelSettings, needs_embedded_model

MODEL = ModelSettings(base_url="http://127.0.0.1:9/v1", model="m", api_key="k", context_tokens=4096, temperature=0.5)


async def test_a_bot_of_the_settings_becomes_one_who_answers() -> None:
    example = ExampleSettings(question="q", answer="a")
    async with open_bots((BotSettings(id="a", prompt="Be kind.", model=MODEL, examples=(example,)),)) as bots:
        definition = bots.definitions["a"]
        agent = bots.agents["a"]
        assert isinstance(agent, LanguageModelBot)
        assert agent.definition is definition
        endpoint = agent.model.now.endpoint
    assert (definition.name, definition.prompt, definition.temperature) == ("a", "Be kind.", 0.5)
    assert (endpoint.api_key, endpoint.context_tokens) == ("k", 4096)
    assert definition.examples == (Example("q", "a"),)


async def test_what_the_settings_say_of_a_bot_is_what_rest_shows_of_it() -> None:
    chosen = BotSettings(
        id="a",
        name="Ada",
        description="d",
        prompt="p",
        prologue="Hello.",
        suggested_questions=("Who?",),
        follow_up=True,
        follow_up_prompt="Short ones.",
        voice_id="af_heart",
        model=MODEL,
    )
    async with open_bots((chosen,)) as bots:
        profile = bots.profiles["a"]
    shown = msgspec.structs.asdict(profile)
    written = {name: getattr(chosen, name) for name in shown.keys() & set(chosen.__struct_fields__) - {"model"}}
    assert "follow_up" in written
    assert {name: shown[name] for name in written} == written
    assert (profile.model.model_id, profile.model.temperature) == ("a", 0.5)


async def test_a_key_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    bot = BotSettings(id="a", model=ModelSettings(base_url="http://127.0.0.1:9/v1", model="m", api_key_env="MY_KEY"))
    with pytest.raises(AgentError, match="bot a: the environment variable MY_KEY"):
        async with open_bots((bot,)):
            pass
    monkeypatch.setenv("MY_KEY", "sk-1")
    async with open_bots((bot,)) as bots:
        assert bots.models["a"].current.now.endpoint.api_key == "sk-1"


async def test_a_prompt_that_is_not_well_formed_is_refused() -> None:
    with pytest.raises(AgentError, match="bot a"):
        async with open_bots((BotSettings(id="a", prompt="{{ city", model=MODEL),)):
            pass


def test_the_embedded_model_is_for_bots_without_an_endpoint() -> None:
    assert not needs_embedded_model((BotSettings(id="a", model=MODEL),))
    assert needs_embedded_model((BotSettings(id="a", model=MODEL), BotSettings(id="b")))


@pytest.mark.models
async def test_the_embedded_model_answers_for_the_default_bot() -> None:
    from kouyu.agents.agent import AgentRequest, ContextMessage, TextDelta
    from kouyu.agents.embedded.engine import load
    from kouyu.agents.embedded.plan import EmbeddedOptions

    model = await load(EmbeddedOptions(tier="tiny"))
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(model.close)
        bots = await stack.enter_async_context(open_bots((BotSettings(id="kouyu"),), embedded=model))
        question = AgentRequest(messages=(ContextMessage(role="user", content="What is the largest ocean?"),))
        said = [event.text async for event in bots.agents["kouyu"].reply(question) if isinstance(event, TextDelta)]
    assert "pacific" in "".join(said).lower()
