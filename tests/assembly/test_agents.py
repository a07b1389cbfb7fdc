"""Agents that are replaced while the server runs, when its settings are read anew."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from kouyu.agents.agent import AgentError
from kouyu.agents.bot import LanguageModelBot
from kouyu.assembly.agents import Agents, open_agents
from kouyu.engines.scheduler import Scheduler
from kouyu.settings import Settings
from kouyu.settings.all_settings import FetchingSettings
from kouyu.settings.bots import BotSettings, FlowSettings, McpServerSettings, ModelSettings
from kouyu.store.bots import BotModel, BotProfile
from kouyu.store.store import Store
from kouyu.workers.limited import LimitedWorkers
from tests.standins import mcp_server

MODEL = ModelSettings(base_url="http://127.0.0.1:9/v1", model="m")
TOOLS = McpServerSettings(name="tools", command=sys.executable, args=(str(Path(mcp_server.__file__)),))
OTHERS = msgspec.structs.replace(TOOLS, name="others")
ADA = BotSettings(id="ada", prompt="Be kind.", model=MODEL)
FLOW = FlowSettings(id="7", url="http://127.0.0.1:9/answer")
SETTINGS = Settings(bots=(ADA,), flows=(FLOW,))
WITH_TOOLS = msgspec.structs.replace(SETTINGS, mcp_servers=(TOOLS, OTHERS))


@pytest.fixture
async def agents(tmp_path: Path) -> AsyncIterator[Agents]:
    """The agents of SETTINGS, and a published bot on Ada's model."""
    scheduler, workers = Scheduler(1), LimitedWorkers()
    async with await Store.open(tmp_path / "kouyu.db") as store:
        profile = BotProfile(name="Mine", model=BotModel(model_id="ada"))
        record = await store.of("").bots.create("ada", profile)
        await store.of("").bots.publish(record.id)
        async with open_agents(SETTINGS, store, workers, scheduler) as opened:
            yield opened
    await workers.close()
    await scheduler.close()


def prompt_of(agents: Agents, bot_id: str) -> str:
    return agents.bots.definitions[bot_id].prompt


async def test_new_sessions_get_the_new_bots_and_running_ones_keep_theirs(agents: Agents) -> None:
    mine = next(bot_id for bot_id in agents.bots.definitions if bot_id != "ada")
    held, views = agents.bots.agents["ada"], (agents.bots.definitions, agents.bots.agents, agents.flows)
    bob = BotSettings(id="bob", model=MODEL)
    changed = msgspec.structs.replace(ADA, prompt="Be brief.")
    await agents.follow(Settings(bots=(bob, changed)))
    now = (agents.bots.definitions, agents.bots.agents, agents.flows)
    assert all(one is other for one, other in zip(views, now, strict=True))
    assert set(agents.bots.definitions) == {"bob", "ada", mine}
    assert prompt_of(agents, "ada") == "Be brief."
    assert agents.bots.model_ids == ("bob", "ada")
    assert agents.flows == {}
    assert isinstance(held, LanguageModelBot)
    assert held.definition.prompt == "Be kind."


async def test_a_tool_server_stays_connected_unless_its_settings_change(agents: Agents) -> None:
    await agents.follow(WITH_TOOLS)
    kept, changed = agents.bots.tool_servers["tools"], agents.bots.tool_servers["others"]
    with_argument = msgspec.structs.replace(OTHERS, call_timeout_s=3.0)
    close = await agents.follow(msgspec.structs.replace(WITH_TOOLS, mcp_servers=(TOOLS, with_argument)))
    assert agents.bots.tool_servers["tools"] is kept
    assert agents.bots.tool_servers["others"] is not changed
    # Sessions that began before may still call it.
    assert await changed.call("add", {"a": 1, "b": 2}) == "The sum is 3."
    await close()
    assert changed._task is None
    assert await kept.call("add", {"a": 1, "b": 2}) == "The sum is 3."
    assert await agents.bots.tool_servers["others"].call("add", {"a": 1, "b": 2}) == "The sum is 3."
    await close()  # once more is no harm


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"bots": (msgspec.structs.replace(ADA, prompt="{{ city"),)}, "bot ada"),
        ({"mcp_servers": (McpServerSettings(name="gone", command="/no/such/program"),)}, "server gone"),
        ({"flows": (FlowSettings(id="8", callable="no.such.module:flow"),)}, "flow 8"),
    ],
)
async def test_settings_that_cannot_be_met_change_nothing(
    agents: Agents, changed: dict[str, object], said: str
) -> None:
    before = dict(agents.bots.agents), dict(agents.flows), dict(agents.bots.tool_servers)
    with pytest.raises(AgentError, match=said):
        await agents.follow(msgspec.structs.replace(SETTINGS, **changed))
    assert (dict(agents.bots.agents), dict(agents.flows), dict(agents.bots.tool_servers)) == before


async def test_what_may_be_fetched_follows_the_settings(agents: Agents) -> None:
    await agents.follow(msgspec.structs.replace(SETTINGS, fetching=FetchingSettings(allow_private=True, max_bytes=7)))
    assert (agents._fetcher.options.allow_private, agents._fetcher.options.max_bytes) == (True, 7)
