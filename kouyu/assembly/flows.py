"""Builds the flows of the settings."""

import asyncio
import importlib
import inspect
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from kouyu.agents.agent import Agent, AgentError
from kouyu.agents.flow import Flow, FlowFunction
from kouyu.agents.flow_endpoint import FlowEndpoint, FlowEndpointDefinition
from kouyu.assembly.secrets import with_bearer
from kouyu.settings.bots import FlowSettings


@asynccontextmanager
async def open_flows(chosen: Sequence[FlowSettings]) -> AsyncIterator[Mapping[str, Agent]]:
    """Open the flows, by id and by each alias; close them when the block ends. Raises AgentError for a missing or
    unsuitable function."""
    async with AsyncExitStack() as stack:
        flows: dict[str, Agent] = {}
        for settings in chosen:
            flow = await _flow(settings)
            stack.push_async_callback(flow.close)
            flows |= dict.fromkeys((settings.id, *settings.aliases), flow)
        yield flows


async def _flow(settings: FlowSettings) -> Agent:
    if settings.callable:
        # On a thread: importing runs the operator's program, which may be slow.
        function = await asyncio.to_thread(_function, settings)
        return Flow(settings.id, function, parameters=settings.parameters, ask_early=settings.ask_early)
    definition = FlowEndpointDefinition(
        id=settings.id,
        url=settings.url,
        headers=with_bearer(f"flow {settings.id}", settings.headers, settings.token_env),
        parameters=settings.parameters,
        timeout_s=settings.timeout_s,
        ask_early=settings.ask_early,
    )
    return FlowEndpoint(definition)


def _function(settings: FlowSettings) -> FlowFunction:
    module_name, _, name = settings.callable.partition(":")
    if settings.folder not in sys.path:
        sys.path.append(settings.folder)
    try:
        function = getattr(importlib.import_module(module_name), name)
    except Exception as fault:  # importing runs the operator's program, which may raise anything
        raise AgentError(f"flow {settings.id}: {settings.callable}: {type(fault).__name__}: {fault}") from fault
    if not (inspect.isasyncgenfunction(function) or inspect.iscoroutinefunction(function)):
        raise AgentError(f"flow {settings.id}: {settings.callable} is neither an async generator nor an async function")
    found: FlowFunction = function
    return found
