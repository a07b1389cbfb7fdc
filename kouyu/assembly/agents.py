"""Builds all agents: the bots and flows of the settings, with the tools and files they share, and the bots made over
REST. Replaces them when the settings are read anew."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import msgspec

from kouyu.agents.agent import Agent
from kouyu.agents.attachments import Attachments
from kouyu.agents.embedded.tiered_model import TieredModel
from kouyu.agents.fetching import Fetched, Fetcher, FetchError, FetchingOptions
from kouyu.agents.mcp_server import McpServer
from kouyu.assembly.bot_directory import BotDirectory
from kouyu.assembly.bots import Bots, open_bots
from kouyu.assembly.engine_loading import load_language_model
from kouyu.assembly.flows import open_flows
from kouyu.assembly.tool_servers import connect_tool_servers, disconnect
from kouyu.engines.scheduler import Scheduler
from kouyu.settings import Settings
from kouyu.settings.bots import BotSettings, McpServerSettings, needs_embedded_model
from kouyu.store.errors import StoreError
from kouyu.store.store import Store
from kouyu.weights.background_fetch import BackgroundFetch
from kouyu.workers.limited import LimitedWorkers

Close = Callable[[], Awaitable[None]]


class Agents:
    """All agents. ``bots`` and ``flows`` (by workflow id) are live: sessions that begin after ``follow`` get the new
    ones, those that run keep what they have."""

    def __init__(self, store: Store, workers: LimitedWorkers, scheduler: Scheduler) -> None:
        self._store = store
        self._workers = workers
        self._scheduler = scheduler
        self._fetcher = Fetcher(FetchingOptions())
        self.attachments = Attachments(self._read_file, self._fetcher, workers)
        """Reads the files in messages."""
        self.bots = BotDirectory(Bots({}, {}, {}, {}), attachments=self.attachments, workers=workers)
        self.flows: dict[str, Agent] = {}
        self._embedded: TieredModel | None = None
        self._upgrade: Callable[[TieredModel], asyncio.Task[None]] | None = None
        """Begins to replace the embedded model by a larger one; None where it is not to be replaced."""
        self._upgrading: asyncio.Task[None] | None = None
        self._chosen: dict[str, BotSettings] = {}
        self._servers: dict[str, tuple[McpServerSettings, McpServer]] = {}
        self._current = AsyncExitStack()
        """Closes the bots and flows that are in use."""
        self._replaced: list[AsyncExitStack] = []
        """Each closes what one call of ``follow`` has replaced."""

    async def follow(self, settings: Settings) -> Close:
        """Build the agents of these settings, and put them in the place of those before.

        Returns what closes those before: call it when no session that began before runs any more. MCP servers and bots
        whose settings are the same stay connected and warm. Raises AgentError for settings that cannot be met,
        MissingWeights, EngineUnavailable, StoreError: then nothing has changed.
        """
        published = await self._store.bots_of_all()
        kept = {
            name: (chosen, server) for name, (chosen, server) in self._servers.items() if chosen in settings.mcp_servers
        }
        added = [chosen for chosen in settings.mcp_servers if chosen.name not in kept]
        async with AsyncExitStack() as opening:
            connected = await connect_tool_servers(added)
            opening.push_async_callback(disconnect, connected.values())
            servers = kept | {chosen.name: (chosen, connected[chosen.name]) for chosen in added}
            current = await opening.enter_async_context(AsyncExitStack())
            flows = await current.enter_async_context(open_flows(settings.flows))
            if self._embedded is None and needs_embedded_model(settings.bots):
                self._embedded = await load_language_model(settings.engines, self._scheduler)
            by_name = {name: server for name, (_, server) in servers.items()}
            settled = await current.enter_async_context(
                open_bots(
                    settings.bots,
                    embedded=self._embedded,
                    tool_servers=by_name,
                    attachments=self.attachments,
                    workers=self._workers,
                    warm=[bot.id for bot in settings.bots if self._chosen.get(bot.id) == bot],
                )
            )
            opening.pop_all()
        # No await from here: sessions find all of the old agents, or all of the new ones.
        replaced = AsyncExitStack()
        gone = [server for name, (_, server) in self._servers.items() if by_name.get(name) is not server]
        replaced.push_async_callback(disconnect, gone)
        replaced.push_async_exit(self._current)
        self._replaced.append(replaced)
        self._current, self._servers = current, servers
        self._chosen = {bot.id: bot for bot in settings.bots}
        self.flows.clear()
        self.flows.update(flows)
        default_bot = settings.server.default_bot or settings.bots[0].id
        self.bots.settle(settled, default_bot=default_bot, tool_servers=by_name)
        self.bots.put_published(published)
        self._begin_upgrade()
        self._fetcher.options = msgspec.convert(settings.fetching, FetchingOptions, from_attributes=True)

        async def close() -> None:
            if replaced in self._replaced:
                self._replaced.remove(replaced)
                await replaced.aclose()

        return close

    @asynccontextmanager
    async def upgrading(self, fetch: BackgroundFetch | None) -> AsyncIterator[None]:
        """Have the embedded model replaced by a larger one, if there is a better one, while the block runs. ``fetch``
        as in ``TieredModel.upgrade``."""
        self._upgrade = lambda model: asyncio.create_task(model.upgrade(fetch), name="language-model-upgrade")
        self._begin_upgrade()
        try:
            yield
        finally:
            self._upgrade = None
            if self._upgrading is not None:
                self._upgrading.cancel()
                with suppress(asyncio.CancelledError):
                    await self._upgrading

    def _begin_upgrade(self) -> None:
        if self._upgrade is not None and self._upgrading is None and self._embedded is not None:
            self._upgrading = self._upgrade(self._embedded)

    async def close(self) -> None:
        """Close everything."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._fetcher.close)
            if self._embedded is not None:
                stack.push_async_callback(self._embedded.close)
            stack.push_async_callback(disconnect, [server for _, server in self._servers.values()])
            for each in (*self._replaced, self._current):
                stack.push_async_callback(each.aclose)

    async def _read_file(self, owner: str, file_id: str) -> Fetched | None:
        files = self._store.of(owner).files
        record = await files.get(file_id)
        if record is None:
            return None
        try:
            return Fetched(record.name, await files.content(record))
        except StoreError as fault:
            raise FetchError("its content is gone") from fault


@asynccontextmanager
async def open_agents(
    settings: Settings, store: Store, workers: LimitedWorkers, scheduler: Scheduler
) -> AsyncIterator[Agents]:
    """Open all agents, ready to answer, and close them when the block ends. ``store`` has the bots made over REST and
    the files that messages name by id; ``workers`` parse those files.

    Raises AgentError for settings that cannot be met, MissingWeights.
    """
    agents = Agents(store, workers, scheduler)
    try:
        await agents.follow(settings)
        yield agents
    finally:
        await agents.close()
