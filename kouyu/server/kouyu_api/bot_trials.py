"""``/v1/kouyu/bots/...``: what bots can be made of, and a trial of one before it is saved (docs/diagnostics.md)."""

import asyncio
import time
from contextlib import aclosing
from typing import Annotated, Any, Final

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard
from msgspec import Meta, Struct

from kouyu.agents.agent import Agent, AgentError, AgentRequest, ContextMessage, TextDelta, TextWithdrawn, ToolsCalled
from kouyu.assembly.bot_directory import BotDirectory
from kouyu.domain.errors import FORBIDDEN, ProtocolError
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.bot_requests import BotBody
from kouyu.server.rest.typed import typed_body
from kouyu.store.bots import BotProfile
from kouyu.text.growing_text import GrowingText

_LIMIT_S: Final = 60.0
"""Longest trial, in seconds."""


class ChoosableModel(Struct, frozen=True):
    """A language model of the settings: ``model_id`` is the bot that it was configured for."""

    model_id: str
    model_name: str


class ChoosableTool(Struct, frozen=True):
    """A tool of an MCP server."""

    api_id: str
    description: str


class ChoosableServer(Struct, frozen=True):
    """An MCP server of the settings, with its tools; without any, it could not be reached."""

    plugin_id: str
    tools: tuple[ChoosableTool, ...]


class Choices(Struct, frozen=True):
    """What bots can be made of; the default model comes first."""

    models: tuple[ChoosableModel, ...]
    tool_servers: tuple[ChoosableServer, ...]


class TryBot(BotBody, frozen=True, kw_only=True):
    """A bot that is not saved, and a question for it."""

    question: Annotated[str, Meta(min_length=1, max_length=10_000)]


class Trial(Struct, frozen=True, kw_only=True):
    """The answer, or why there is none. Times are in ms; ``first_token_ms`` is null where no text came."""

    answer: str
    failure: str
    tools: tuple[str, ...]
    """The tools of MCP servers that ran."""
    first_token_ms: float | None
    took_ms: float


def bot_trial_routes(directory: BotDirectory, guard: Guard) -> list[HTTPRouteHandler]:
    """The route handlers."""

    @get(
        "/v1/kouyu/bots/choices",
        guards=[guard],
        opt=described("The models and tools that bots can have", "kouyu", data=Choices),
    )
    async def choices(request: Request[Any, Any, Any]) -> Response[bytes]:
        models = directory.settled.models
        return answer_success(
            request,
            Choices(
                tuple(ChoosableModel(name, models[name].current.now.endpoint.model) for name in directory.model_ids),
                tuple(
                    ChoosableServer(name, tuple(ChoosableTool(tool.name, tool.description) for tool in server.tools))
                    for name, server in directory.tool_servers.items()
                ),
            ),
        )

    @post(
        "/v1/kouyu/bots/try",
        guards=[guard],
        status_code=200,
        opt=described("Ask a bot that is not saved", "kouyu", body=TryBot, data=Trial),
    )
    async def try_bot(request: Request[Any, Any, Any]) -> Response[bytes]:
        if refusal := request.user.refuses_bot(""):
            raise ProtocolError(FORBIDDEN, refusal)
        given = await typed_body(request, TryBot)
        profile = given.over(BotProfile(name="trial"))
        await directory.check(profile)
        question = ContextMessage(role="user", content=given.question)
        asked = AgentRequest(messages=(question,), owner=request.user.owner)
        return answer_success(request, await _trial(directory.unlisted(profile), asked))

    return [choices, try_bot]


async def _trial(agent: Agent, request: AgentRequest) -> Trial:
    """Ask the agent once."""
    started = time.monotonic()
    answer, tools, failure = GrowingText(), list[str](), ""
    first: float | None = None

    def passed_ms() -> float:
        return round((time.monotonic() - started) * 1000, 1)

    try:
        async with asyncio.timeout(_LIMIT_S), aclosing(agent.reply(request)) as events:
            async for event in events:
                match event:
                    case TextDelta(text) if text:
                        first = passed_ms() if first is None else first
                        answer.add(text)
                    case TextWithdrawn(characters):
                        answer.withdraw(characters)
                    case ToolsCalled(calls):
                        tools += [call.function.name for call in calls]
                    case _:
                        pass
    except AgentError as fault:
        failure = str(fault)
    except TimeoutError:
        failure = f"the agent did not answer within {_LIMIT_S:.0f} s"
    return Trial(
        answer=str(answer).strip(),
        failure=failure,
        tools=tuple(tools),
        first_token_ms=first,
        took_ms=passed_ms(),
    )
