"""Measures latency: single turns in real time, in every mode of talking."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import cycle, islice
from typing import Any, Final

import msgspec
from websockets.exceptions import ConnectionClosed

from kouyu.bench.children import ServerAddress
from kouyu.bench.microphone import Microphone
from kouyu.bench.modes import MODES, Live, Mode, settle
from kouyu.bench.received import ConnectionLost, Received, is_type
from kouyu.bench.spoken_question import SpokenQuestion
from kouyu.bench.turn import Turn
from kouyu.client.voice_client import UPLINK_AUDIO, open_client

WARM_UP_TURNS: Final = 2
"""Turns at the start of each mode that are not counted."""
_CONFIGURED_S: Final = 10.0
_OUTPUT: Final = {"codec": "pcm", "pcm_config": {"sample_rate": 24_000}}


class ModeResult(msgspec.Struct, frozen=True, kw_only=True):
    """The results of one mode."""

    mode: str
    turns: list[Turn]
    configuration: dict[str, Any]
    """The configuration in force, as the server reported it."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The measurement's plan."""

    server: ServerAddress
    modes: Sequence[str]
    questions: Sequence[SpokenQuestion]
    """Asked in turn."""
    turns: int
    bot_id: str | None = None
    voice_id: str | None = None
    user_language: str | None = None


async def measure(plan: Plan, *, on_turn: Callable[[str], None]) -> list[ModeResult]:
    """Measure mode after mode; ``on_turn`` is called with the mode after each turn.

    Raises ConnectionLost, RefusedByServer, OSError.
    """
    return [await _measure_mode(plan, name, on_turn) for name in plan.modes]


async def _measure_mode(plan: Plan, name: str, on_turn: Callable[[str], None]) -> ModeResult:
    mode = MODES[name]
    turns: list[Turn] = []
    async with open_live(plan, mode) as (live, configuration):
        for number, question in enumerate(islice(cycle(plan.questions), WARM_UP_TURNS + plan.turns)):
            turn = await mode.measure(live, question)
            if number >= WARM_UP_TURNS:
                turns.append(turn)
                on_turn(name)
            await settle(live)
    return ModeResult(mode=name, turns=turns, configuration=configuration)


@contextlib.asynccontextmanager
async def open_live(plan: Plan, mode: Mode) -> AsyncIterator[tuple[Live, dict[str, Any]]]:
    """A connection configured for a mode, and the configuration in force."""
    async with open_client(plan.server.http, plan.server.token, bot_id=plan.bot_id) as client:
        live = Live(client, Received(client), Microphone(client))
        try:
            async with asyncio.TaskGroup() as tasks:
                background = [tasks.create_task(live.received.run())]
                await client.send("chat.update", _configuration(plan, mode))
                updated = await live.received.wait(is_type("chat.updated"), since=0, seconds=_CONFIGURED_S)
                if updated is None:
                    raise ConnectionLost("the server did not answer chat.update")
                if mode.open_microphone:
                    background.append(tasks.create_task(live.microphone.stay_open()))
                yield live, updated.data
                for task in background:
                    task.cancel()
        except* (ConnectionLost, ConnectionClosed) as lost:
            reason = next((one for one in lost.exceptions if isinstance(one, ConnectionLost)), None)
            raise reason or ConnectionLost("the server closed the connection") from None


def _configuration(plan: Plan, mode: Mode) -> dict[str, Any]:
    configuration: dict[str, Any] = {"input_audio": UPLINK_AUDIO, "output_audio": _OUTPUT, **mode.configuration}
    if plan.voice_id:
        configuration["output_audio"] = {**configuration["output_audio"], "voice_id": plan.voice_id}
    if plan.user_language:
        configuration["asr_config"] = {"user_language": plan.user_language}
    return configuration
