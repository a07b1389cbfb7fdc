"""The declaration of the embedded language model: its options, and loading what they, or this machine, choose."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from kouyu.agents.embedded.choice import Choice
from kouyu.agents.embedded.model import RunOptions
from kouyu.agents.embedded.plan import EmbeddedOptions, Plan
from kouyu.agents.embedded.tiered_model import TieredModel, started
from kouyu.agents.embedded.tiers import Tier, file_of_user
from kouyu.engines.declaration import Engine, EngineContext
from kouyu.weights import catalogue
from kouyu.weights.errors import FetchFailed
from kouyu.weights.weight_set import WeightSet

log = logging.getLogger(__name__)


def chosen_now(options: EmbeddedOptions) -> Choice | None:
    """The tier that a server with these options would start with; None if they name a file."""
    return None if options.model else Plan(options).first()


def chosen_for_good(options: EmbeddedOptions) -> Choice | None:
    """The tier that such a server runs once it is fetched; None if they name a file."""
    return None if options.model else Plan(options).best()


def can_start(options: EmbeddedOptions) -> bool:
    """Whether a server with these options has a model to start with."""
    choice = chosen_now(options)
    return choice is None or choice.tier.is_here()


async def load(options: EmbeddedOptions, run: RunOptions | None = None) -> TieredModel:
    """Start the model; return when it can answer. With ``auto`` a model that is new on this machine is measured, and
    replaced by a smaller one if it is too slow. Raises MissingWeights, AgentError."""
    plan = Plan(options)
    run = msgspec.structs.replace(run or RunOptions(), threads=options.threads)
    if options.model:
        return TieredModel(await started(file_of_user(Path(options.model)), "the settings name its file", run), plan)
    while True:
        choice = plan.first()
        model = await started(choice.tier.model_file(), choice.reason, run)
        if plan.knows(choice.tier.name):
            return TieredModel(model, plan)
        try:
            await plan.measure(model, choice.tier.name)
        except BaseException:
            await model.close()
            raise
        again = plan.first()
        if again.tier is choice.tier:
            model.reason = again.reason
            return TieredModel(model, plan)
        await model.close()


def settle(
    options: EmbeddedOptions, fetch: Callable[[WeightSet], None], *, say: Callable[[str], None]
) -> Choice | None:
    """Choose among all tiers, fetched or not, and fetch what is chosen; None if the options name a file.

    ``fetch`` is called with the weights that are needed. With ``auto`` these are first those of the smallest tier,
    whose speed says which tier this machine can run; a tier that then turns out to be too slow leads to a smaller one.
    So does one that can no longer be fetched, and ``say`` is called with the reason.
    For commands: it blocks, without an event loop around ``fetch``, so that Ctrl-C stops a download. Raises AgentError,
    and what ``fetch`` raises.
    """
    if options.model:
        return None
    plan = Plan(options)
    settled: Tier | None = None
    while True:
        measured = plan.speeds or options.tier != "auto"
        choice = plan.best() if measured else plan.smallest()
        if choice is None or choice.tier is settled:
            return choice
        try:
            fetch(catalogue.find(choice.tier.weights))
        except FetchFailed as error:
            plan.exclude(choice.tier.name)
            if not error.lasting or plan.best() is None:
                raise
            say(f"{choice.tier.name} cannot be fetched, and another tier takes its place: {error}")
            continue
        if not plan.knows(choice.tier.name):
            asyncio.run(_measure(plan, choice.tier))
        settled = choice.tier


async def _measure(plan: Plan, tier: Tier) -> None:
    model = await started(tier.model_file(), "", RunOptions(threads=plan.options.threads))
    try:
        await plan.measure(model, tier.name)
    finally:
        await model.close()


async def _load(_: EngineContext, options: EmbeddedOptions) -> TieredModel:
    model = await load(options)
    log.info("language model: %s, because %s", model.name, model.reason)
    return model


def _weights(options: EmbeddedOptions) -> tuple[str, ...]:
    choice = chosen_now(options)
    return (choice.tier.weights_to_run().name,) if choice is not None else ()


ENGINE: Final = Engine(
    name="embedded", kind="llm", load=_load, options=EmbeddedOptions, weights=_weights, libraries=("xllamacpp",)
)
