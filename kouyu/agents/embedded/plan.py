"""Which tier a server runs: now, of those that are fetched, and once others are fetched too."""

from collections.abc import Collection
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from kouyu.agents.embedded import speed_record
from kouyu.agents.embedded.choice import Choice, choose
from kouyu.agents.embedded.machine import free_memory_mib
from kouyu.agents.embedded.model import EmbeddedModel, Speed
from kouyu.agents.embedded.tiers import TIERS, Tier, TierName
from kouyu.engines.declaration import FilePath

_BY_THE_SETTINGS: Final = "the settings choose it"


class EmbeddedOptions(msgspec.Struct, frozen=True, kw_only=True):
    """[engines.embedded]: the language model that comes with kouyu."""

    tier: Literal["auto", "tiny", "small", "medium"] = "auto"
    """Which of kouyu's models; "auto": the largest that answers in time on this machine."""
    model: FilePath = ""
    """The path of a GGUF file to run instead; empty: that of the tier."""
    threads: Annotated[int, Meta(ge=0)] = 0
    """Threads that it runs on; 0: one for the tiny model, and two for the others, where the machine has two cores."""


def fetched_tiers() -> tuple[TierName, ...]:
    """The tiers whose weights are on this machine."""
    return tuple(each.name for each in TIERS if each.is_here())


class Plan:
    """Chooses tiers by the options, and by what is known of this machine: its free memory when the plan is made, and
    the speeds that were measured. Tiers can be excluded, for example because they cannot be fetched."""

    def __init__(self, options: EmbeddedOptions) -> None:
        self.options = options
        self.speeds: dict[TierName, Speed] = dict(speed_record.measured_speeds(options.threads))
        self._free_memory_mib = free_memory_mib()
        self._excluded: set[TierName] = set()

    def first(self) -> Choice:
        """The tier to run at the start: of those that are fetched, unless none is that would do."""
        fetched = fetched_tiers()
        if self.options.tier == "auto":
            return self._chosen(fetched)
        best, *smaller = self._allowed()
        here = [each for each in (best, *smaller) if each.name in fetched]
        if not here or here[0] is best:
            return Choice(best, _BY_THE_SETTINGS)
        return Choice(here[0], f"{best.name}, which the settings choose, is not on this machine")

    def best(self) -> Choice | None:
        """The tier to run if it is fetched; None if all that would do are excluded."""
        if self.options.tier == "auto":
            names = [each.name for each in TIERS if each.name not in self._excluded]
            return self._chosen(names) if names else None
        allowed = self._allowed()
        left = [each for each in allowed if each.name not in self._excluded]
        if not left:
            return None
        if left[0] is allowed[0]:
            return Choice(left[0], _BY_THE_SETTINGS)
        return Choice(left[0], f"{allowed[0].name}, which the settings choose, cannot run here")

    def smallest(self) -> Choice | None:
        """The smallest tier: with its speed, those of the others can be predicted."""
        left = [each for each in TIERS if each.name not in self._excluded]
        return Choice(left[0], "it is the smallest") if left else None

    def larger_than(self, running: TierName | None) -> Choice | None:
        """The tier to run instead of the running one, if a larger one is better; None for a file of the user's too."""
        best = self.best() if running is not None else None
        sizes = [each.name for each in TIERS]
        return best if best and running and sizes.index(best.tier.name) > sizes.index(running) else None

    def exclude(self, name: TierName) -> None:
        """Choose this tier no more."""
        self._excluded.add(name)

    def knows(self, name: TierName) -> bool:
        """Whether the tier need not be measured: its speed is known, or does not matter."""
        return self.options.tier != "auto" or name in self.speeds

    async def measure(self, model: EmbeddedModel, name: TierName) -> None:
        """Measure the speed of a started model. Raises AgentError."""
        self.speeds[name] = await model.speed()
        speed_record.remember(name, self.speeds[name], self.options.threads)

    def _chosen(self, among: Collection[TierName]) -> Choice:
        return choose(among, speeds=self.speeds, free_memory_mib=self._free_memory_mib)

    def _allowed(self) -> list[Tier]:
        """The tier of the settings, and the smaller ones, largest first."""
        names = [each.name for each in TIERS]
        return list(reversed(TIERS[: names.index(self.options.tier) + 1]))  # type: ignore[arg-type]
