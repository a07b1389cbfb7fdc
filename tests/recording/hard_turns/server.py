"""The server of the recorded turns: real sockets, decoding and voice activity; scripted recognition, answers and voice.

python -m tests.recording.hard_turns.server FOLDER
"""

import asyncio
import dataclasses
import functools
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kouyu.agents.agent import AgentEvent, AgentRequest, TextDelta, TokenUsage, ToolCallRequest
from kouyu.assembly.runtime import Runtime
from kouyu.bench.measured_server import run_measured_server
from kouyu.bench.stub_engines import StubAgent, open_stub_services
from kouyu.domain.tool_calls import Function, ToolCall
from kouyu.recording.session_recorder import SessionRecorders, SessionRecording
from kouyu.session.connection import run_session
from kouyu.settings import Settings
from kouyu.store.store import Store

SLOW_S = 2.0
"""How long the answer to a question with "slow" in it takes to begin."""


class ScriptedAgent(StubAgent):
    """Calls a tool for a question with "weather" in it, and takes its time for one with "slow"."""

    async def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        """The answer."""
        question = request.messages[-1].content
        if "weather" in question and not request.tool_rounds:
            yield TextDelta("Let me look. ")
            yield ToolCallRequest((ToolCall(id="call 1", function=Function("weather", '{"city": "Rome"}')),))
            yield TokenUsage(10, 5)
            return
        if "slow" in question:
            await asyncio.sleep(SLOW_S)
        async for event in super().reply(request):
            yield event


@asynccontextmanager
async def open_sessions(settings: Settings, store: Store) -> AsyncIterator[Runtime]:
    """The runtime: every session is recorded."""
    async with open_stub_services(settings, store) as services:
        recorders = SessionRecorders(store.session_records, SessionRecording(sessions=True))
        agents = {bot_id: ScriptedAgent() for bot_id in services.bots}
        services = dataclasses.replace(services, session_recorders=recorders, agents=agents)
        yield Runtime(run_session=functools.partial(run_session, services=services), services=services)
        await recorders.close()


if __name__ == "__main__":
    run_measured_server(Path(sys.argv[1]), open_sessions)
