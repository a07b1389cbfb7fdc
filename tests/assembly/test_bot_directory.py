"""Which agent answers under a bot id, while the server runs and after a restart."""

import logging
from collections.abc import AsyncIterator

import pytest

from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import DEFAULT_PROMPT
from kouyu.assembly.bot_directory import BotDirectory
from kouyu.assembly.bots import open_bots
from kouyu.domain.errors import ProtocolError
from kouyu.settings.bots import BotSettings, ModelSettings
from kouyu.store.bots import BotModel, BotProfile, BotTools
from kouyu.store.store import Store
from kouyu.workers.limited import LimitedWorkers
from tests.store.conftest import clock, location, store

__all__ = ["clock", "location", "store"]

FAST = ModelSettings(base_url="http://127.0.0.1:9/v1", model="fast", temperature=0.5)
WISE = ModelSettings(base_url="http://127.0.0.1:9/v1", model="wise", max_tokens=50)
ELSEWHERE = ModelSettings(kind="coze", base_url="http://127.0.0.1:9", bot_id="7")
SETTINGS = (
    BotSettings(id="remote", model=ELSEWHERE),
    BotSettings(id="fast", model=FAST, prompt="Be fast."),
    BotSettings(id="wise", model=WISE),
)


@pytest.fixture
async def directory(workers: LimitedWorkers) -> AsyncIterator[BotDirectory]:
    async with open_bots(SETTINGS) as settled:
        yield BotDirectory(settled, default_bot="wise", workers=workers)


async def opening(bot: object) -> object:
    assert isinstance(bot, LanguageModelBot)
    return (await bot.openings({}))[0]


def model_of(bot: object) -> str:
    assert isinstance(bot, LanguageModelBot)
    return bot.model.now.endpoint.model


async def test_a_changed_bot_replaces_itself_and_running_sessions_keep_the_old_one(directory: BotDirectory) -> None:
    directory.put("1", BotProfile(name="a", prompt="Old."), "")
    old = directory.agents["1"]
    directory.put("1", BotProfile(name="a", prompt="New."), "")
    assert await opening(old) == [{"role": "system", "content": "Old."}]
    assert await opening(directory.agents["1"]) == [{"role": "system", "content": "New."}]
    directory.remove("1")
    assert set(directory.definitions) == set(directory.agents) == {"remote", "fast", "wise"}


async def test_a_bot_without_a_model_or_a_prompt_gets_the_default_ones(directory: BotDirectory) -> None:
    directory.put("1", BotProfile(name="a"), "")
    made = directory.definitions["1"]
    assert (model_of(directory.agents["1"]), made.max_tokens, made.prompt) == ("wise", 50, DEFAULT_PROMPT)


async def test_settings_of_a_bot_take_precedence_over_those_of_its_model(directory: BotDirectory) -> None:
    directory.put("1", BotProfile(name="a", model=BotModel(model_id="fast", temperature=0.0, context_round=2)), "")
    made = directory.definitions["1"]
    assert (model_of(directory.agents["1"]), made.temperature, made.context_rounds) == ("fast", 0.0, 2)


async def test_no_bot_can_use_the_model_of_a_bot_on_a_coze_server(directory: BotDirectory) -> None:
    assert list(directory.model_ids) == ["wise", "fast"]
    with pytest.raises(ProtocolError, match=r"model_id: \"remote\""):
        await directory.check(BotProfile(name="a", model=BotModel(model_id="remote")))


async def test_a_prompt_without_end_is_refused_before_it_answers(directory: BotDirectory) -> None:
    with pytest.raises(ProtocolError, match=r"prompt_info\.prompt: .* rendering it takes too much time or memory"):
        await directory.check(BotProfile(name="a", prompt="{{ 'x' * 2000000000 }}"))
    await directory.check(BotProfile(name="a", prompt="{% for who in names.split() %}{{ 9 // who|int }}{% endfor %}"))


@pytest.mark.parametrize("profile", [BotProfile(name="a", prompt="{{"), BotProfile(name="a", tools=(BotTools("x"),))])
async def test_an_invalid_profile_is_refused(directory: BotDirectory, profile: BotProfile) -> None:
    with pytest.raises(ProtocolError):
        directory.put("1", profile, "")
    assert "1" not in directory.agents


async def test_a_server_that_starts_again_has_its_published_bots(
    directory: BotDirectory, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    published = await store.of("").bots.create("7", BotProfile(name="a"))
    await store.of("").bots.publish(published.id)
    draft = await store.of("").bots.create("7", BotProfile(name="b"))
    stranded = await store.of("").bots.create("7", BotProfile(name="c", model=BotModel(model_id="gone")))
    await store.of("").bots.publish(stranded.id)
    with caplog.at_level(logging.WARNING):
        directory.put_published(await store.of("").bots.list())
    assert published.id in directory.agents
    assert not {draft.id, stranded.id} & set(directory.agents)
    assert f"bot {stranded.id} cannot answer" in caplog.text
