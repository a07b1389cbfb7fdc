"""The embedded language model of a server: the tier that answers, and its replacement by a larger one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from kouyu.agents.agent import AgentError
from kouyu.agents.bot_definition import Guidance
from kouyu.agents.current_model import AskedModel, CurrentModel
from kouyu.agents.embedded.attached import Attachment
from kouyu.agents.embedded.choice import ANSWER_LIMIT_MS, Choice, estimated_answer_ms
from kouyu.agents.embedded.machine import free_memory_mib
from kouyu.agents.embedded.model import EmbeddedModel, RunOptions
from kouyu.agents.embedded.plan import Plan
from kouyu.agents.embedded.tiers import ModelFile, Tier
from kouyu.weights import catalogue
from kouyu.weights.background_fetch import BackgroundFetch
from kouyu.weights.errors import FetchFailed, WeightsError

log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 60.0
_LONGEST_PAUSE_FACTOR: Final = 60
_PROGRESS_LINES: Final = 10
"""Lines in the log about the progress of one fetch."""

Opening = tuple[Sequence[dict[str, Any]], Sequence[dict[str, Any]]]
"""The messages that a bot's conversations begin with, and its tools."""
Openings = Callable[[Mapping[str, Guidance]], Awaitable[Sequence[Opening]]]
"""Returns the openings of all bots for a model of this guidance."""


class TierChange(msgspec.Struct, frozen=True, kw_only=True):
    """The larger tier that a server is to run, and how far it is on the way there."""

    tier: str
    name: str
    """Tier and model, for people."""
    state: Literal["fetching", "waiting", "starting", "given_up"]
    """``waiting``: a fetch failed and will be tried again."""
    fetched: float = 0.0
    """Share of its weights that has arrived, 0 to 1."""
    failure: str = ""
    """Why the last fetch failed, or why the change was given up."""


class TieredModel:
    """A running embedded model that may be replaced by a larger one while bots ask it. Call ``close`` when done."""

    def __init__(self, model: EmbeddedModel, plan: Plan) -> None:
        """``model`` has been started, by the plan."""
        self._model = model
        self._plan = plan
        self.retry_s = _FIRST_PAUSE_S
        """The pause after a failed fetch, doubled with each one in a row."""
        self._openings: Openings | None = None
        self.current = CurrentModel(_asked(model))
        self.change: TierChange | None = None
        """None where the tier runs that this server is to run."""

    @property
    def name(self) -> str:
        """Tier and model that run, for people."""
        return self._model.name

    @property
    def reason(self) -> str:
        """Why this one runs: a clause that follows "because"."""
        return self._model.reason

    @property
    def file(self) -> ModelFile:
        """The model that runs."""
        return self._model.model

    @property
    def process_id(self) -> int | None:
        """The id of the running model's process; None while there is none."""
        return self._model.process_id

    def attachments(self, processes: int) -> tuple[Attachment, ...]:
        """See ``EmbeddedModel.attachments``."""
        return self._model.attachments(processes)

    async def warm_up(self, openings: Openings, *, now: Openings | None = None) -> None:
        """Prefill the openings of the bots, now and whenever another tier begins to run. ``now``: those to prefill now,
        if not all of them."""
        self._openings = openings
        await _warm(self._model, now or openings)

    async def upgrade(self, fetch: BackgroundFetch | None) -> None:
        """Fetch and start the tier that this server is to run, if that is larger than the running one; return when it
        runs, or cannot. Without ``fetch`` only say so.

        Each failure is logged and kept in ``change``; a fetch that may work later is tried again.
        """
        given_up: TierChange | None = None
        while (choice := self._plan.larger_than(self.file.tier)) is not None:
            try:
                await self._change_to(choice, fetch)
            except (WeightsError, AgentError) as error:
                self._plan.exclude(choice.tier.name)
                level = logging.INFO if fetch is None else logging.WARNING
                log.log(level, "language model: %s instead of %s, because: %s", self.name, choice.tier.name, error)
                given_up = given_up or _change(choice.tier, "given_up", failure=str(error))
            self.change = given_up

    async def _change_to(self, choice: Choice, fetch: BackgroundFetch | None) -> None:
        tier = choice.tier
        if not tier.is_here():
            if fetch is None:
                raise FetchFailed(
                    f"Its weights are not on this machine, and weights.fetch_in_background is false. Get them with: "
                    f"kouyu models fetch {tier.weights}"
                )
            await self._fetch(tier, fetch)
        self.change = _change(tier, "starting", fetched=1.0)
        if (free := free_memory_mib()) < tier.memory_mib:
            raise AgentError(f"It needs {tier.memory_mib} MiB of memory, and {free} are free.")
        model = await started(tier.model_file(), choice.reason, RunOptions(threads=self._plan.options.threads))
        try:
            await self._check_speed(model, tier)
            if self._openings is not None:
                await _warm(model, self._openings)
        except BaseException:
            await model.close()
            raise
        former, self._model = self._model, model
        try:
            await self.current.replace(_asked(model))
        finally:
            await former.close()
        log.info("language model: %s from now on, instead of %s", self.name, former.name)

    async def _fetch(self, tier: Tier, fetch: BackgroundFetch) -> None:
        """Fetch the tier's weights, as often as it takes. Raises FetchFailed for a failure that will last."""
        weights = catalogue.find(tier.weights)
        log.info("language model: %s answers while %s is fetched in the background", self.name, tier.name)
        told = 0
        pause_s = self.retry_s
        failing = False

        def on_progress(arrived: int, expected: int) -> None:
            nonlocal told, pause_s, failing
            share = min(1.0, max(0.0, arrived / expected)) if expected else 0.0
            if self.change is None or share > self.change.fetched:
                pause_s, failing = self.retry_s, False
            self.change = _change(tier, "fetching", fetched=share)
            if (lines := int(share * _PROGRESS_LINES)) > told:
                told = lines
                log.info("language model: %.0f %% of %s fetched", 100 * lines / _PROGRESS_LINES, tier.name)

        self.change = _change(tier, "fetching")
        while True:
            try:
                return await fetch(weights, on_progress)
            except FetchFailed as error:
                if error.lasting:
                    raise
                log.log(
                    logging.DEBUG if failing else logging.WARNING,
                    "language model: %s could not be fetched; it is tried again from time to time. %s",
                    tier.name,
                    error,
                )
                self.change = msgspec.structs.replace(self.change, state="waiting", failure=str(error))
            failing = True
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_FACTOR * self.retry_s)

    async def _check_speed(self, model: EmbeddedModel, tier: Tier) -> None:
        """Measure a model whose speed decides whether it runs. Raises AgentError if it is too slow."""
        if self._plan.knows(tier.name):
            return
        await self._plan.measure(model, tier.name)
        again = self._plan.best()
        if again is None or again.tier is not tier:
            answer_ms = estimated_answer_ms(tier, self._plan.speeds) or 0.0
            raise AgentError(f"It would answer after {answer_ms:.0f} ms here; {ANSWER_LIMIT_MS} are allowed.")
        model.reason = again.reason

    async def close(self) -> None:
        """End the model's process and the connections to it."""
        await self.current.close()
        await self._model.close()


async def started(
    file: ModelFile, reason: str, options: RunOptions | None = None, *, at: Attachment | None = None
) -> EmbeddedModel:
    """Start a model; return when it can answer. ``at``: where an earlier one was. Raises AgentError."""
    if not file.path.is_file():
        raise AgentError(f"engines.embedded.model: there is no file {file.path}")
    model = EmbeddedModel(file, options, reason=reason)
    if at is not None:
        model.stay_at(at)
    try:
        await model.start()
    except BaseException:
        await model.close()
        raise
    return model


async def _warm(model: EmbeddedModel, openings: Openings) -> None:
    found = await openings(model.model.prompts.guidance)
    await asyncio.gather(*(model.warm_up(opening, tools) for opening, tools in found))


def _asked(model: EmbeddedModel) -> AskedModel:
    return AskedModel(model.endpoint, model.model.prompts.guidance, model.place)


def _change(
    tier: Tier, state: Literal["fetching", "starting", "given_up"], *, fetched: float = 0.0, failure: str = ""
) -> TierChange:
    return TierChange(tier=tier.name, name=f"{tier.name} ({tier.title})", state=state, fetched=fetched, failure=failure)
