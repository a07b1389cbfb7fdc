"""Measures the processor time of a turn by stage: one talker in free talk, with the real engines."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from itertools import cycle, islice
from pathlib import Path

import msgspec

from kouyu.bench.children import own_server
from kouyu.bench.generators import ask
from kouyu.bench.latency import WARM_UP_TURNS, Plan, open_live
from kouyu.bench.machine import Machine, this_machine
from kouyu.bench.modes import MODES, settle
from kouyu.bench.question_files import spoken_questions
from kouyu.bench.spoken_question import Language
from kouyu.bench.stage_times import Stage, StageTime


class StagesOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of the measurement."""

    tiers: Sequence[str | None]
    """Of the embedded language model, one after the other; None: that of the settings."""
    language: Language
    turns: int
    config: Path | None = None


class TierStages(msgspec.Struct, frozen=True, kw_only=True):
    """The results with one language model."""

    tier: str
    turns: int
    unanswered: int
    seconds: float
    """Of all turns, from one question to the next."""
    stages: dict[Stage, StageTime]
    """Of all turns, unanswered ones included."""


class StagesReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kouyu bench stages`` measured."""

    machine: Machine
    load_at_end: tuple[float, float, float]
    language: Language
    tiers: list[TierStages]


async def measure_stages(options: StagesOptions, *, on_turn: Callable[[str], None]) -> StagesReport:
    """Talk with a server for each tier; ``on_turn`` is called with the tier after each turn.

    Raises ServerDidNotStart, ChildBroke, RefusedByServer, ConnectionLost, OSError.
    """
    machine = this_machine()
    measured = [await _of_tier(tier, options, on_turn) for tier in options.tiers]
    return StagesReport(machine=machine, load_at_end=os.getloadavg(), language=options.language, tiers=measured)


async def _of_tier(tier: str | None, options: StagesOptions, on_turn: Callable[[str], None]) -> TierStages:
    name = tier or "of the settings"
    mode = MODES["free"]
    questions = cycle(spoken_questions(options.language))
    clock = asyncio.get_running_loop().time
    outcomes = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kouyu-bench-")))
        command = ["kouyu.bench.stage_server", str(folder)]
        command += ["--config", str(options.config)] if options.config is not None else []
        command += ["--tier", tier] if tier is not None else []
        address, server = await stack.enter_async_context(own_server(folder, *command))
        plan = Plan(server=address, modes=("free",), questions=(), turns=options.turns)
        live, _ = await stack.enter_async_context(open_live(plan, mode))

        async def used() -> dict[Stage, StageTime]:
            return msgspec.json.decode(await ask(server), type=dict[Stage, StageTime])

        for question in islice(questions, WARM_UP_TURNS):
            await mode.measure(live, question)
            await settle(live)
        began, before = clock(), await used()
        for question in islice(questions, options.turns):
            outcomes.append((await mode.measure(live, question)).outcome)
            await settle(live)
            on_turn(name)
        seconds, after = clock() - began, await used()
    return TierStages(
        tier=name,
        turns=len(outcomes),
        unanswered=outcomes.count("unanswered"),
        seconds=seconds,
        stages={stage: after[stage].since(before[stage]) for stage in after},
    )
