"""The language models that come with kouyu, one for each tier of machines, and models in files of the user."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from kouyu.agents.embedded import prompts
from kouyu.agents.embedded.prompts import PromptFamily
from kouyu.model_files.gguf_texts import gguf_text
from kouyu.weights import cache, catalogue
from kouyu.weights.weight_set import WeightSet

TierName: TypeAlias = Literal["tiny", "small", "medium"]


class ModelFile(msgspec.Struct, frozen=True, kw_only=True):
    """A GGUF file that can run, and how it wants to be asked."""

    title: str
    """Its name, for people and for the API."""
    path: Path
    prompts: PromptFamily
    tier: TierName | None = None
    """None for a file of the user."""
    template_corrections: Mapping[str, str] = {}
    """Passages of the chat template in the file, and what they must be."""
    cache_mib: int = 128
    """Memory for the prompts of conversations without a slot."""
    most_threads: int = 2
    """Threads that make it faster, also while other work goes on (docs/measurements.md)."""

    def threads(self, cores: int) -> int:
        """The threads that it runs on best, on so many cores."""
        return max(1, min(self.most_threads, cores))

    def chat_template(self) -> str:
        """The corrected chat template; empty if the one in the file is right. Takes up to 0.2 s. Raises BadModel,
        OSError."""
        if not self.template_corrections:
            return ""
        template = gguf_text(self.path, "tokenizer.chat_template") or ""
        for wrong, right in self.template_corrections.items():
            template = template.replace(wrong, right)
        return template


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """One tier: a model, and what it asks of a machine."""

    name: TierName
    title: str
    weights: str
    """Its weight set, of one file. Where only that set's substitute is on this machine, it runs instead."""
    prompts: PromptFamily
    memory_mib: int
    """Memory of its process with four conversations, measured, and ``cache_mib``."""
    cache_mib: int
    """Memory for the prompts of conversations without a slot: some thousand tokens."""
    most_threads: int
    """Threads that make it faster, also while other work goes on (docs/measurements.md)."""
    reading_cost: float
    """Time to read a prompt token, relative to the smallest tier's on the same machine, if that has the cores."""
    writing_cost: float
    """Time to write a token, likewise."""
    template_corrections: Mapping[str, str] = {}

    def is_here(self) -> bool:
        """Whether its weights are on this machine."""
        return cache.is_there(self.weights_to_run())

    def weights_to_run(self) -> WeightSet:
        """Its weight set, or the substitute if only that is on this machine."""
        return cache.usable(catalogue.find(self.weights))

    def model_file(self) -> ModelFile:
        """Its file on this machine. Raises MissingWeights."""
        weight_set = self.weights_to_run()
        path = cache.folder(weight_set.name) / weight_set.files[0].path
        return ModelFile(
            title=self.title,
            path=path,
            prompts=self.prompts,
            tier=self.name,
            template_corrections=self.template_corrections,
            cache_mib=self.cache_mib,
            most_threads=self.most_threads,
        )


TINY: Final = Tier(
    name="tiny",
    title="SmolLM2-135M-Instruct",
    weights="smollm2-mixed",
    prompts=prompts.SMOLLM2,
    memory_mib=640,
    cache_mib=64,
    most_threads=1,
    reading_cost=1.0,
    writing_cost=1.0,
)
_AFTER_TOOLS: Final = {
    r"'\n</tool_response>'": r"'\n</tool_response>\nTell me this in one short sentence, in my language.'"
}
"""Without these words the models repeat a call instead of saying what it gave."""

SMALL: Final = Tier(
    name="small",
    title="Qwen2.5-Coder-0.5B-Instruct",
    weights="qwen2.5-coder-0.5b-instruct",
    prompts=prompts.QWEN2_5,
    memory_mib=1000,
    cache_mib=64,
    most_threads=2,
    reading_cost=2.3,
    writing_cost=3.4,
    template_corrections=_AFTER_TOOLS,
)
MEDIUM: Final = Tier(
    name="medium",
    title="Qwen2.5-Coder-1.5B-Instruct",
    weights="qwen2.5-coder-1.5b-instruct",
    prompts=prompts.QWEN2_5,
    memory_mib=2550,
    cache_mib=144,
    most_threads=2,
    reading_cost=4.3,
    writing_cost=5.2,
    # Its file shows the model a call with doubled braces as the example; Qwen's own template has single ones.
    template_corrections={
        **_AFTER_TOOLS,
        r"{{\"name\": <function-name>, \"arguments\": <args-json-object>}}": (
            r"{\"name\": <function-name>, \"arguments\": <args-json-object>}"
        ),
    },
)
TIERS: Final = (TINY, SMALL, MEDIUM)
"""Smallest first."""


def tier(name: TierName) -> Tier:
    """The tier of this name."""
    return next(each for each in TIERS if each.name == name)


def file_of_user(path: Path) -> ModelFile:
    """A GGUF file that does not come with kouyu; it is asked as most instruction models can be."""
    return ModelFile(title=path.stem, path=path, prompts=prompts.QWEN2_5)
