"""Finds the agent of a bot id: the bots of the settings, and the published ones made over REST."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from kouyu.agents.agent import Agent, AgentError
from kouyu.agents.attachments import Attachments
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import DEFAULT_PROMPT, BotDefinition
from kouyu.agents.mcp_server import McpServer
from kouyu.agents.server_tools import ServerTools
from kouyu.assembly.bots import Bots, LanguageModel
from kouyu.domain.errors import BAD_REQUEST, InvalidField, ProtocolError
from kouyu.store.bots import BotProfile, BotRecord, BotTools
from kouyu.store.ownership import bots_owner
from kouyu.workers.limited import LimitedWorkers

log = logging.getLogger(__name__)

T = TypeVar("T")


class _Visible(Mapping[str, T]):
    """A live view of ``bots`` without those of owners other than ``owner``."""

    def __init__(self, bots: Mapping[str, T], owners: Mapping[str, str], owner: str) -> None:
        self._bots = bots
        self._owners = owners
        self._owner = bots_owner(owner)

    def __getitem__(self, bot_id: str) -> T:
        if self._owners.get(bot_id, self._owner) != self._owner:
            raise KeyError(bot_id)
        return self._bots[bot_id]

    def __iter__(self) -> Iterator[str]:
        return (bot_id for bot_id in self._bots if self._owners.get(bot_id, self._owner) == self._owner)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class BotDirectory:
    """Maps bot ids to agents. A session looks its bot up when it begins, so changes apply from the next session on.

    Bots made over REST use a model and MCP servers of the settings, so keys and addresses stay with the operator. They
    own nothing that must be closed.
    """

    def __init__(
        self,
        settled: Bots,
        *,
        default_bot: str = "",
        tool_servers: Mapping[str, McpServer] | None = None,
        attachments: Attachments | None = None,
        workers: LimitedWorkers | None = None,
    ) -> None:
        """As ``settle``."""
        self.settled = settled
        self.tool_servers: Mapping[str, McpServer] = {}
        self._attachments = attachments
        self._workers = workers or LimitedWorkers()
        self._definitions: dict[str, BotDefinition] = {}
        self._agents: dict[str, Agent] = {}
        self._owners: dict[str, str] = {}
        """The owners of the bots made over REST."""
        self.model_ids: Sequence[str] = ()
        """Ids of the settings' bots whose models can be chosen, the default first."""
        self.settle(settled, default_bot=default_bot, tool_servers=tool_servers or {})

    def settle(self, settled: Bots, *, default_bot: str, tool_servers: Mapping[str, McpServer]) -> None:
        """Replace all bots by ``settled``, those of the settings; the model of ``default_bot`` is the default one.

        Published bots must be put again, since they use models and MCP servers of the settings.
        """
        self.settled = settled
        self.tool_servers = tool_servers
        self._owners.clear()
        self._definitions.clear()
        self._definitions.update(settled.definitions)
        self._agents.clear()
        self._agents.update(settled.agents)
        first = [default_bot] if default_bot in settled.models else []
        self.model_ids = (*first, *(name for name in settled.models if name not in first))

    @property
    def definitions(self) -> Mapping[str, BotDefinition]:
        """The definitions of all current bots; a live view."""
        return self._definitions

    @property
    def agents(self) -> Mapping[str, Agent]:
        """The agent of each of ``definitions``."""
        return self._agents

    def definitions_of(self, owner: str) -> Mapping[str, BotDefinition]:
        """The definitions of the bots that this owner's clients may talk to: its own and those of the settings."""
        return _Visible(self._definitions, self._owners, owner)

    def agents_of(self, owner: str) -> Mapping[str, Agent]:
        """The agent of each of ``definitions_of``."""
        return _Visible(self._agents, self._owners, owner)

    def put(self, bot_id: str, profile: BotProfile, owner: str) -> None:
        """Add or replace a bot of this owner. Raises ProtocolError for an invalid profile."""
        agent = self._made(bot_id, profile)
        self._owners[bot_id] = owner
        self._definitions[bot_id], self._agents[bot_id] = agent.definition, agent

    def remove(self, bot_id: str) -> None:
        """Remove a bot: no new session begins with it; running sessions continue."""
        self._definitions.pop(bot_id, None)
        self._agents.pop(bot_id, None)
        self._owners.pop(bot_id, None)

    def put_published(self, records: Iterable[BotRecord]) -> None:
        """Add all published bots when the server starts. A bot whose model is gone is skipped, with a warning."""
        for record in records:
            try:
                if record.published is not None:
                    self.put(record.id, record.published, record.owner)
            except ProtocolError as fault:
                log.warning("bot %s cannot answer: %s", record.id, fault)

    async def check(self, profile: BotProfile) -> None:
        """Raise ProtocolError for an invalid profile, naming fields as REST does."""
        try:
            await self._made("", profile).check()
        except AgentError as fault:
            raise ProtocolError(BAD_REQUEST, f"prompt_info.prompt: {fault}") from fault

    def unlisted(self, profile: BotProfile) -> Agent:
        """An agent of this profile, which no session finds. Raises ProtocolError for an invalid profile."""
        return self._made("", profile)

    def model_of(self, profile: BotProfile) -> LanguageModel:
        """Return the profile's model. Raises InvalidField for an unknown one."""
        chosen = profile.model.model_id or next(iter(self.model_ids), "")
        if chosen not in self.settled.models:
            allowed = f"a bot of the settings, whose model is taken: {', '.join(self.model_ids) or 'there is none'}"
            raise InvalidField("model_info_config.model_id", chosen, allowed)
        return self.settled.models[chosen]

    def _made(self, bot_id: str, profile: BotProfile) -> LanguageModelBot:
        model = self.model_of(profile)
        tools = self._tools(profile.tools)
        definition = _definition(bot_id, profile, model)
        try:
            return LanguageModelBot(
                definition,
                model.current,
                server_tools=tools,
                attachments=self._attachments,
                workers=self._workers,
            )
        except AgentError as fault:
            raise ProtocolError(BAD_REQUEST, f"prompt_info.prompt: {fault}") from fault

    def _tools(self, chosen: Sequence[BotTools]) -> ServerTools:
        for wanted in chosen:
            if wanted.server not in self.tool_servers:
                allowed = f"an MCP server of the settings: {', '.join(self.tool_servers) or 'there is none'}"
                raise InvalidField("plugin_id_list.id_list.plugin_id", wanted.server, allowed)
            known = [tool.name for tool in self.tool_servers[wanted.server].tools]
            for name in wanted.tools:
                if name not in known:
                    raise InvalidField("plugin_id_list.id_list.api_id", name, f"a tool of {wanted.server}: {known}")
        only = {wanted.server: wanted.tools for wanted in chosen if wanted.tools}
        return ServerTools([self.tool_servers[wanted.server] for wanted in chosen], only=only)


def _definition(bot_id: str, profile: BotProfile, model: LanguageModel) -> BotDefinition:
    base, chosen = model.definition, profile.model
    return BotDefinition(
        id=bot_id,
        name=profile.name,
        description=profile.description,
        prompt=profile.prompt or DEFAULT_PROMPT,
        prologue=profile.prologue,
        suggested_questions=profile.suggested_questions,
        follow_up=profile.follow_up,
        follow_up_prompt=profile.follow_up_prompt,
        voice_id=profile.voice_id,
        temperature=base.temperature if chosen.temperature is None else chosen.temperature,
        top_p=base.top_p if chosen.top_p is None else chosen.top_p,
        top_k=chosen.top_k,
        presence_penalty=chosen.presence_penalty,
        frequency_penalty=chosen.frequency_penalty,
        max_tokens=base.max_tokens if chosen.max_tokens is None else chosen.max_tokens,
        answers_in_json=chosen.response_format == "json",
        context_rounds=chosen.context_round,
    )
