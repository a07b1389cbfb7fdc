"""The language model for the peers: kouyu's embedded one, with the prompt and examples of its default bot."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.embedded.engine import load
from kouyu.agents.embedded.plan import EmbeddedOptions
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.assembly.bots import open_bots
from kouyu.settings import Settings

TIER: Final = "tiny"


class PeersModel(msgspec.Struct, frozen=True):
    """A model with what its requests begin with."""

    endpoint: ModelEndpoint
    system: str
    examples: list[dict[str, Any]]
    """Messages between the system's and the user's first."""

    def as_options(self) -> dict[str, Any]:
        """The same for the options of a bot."""
        return {
            "base_url": self.endpoint.base_url,
            "api_key": self.endpoint.api_key,
            "model": self.endpoint.model,
            "body": self.endpoint.body,
            "system": self.system,
            "opening": self.examples,
        }


@asynccontextmanager
async def peers_model() -> AsyncIterator[PeersModel]:
    """Serve the model while the block runs."""
    embedded = await load(EmbeddedOptions(tier=TIER))
    try:
        async with open_bots(Settings().bots, embedded=embedded) as bots:
            (agent,) = bots.agents.values()
            assert isinstance(agent, LanguageModelBot)
            asked = agent.model.now
            ((system, *examples), *_) = await agent.openings(asked.guidance)
            yield PeersModel(asked.endpoint, str(system["content"]), examples)
    finally:
        await embedded.close()
