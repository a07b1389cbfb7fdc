"""Checks the agents: prompts and keys of bots, their models' endpoints, flows, and the servers of tools."""

import ast
import asyncio
import importlib.machinery
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from kouyu import extras
from kouyu.agents.agent import AgentError
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.mcp_server import McpServer
from kouyu.assembly import bots, tool_servers
from kouyu.assembly.secrets import with_bearer
from kouyu.settings import Settings
from kouyu.settings.bots import BotSettings, FlowSettings, McpServerSettings
from kouyu.start_check.engine_side import model_finding
from kouyu.start_check.finding import Finding, error, good, warning
from kouyu.start_check.reaching import CannotReach, ask, models_at


async def findings(settings: Settings) -> Sequence[Finding]:
    """Check them all, at the same time."""
    found = await asyncio.gather(
        *(_bot(bot) for bot in settings.bots),
        *(_flow(flow) for flow in settings.flows),
        *(_tool_server(server) for server in settings.mcp_servers),
    )
    tracing = [await _collector(settings.tracing.endpoint)] if settings.tracing.endpoint else []
    return [*found, *tracing]


async def _bot(bot: BotSettings) -> Finding:
    subject = f"bot {bot.id}"
    try:
        if bot.model.kind == "coze":
            return await _coze_bot(subject, bot)
        endpoint = bots.endpoint_of(bot)
        made = LanguageModelBot(bots.definition_of(bot), endpoint)
        try:
            await made.check()
        finally:
            await made.close()
        if not bot.model.base_url:
            return good(subject, "on the built-in language model")
        key = {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
        listed = await models_at(endpoint.base_url, {**key, **endpoint.headers})
    except (AgentError, CannotReach) as fault:
        return error(subject, str(fault))
    return model_finding(subject, endpoint.base_url, endpoint.model, listed)


class _Wrapped(msgspec.Struct, frozen=True):
    """A Coze server's answer (rest.md 1)."""

    code: int = 0
    msg: str = ""


async def _coze_bot(subject: str, bot: BotSettings) -> Finding:
    endpoint = bots.coze_endpoint_of(bot)
    url = f"{endpoint.base_url.rstrip('/')}/v1/bots/{endpoint.bot_id}"
    status, body = await ask(url, {"Authorization": f"Bearer {endpoint.token}", **endpoint.headers})
    try:
        answer = msgspec.json.decode(body, type=_Wrapped) if body else _Wrapped()
    except msgspec.DecodeError:
        return error(subject, f"{endpoint.base_url} is no Coze server: its answer is not JSON")
    if answer.code:
        return error(subject, f"{endpoint.base_url} refuses bot {endpoint.bot_id} ({answer.code}): {answer.msg}")
    if status != 200:
        return warning(subject, f"{endpoint.base_url} answers HTTP {status} for bot {endpoint.bot_id}")
    return good(subject, f"bot {endpoint.bot_id} on {endpoint.base_url}")


async def _flow(flow: FlowSettings) -> Finding:
    subject = f"flow {flow.id}"
    if flow.callable:
        return await asyncio.to_thread(_function, subject, flow)
    try:
        headers = with_bearer(subject, flow.headers, flow.token_env)
        await ask(flow.url, headers, method="HEAD")
    except (AgentError, CannotReach) as fault:
        return error(subject, str(fault))
    return good(subject, flow.url)


def _function(subject: str, flow: FlowSettings) -> Finding:
    """Look for the function in its file, without importing it: that would run the operator's program."""
    module_name, _, name = flow.callable.partition(":")
    file = _file_of(module_name, [*sys.path, flow.folder])
    if file is None:
        return error(subject, f"{flow.callable}: there is no module {module_name} in {flow.folder} or on Python's path")
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (OSError, SyntaxError, ValueError) as fault:
        return error(subject, f"{flow.callable}: {fault}")
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    match defined.get(name):
        case ast.AsyncFunctionDef():
            return good(subject, f"{flow.callable} in {file}")
        case ast.FunctionDef():
            return error(subject, f"{flow.callable} is neither an async generator nor an async function")
        case _:
            return warning(subject, f"{file} defines no function {name!r} itself; it may import it")


def _file_of(module_name: str, path: list[str]) -> Path | None:
    spec, places = None, path
    for depth in range(module_name.count(".") + 1):
        name = ".".join(module_name.split(".")[: depth + 1])
        spec = importlib.machinery.PathFinder.find_spec(name, places)
        if spec is None:
            return None
        places = list(spec.submodule_search_locations or ())
    return Path(spec.origin) if spec is not None and spec.origin else None


async def _tool_server(settings: McpServerSettings) -> Finding:
    subject = f"MCP server {settings.name}"
    try:
        definition = tool_servers.definition_of(settings)
        if settings.command:
            if (program := shutil.which(settings.command, path=definition.env.get("PATH"))) is None:
                return error(subject, f"there is no program {settings.command!r} to start")
            return good(subject, f"{program}, which the start runs")
        server = McpServer(definition)
        try:
            await server.start()
            tools = ", ".join(tool.name for tool in server.tools) or "none"
        finally:
            await server.close()
    except AgentError as fault:
        return error(subject, str(fault))
    return good(subject, f"{settings.url}; tools: {tools}")


async def _collector(url: str) -> Finding:
    if extras.missing(("opentelemetry",)):
        return error("tracing", f"tracing.endpoint needs an extra: {extras.how_to_install('opentelemetry')}")
    try:
        await ask(url, {}, method="HEAD")
    except CannotReach as fault:
        return error("tracing", str(fault))
    return good("tracing", url)
