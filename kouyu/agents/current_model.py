"""The language model that bots ask; another one may take its place while they answer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kouyu.agents.bot_definition import Guidance
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.openai_client import OpenAIClient
from kouyu.agents.reaching import Reach

Placing = Callable[[str, Sequence[dict[str, Any]], Sequence[dict[str, Any]]], Awaitable[dict[str, Any]]]
"""Takes a conversation's id, messages and tools; returns fields for the body of its request, which tell the model's
server where it has prefilled that conversation."""


async def placed_by_the_server(
    conversation_id: str, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """A ``Placing`` for servers that find a conversation's prompt themselves, or keep none."""
    return {}


class AskedModel:
    """A language model: its endpoint, the client that reaches it, and what it is told besides a bot's prompt."""

    def __init__(
        self,
        endpoint: ModelEndpoint,
        guidance: Mapping[str, Guidance] | None = None,
        place: Placing = placed_by_the_server,
    ) -> None:
        """``guidance``: for bots without examples, by the language (ISO 639-1) of the user's question; the first one
        counts for all other languages."""
        self.endpoint = endpoint
        self.client = OpenAIClient(endpoint)
        self.guidance = guidance or {}
        self.place = place
        self._answers = 0
        self._unused = asyncio.Event()
        self._unused.set()

    @property
    def address(self) -> str:
        """The address of its server, without credentials."""
        return self.endpoint.address

    @property
    def model_name(self) -> str:
        """What its server calls it."""
        return self.endpoint.model

    async def reach(self) -> Reach:
        """Whether its server answers."""
        with self.in_use():
            return await self.client.reach()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Count an answer as in progress while the block runs."""
        self._answers += 1
        self._unused.clear()
        try:
            yield
        finally:
            self._answers -= 1
            if not self._answers:
                self._unused.set()

    async def unused(self) -> None:
        """Wait until no answer is in progress."""
        await self._unused.wait()

    async def close(self) -> None:
        """Close all connections."""
        await self.client.close()


class CurrentModel:
    """The model that one or more bots ask now. It changes between answers: each is finished by the model that began it.
    Call ``close`` when done."""

    def __init__(self, model: AskedModel) -> None:
        self.now = model
        """The model of the next answer."""

    @contextmanager
    def in_use(self) -> Iterator[AskedModel]:
        """Yield the model for one answer; it is not closed before the block ends."""
        model = self.now
        with model.in_use():
            yield model

    async def replace(self, model: AskedModel) -> None:
        """Have ``model`` asked from now on; return once the former one has finished its answers and is closed."""
        former, self.now = self.now, model
        try:
            await former.unused()
        finally:
            await former.close()

    async def close(self) -> None:
        """Close the present model's connections."""
        await self.now.close()
