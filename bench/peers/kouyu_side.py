"""kouyu's side of the comparison: `kouyu serve` with its default settings, measured as `kouyu bench latency` does."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.peers.pipecat_side import PeerOptions
from kouyu.bench.children import own_server, serve_command
from kouyu.bench.latency import Plan, measure
from kouyu.bench.spoken_question import SpokenQuestion
from kouyu.bench.turn import Turn


async def measure_kouyu(options: PeerOptions, questions: Sequence[SpokenQuestion]) -> dict[str, list[Turn]]:
    """The turns by mode. Raises ServerDidNotStart, ConnectionLost, OSError."""
    with tempfile.TemporaryDirectory(prefix="kouyu-bench-") as name:
        folder = Path(name)
        config = folder / "kouyu.toml"
        config.write_text(
            f'[engines]\ntts = ["piper"]\n\n[engines.whisper]\nweights = "{options.whisper}"\n', encoding="utf-8"
        )
        turns: dict[str, list[Turn]] = {}
        async with own_server(folder, *serve_command(folder, config, tier="tiny")) as (server, _):
            for mode, count in (("free", options.turns), ("barge", options.barges)):
                if count:
                    plan = Plan(server=server, modes=[mode], questions=questions, turns=count)
                    (result,) = await measure(plan, on_turn=lambda mode: None)
                    turns[mode] = result.turns
        return turns
