"""Pipecat's side of the comparison: its bot in a process of its own, on kouyu's weights and kouyu's language model."""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from bench.peers.pipecat_client import pipecat_turns
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.embedded.engine import load
from kouyu.agents.embedded.plan import EmbeddedOptions
from kouyu.assembly.bots import open_bots
from kouyu.bench.children import START_S, ServerDidNotStart
from kouyu.bench.latency import WARM_UP_TURNS
from kouyu.bench.spoken_question import SpokenQuestion
from kouyu.bench.turn import Turn
from kouyu.settings import Settings
from kouyu.weights import cache

BOT: Final = Path(__file__).with_name("pipecat_bot.py")
_STOP_S: Final = 10.0


class PeerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be measured."""

    python: Path
    """The interpreter of the peer's own environment."""
    turns: int
    barges: int
    whisper: str
    """The name of a weight set."""
    end_of_turn: Literal["silence", "smart"]
    silence_ms: int


async def measure_pipecat(options: PeerOptions, questions: Sequence[SpokenQuestion]) -> dict[str, list[Turn]]:
    """The turns by mode, the first of each not counted. Raises ServerDidNotStart, ConnectionLost, OSError."""
    measured: dict[str, list[Turn]] = {}
    async with _bot(options) as port, pipecat_turns(port) as live:
        for mode, measure, count in (("free", live.free, options.turns), ("barge", live.barge, options.barges)):
            turns = []
            for question in islice(cycle(questions), WARM_UP_TURNS + count if count else 0):
                turns.append(await measure(question))
                await live.settle()
            measured[mode] = turns[WARM_UP_TURNS:]
    return {mode: turns for mode, turns in measured.items() if turns}


@contextlib.asynccontextmanager
async def _bot(options: PeerOptions) -> AsyncIterator[int]:
    """The bot with kouyu's default bot's language model, prompt and examples; gives its port."""
    async with contextlib.AsyncExitStack() as stack:
        embedded = await load(EmbeddedOptions(tier="tiny"))
        stack.push_async_callback(embedded.close)
        bots = await stack.enter_async_context(open_bots(Settings().bots, embedded=embedded))
        (agent,) = bots.agents.values()
        assert isinstance(agent, LanguageModelBot)
        asked = agent.model.now
        model = asked.endpoint
        ((system, *examples), *_) = await agent.openings(asked.guidance)
        told: dict[str, Any] = {
            "port": _free_port(),
            "base_url": model.base_url,
            "api_key": model.api_key,
            "model": model.model,
            "body": model.body,
            "system": system["content"],
            "opening": examples,
            "whisper": str(cache.folder(options.whisper)),
            "voice": str(cache.folder("piper-joe") / "en_US-joe-medium.onnx"),
            "end_of_turn": options.end_of_turn,
            "silence_ms": options.silence_ms,
        }
        process = await asyncio.create_subprocess_exec(
            *(str(options.python), str(BOT), json.dumps(told)),
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
            # Its Whisper would take four threads on any machine, and wait for them where there are two cores.
            env={**os.environ, "OMP_NUM_THREADS": str(len(os.sched_getaffinity(0)))},
        )
        try:
            yield await _ready(process)
        finally:
            await _stop(process)


async def _ready(process: asyncio.subprocess.Process) -> int:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_S):
            while line := await process.stdout.readline():
                if line.startswith(b"{"):  # libraries print there too
                    return int(json.loads(line)["port"])
    except TimeoutError:
        pass
    raise ServerDidNotStart("the Pipecat bot did not start; above is what it said")


async def _stop(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
