"""Runs all checks."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from kouyu.settings import Settings
from kouyu.start_check import agent_side, engine_side, process_side
from kouyu.start_check.finding import Finding


async def check_start(settings: Settings, folder: Path, database: str | Path) -> Sequence[Finding]:
    """Check what a server with these settings needs. ``folder`` is its data folder, ``database`` a path or URL.

    Nothing is written, loaded or started, and no model is asked anything: endpoints are asked what they have, MCP
    servers with a URL which tools they have. Programs (MCP servers with a command, flows) are looked for, not run.
    """
    of_process, of_engines, of_agents = await asyncio.gather(
        process_side.findings(settings, folder, database),
        engine_side.findings(settings),
        agent_side.findings(settings),
    )
    return (*of_process, *of_engines, *of_agents)
