"""Builds all agents: the bots and flows of the settings, with the tools and files they share, and the bots made over
REST."""

import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from kouyu.agents.agent import Agent
from kouyu.agents.attachments import Attachments
from kouyu.agents.fetching import Fetched, Fetcher, FetchError, FetchingOptions
from kouyu.assembly.bot_directory import BotDirectory
from kouyu.assembly.bots import open_bots
from kouyu.assembly.engine_loading import load_language_model
from kouyu.assembly.flows import open_flows
from kouyu.assembly.tool_servers import open_tool_servers
from kouyu.engines.scheduler import Scheduler
from kouyu.settings import Settings
from kouyu.store.errors import StoreError
from kouyu.store.store import Store
from kouyu.workers.limited import LimitedWorkers


class Agents(msgspec.Struct, frozen=True):
    """All agents; flows by workflow id."""

    bots: BotDirectory
    flows: Mapping[str, Agent]
    attachments: Attachments
    """Reads the files in messages."""


@asynccontextmanager
async def open_agents(
    settings: Settings, store: Store, workers: LimitedWorkers, scheduler: Scheduler
) -> AsyncIterator[Agents]:
    """Open all agents, ready to answer, and close them when the block ends. ``store`` has the bots made over REST and
    the files that messages name by id; ``workers`` parse those files.

    Raises AgentError for settings that cannot be met, MissingWeights.
    """

    async def read_file(file_id: str) -> Fetched | None:
        record = await store.files.get(file_id)
        if record is None:
            return None
        try:
            return Fetched(record.name, await store.files.content(record))
        except StoreError as fault:
            raise FetchError("its content is gone") from fault

    async with AsyncExitStack() as stack:
        chosen = settings.fetching
        fetcher = Fetcher(
            FetchingOptions(allow_private=chosen.allow_private, max_bytes=chosen.max_bytes, timeout_s=chosen.timeout_s)
        )
        stack.push_async_callback(fetcher.close)
        attachments = Attachments(read_file, fetcher, workers)
        servers = await stack.enter_async_context(open_tool_servers(settings.mcp_servers))
        flows = await stack.enter_async_context(open_flows(settings.flows))
        settled = await stack.enter_async_context(
            open_bots(
                settings.bots,
                load_model=functools.partial(load_language_model, settings.engines, scheduler),
                tool_servers=servers,
                attachments=attachments,
                workers=workers,
            )
        )
        default_bot = settings.server.default_bot or settings.bots[0].id
        bots = BotDirectory(
            settled, default_bot=default_bot, tool_servers=servers, attachments=attachments, workers=workers
        )
        bots.put_published(await store.bots.list())
        yield Agents(bots, flows, attachments)
