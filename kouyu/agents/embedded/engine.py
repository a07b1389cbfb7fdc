"""The declaration of the embedded language model: its options, and loading what they, or this machine, choose."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

from kouyu.agents.agent import AgentError
from kouyu.agents.embedded import speed_record
from kouyu.agents.embedded.choice import Choice, choose
from kouyu.agents.embedded.machine import free_memory_mib
from kouyu.agents.embedded.model import EmbeddedModel, Speed
from kouyu.agents.embedded.tiers import TIERS, ModelFile, Tier, TierName, file_of_user, tier
from kouyu.engines.declaration import Engine, EngineContext, FilePath
from kouyu.weights import cache, catalogue
from kouyu.weights.weight_set import WeightSet

log = logging.getLogger(__name__)


class EmbeddedOptions(msgspec.Struct, frozen=True, kw_only=True):
    """[engines.embedded]: the language model that comes with kouyu."""

    tier: Literal["auto", "tiny", "small", "medium"] = "auto"
    """Which of kouyu's models; "auto": the largest that is fetched and answers in time on this machine."""
    model: FilePath = ""
    """The path of a GGUF file to run instead; empty: that of the tier."""


def fetched_tiers() -> tuple[TierName, ...]:
    """The tiers whose weights are on this machine."""
    return tuple(each.name for each in TIERS if cache.is_there(catalogue.find(each.weights)))


def chosen_now(options: EmbeddedOptions) -> Choice | None:
    """The tier that a server with these options would run; None if they name a file."""
    if options.model:
        return None
    return _choice(options, fetched_tiers(), speed_record.measured_speeds(), free_memory_mib())


def _choice(
    options: EmbeddedOptions, among: Collection[TierName], speeds: Mapping[TierName, Speed], free_mib: int
) -> Choice:
    if options.tier != "auto":
        return Choice(tier(options.tier), "the settings choose it")
    return choose(among, speeds=speeds, free_memory_mib=free_mib)


async def load(options: EmbeddedOptions) -> EmbeddedModel:
    """Start the model; return when it can answer. With ``auto`` a model that is new on this machine is measured, and
    replaced by a smaller one if it is too slow. Raises MissingWeights, AgentError."""
    if options.model:
        return await _started(file_of_user(Path(options.model)), "the settings name its file")
    speeds = dict(speed_record.measured_speeds())
    free_mib = free_memory_mib()
    while True:
        choice = _choice(options, fetched_tiers(), speeds, free_mib)
        model = await _started(choice.tier.model_file(), choice.reason)
        name = choice.tier.name
        if options.tier != "auto" or name in speeds:
            return model
        try:
            speeds[name] = await _measured(model, name)
        except BaseException:
            await model.close()
            raise
        again = _choice(options, fetched_tiers(), speeds, free_mib)
        if again.tier is choice.tier:
            model.reason = again.reason
            return model
        await model.close()


def settle(options: EmbeddedOptions, fetch: Callable[[WeightSet], None]) -> Choice | None:
    """Choose among all tiers, fetched or not, and fetch what is chosen; None if the options name a file.

    ``fetch`` is called with the weights that are needed. With ``auto`` these are first those of the smallest tier,
    whose speed says which tier this machine can run; a tier that then turns out to be too slow leads to a smaller one.
    For commands: it blocks, without an event loop around ``fetch``, so that Ctrl-C stops a download. Raises AgentError,
    and what ``fetch`` raises.
    """
    if options.model:
        return None
    speeds = dict(speed_record.measured_speeds())
    names = tuple(each.name for each in TIERS)
    choice = _choice(options, names if speeds else names[:1], speeds, free_memory_mib())
    while True:
        name = choice.tier.name
        fetch(catalogue.find(choice.tier.weights))
        if options.tier == "auto" and name not in speeds:
            speeds[name] = asyncio.run(_speed_of(choice.tier))
        again = _choice(options, names, speeds, free_memory_mib())
        if again.tier is choice.tier:
            return again
        choice = again


async def _speed_of(measured: Tier) -> Speed:
    model = await _started(measured.model_file(), "")
    try:
        return await _measured(model, measured.name)
    finally:
        await model.close()


async def _measured(model: EmbeddedModel, name: TierName) -> Speed:
    speed = await model.speed()
    speed_record.remember(name, speed)
    return speed


async def _started(file: ModelFile, reason: str) -> EmbeddedModel:
    if not file.path.is_file():
        raise AgentError(f"engines.embedded.model: there is no file {file.path}")
    model = EmbeddedModel(file, reason=reason)
    try:
        await model.start()
    except BaseException:
        await model.close()
        raise
    return model


async def _load(_: EngineContext, options: EmbeddedOptions) -> EmbeddedModel:
    model = await load(options)
    log.info("language model: %s, because %s", model.name, model.reason)
    larger = _larger_that_would_do(model) if options.tier == "auto" else None
    if larger is not None:
        log.info("%s would answer in time here too; get it with: kouyu models fetch %s", larger.name, larger.weights)
    return model


def _larger_that_would_do(model: EmbeddedModel) -> Tier | None:
    """A larger tier than that of the model which is not fetched and would be chosen if it were."""
    best = choose(
        [each.name for each in TIERS], speeds=speed_record.measured_speeds(), free_memory_mib=free_memory_mib()
    ).tier
    here = [model.model.tier, *fetched_tiers()]
    return best if best.name not in here and TIERS.index(best) > TIERS.index(tier(model.model.tier or "tiny")) else None


def _weights(options: EmbeddedOptions) -> tuple[str, ...]:
    choice = chosen_now(options)
    return (choice.tier.weights,) if choice is not None else ()


ENGINE: Final = Engine(
    name="embedded", kind="llm", load=_load, options=EmbeddedOptions, weights=_weights, libraries=("xllamacpp",)
)
