"""What the workers of the tests' servers open: functions that a worker process finds by their names."""

import asyncio
import contextlib
import dataclasses
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

from kouyu.agents.agent import AgentError, AgentEvent, AgentRequest, TextDelta
from kouyu.assembly.bot_directory import BotDirectory
from kouyu.assembly.bots import Bots
from kouyu.assembly.other_servers import following_other_servers
from kouyu.assembly.runtime import Runtime
from kouyu.assembly.text_chats import text_chats
from kouyu.bench.stub_engines import open_stub_services
from kouyu.serving.socket import Socket
from kouyu.session.connection import run_session
from kouyu.settings import Settings
from kouyu.store.store import Store
from tests.server.conftest import echo_session

HANG = "hang"
"""A question that is never answered."""
WAIT = "wait"
"""A question that is answered once the file GO is in the folder."""
FAIL = "fail"
"""A question that the agent cannot answer."""
FOLDER_VARIABLE = "KOUYU_TEST_FOLDER"
"""The environment variable with the folder in which tests leave GO, and CRASH."""
GO = "go"
CRASH = "crash"
"""With this file in the folder, a worker ends while it starts."""


def in_folder(name: str) -> bool:
    return (Path(os.environ[FOLDER_VARIABLE]) / name).exists()


@contextlib.asynccontextmanager
async def failing(settings: Settings, store: Store) -> AsyncIterator[Runtime]:
    """A worker that cannot start, for a reason that the user can mend."""
    if settings.server.workers:
        raise AgentError("the bot kouyu has no model")
    yield Runtime(run_session=echo_session)


@contextlib.asynccontextmanager
async def crashing(settings: Settings, store: Store) -> AsyncIterator[Runtime]:
    """A worker with a mistake in it."""
    if settings.server.workers:
        raise ZeroDivisionError
    yield Runtime(run_session=echo_session)


class CountingAgent:
    """Says how many messages of the conversation it was given. See HANG, WAIT, FAIL."""

    async def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        question = str(request.messages[-1].content)
        if HANG in question:
            await asyncio.Event().wait()
        if WAIT in question:
            while not in_folder(GO):  # noqa: ASYNC110 - what the test does is waited for
                await asyncio.sleep(0.02)
        if FAIL in question:
            raise AgentError("it has no answer")
        yield TextDelta(f"I know {len(request.messages)}.")

    async def close(self) -> None:
        """Nothing to free."""


@contextlib.asynccontextmanager
async def conversing(settings: Settings, store: Store) -> AsyncIterator[Runtime]:
    """Conversations on stub engines, with a CountingAgent. They begin with an event that says in which process."""

    async def named_session(socket: Socket, **named: Any) -> None:
        await socket.send(json.dumps({"event_type": "process", "data": {"pid": os.getpid()}}))
        await run_session(socket, services=services, **named)

    if in_folder(CRASH):
        raise ZeroDivisionError
    async with open_stub_services(settings, store) as opened:
        agent = CountingAgent()
        services = dataclasses.replace(opened, agents=dict.fromkeys(settings.bot_ids, agent))
        bots = BotDirectory(Bots(services.bots, services.agents, {}, {}))
        chats = text_chats(services, bots, limit=settings.server.max_sessions)
        async with following_other_servers(services, bots, chats):
            yield Runtime(
                run_session=named_session,
                bots=bots,
                chats=chats,
                services=services,
            )
