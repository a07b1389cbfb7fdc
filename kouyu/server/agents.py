"""Everybody who can answer: the bots and the flows of the settings, with the tools and files they share."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from kouyu.agents.agent import Agent
from kouyu.agents.attachments import Attachments
from kouyu.agents.bot import BotDefinition
from kouyu.agents.fetching import Fetched, Fetcher, FetchError, FetchingOptions
from kouyu.server.bots import open_bots
from kouyu.server.flows import open_flows
from kouyu.server.tool_servers import open_tool_servers
from kouyu.settings import Settings
from kouyu.store.errors import StoreError
from kouyu.store.files import Files


class Agents(msgspec.Struct, frozen=True):
    """Who answers: bots by bot id, flows by workflow id."""

    definitions: Mapping[str, BotDefinition]
    bots: Mapping[str, Agent]
    flows: Mapping[str, Agent]


@asynccontextmanager
async def open_agents(settings: Settings, files: Files) -> AsyncIterator[Agents]:
    """All of them, ready to answer; closed when the block ends. ``files`` are those that messages name by id.

    Raises AgentError for what the settings ask and cannot be had, MissingWeights.
    """

    async def read_file(file_id: str) -> Fetched | None:
        record = await files.get(file_id)
        if record is None:
            return None
        try:
            return Fetched(record.name, await files.content(record))
        except StoreError as fault:
            raise FetchError("its content is gone") from fault

    async with AsyncExitStack() as stack:
        chosen = settings.fetching
        fetcher = Fetcher(
            FetchingOptions(allow_private=chosen.allow_private, max_bytes=chosen.max_bytes, timeout_s=chosen.timeout_s)
        )
        stack.push_async_callback(fetcher.close)
        attachments = Attachments(read_file, fetcher)
        servers = await stack.enter_async_context(open_tool_servers(settings.mcp_servers))
        flows = await stack.enter_async_context(open_flows(settings.flows))
        bots = await stack.enter_async_context(open_bots(settings.bots, tool_servers=servers, attachments=attachments))
        yield Agents(bots.definitions, bots.agents, flows)
