"""Fuzzes a server that it starts, while a well-behaved client holds a conversation.

    make fuzz ARGS="--seed 1 --minutes 10"

The server is the real one. Its upstreams (models, voice, recogniser, a flow) are stand-ins in another process, half of
them hostile (peers.py). Fuzzing clients send valid and invalid data; meanwhile the well-behaved client asks spoken
questions in frames of 20 ms. The report shows how late the server processed its frames, beside the client's own
lateness, and the event loop's callbacks that took too much CPU time. The run fails if the server died or logged a
traceback, if that client lost its connection or an answer, or if an answer broke the rules.
"""

import asyncio
import contextlib
import os
import random
import re
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, get_args

import click
import msgspec

from bench.fuzz.audio_cases import AudioCases
from bench.fuzz.findings import Findings
from bench.fuzz.frame_client import FrameClient
from bench.fuzz.report import FuzzReport, print_report
from bench.fuzz.rest_client import RestClient
from bench.fuzz.server import ServerReport
from bench.fuzz.socket_client import SocketClient
from bench.fuzz.sounds import Sounds
from bench.fuzz.uplink_cases import UplinkCases
from bench.fuzz.values import Values
from kouyu.bench.children import ChildBroke, ServerAddress, child, own_server
from kouyu.bench.generators import ask
from kouyu.bench.load_client import GeneratorReport
from kouyu.protocol.coze.audio_endpoint_uplink import AudioEndpointName
from kouyu.protocol.coze.configuration_schema import configuration_schema

ROOT: Final = Path(__file__).parents[2]
_BOTS: Final = ("bot_id=hostile", "bot_id=hostile", "bot_id=calm", "bot_id=calm&workflow_id=hostile")
_ENTITIES: Final = ("entity_id=calm", "entity_id=hostile", "entity_type=bot", "entity_type=workflow&entity_id=hostile")
_BEGINS_A_RECORD: Final = re.compile(r"\d\S* .*(DEBUG|INFO|WARNING|ERROR|CRITICAL) ")
_LINES_SHOWN: Final = 60
_CONFIG: Final = """\
[server]
port = 0
https_port = 0
default_bot = "calm"
max_sessions = 200

[overload]
refuse = false

[engines]
asr = "openai"
tts = ["openai"]
openai_asr = {{ base_url = "{speech}/v1", model = "stand-in" }}
openai_tts = {{ base_url = "{speech}/v1", model = "stand-in", voices = [{{ name = "calm" }}, {{ name = "hostile" }}] }}

[fetching]
allow_private = true

[[bots]]
id = "calm"
model = {{ base_url = "{speech}/calm/v1", model = "stand-in" }}

[[bots]]
id = "hostile"
model = {{ base_url = "{peers}/hostile/v1", model = "stand-in", images = true }}
tools = [{{ type = "function", function = {{ name = "lookup", parameters = {{ type = "object" }} }} }}]

[[flows]]
id = "hostile"
url = "{peers}/hostile/flow"
"""


class FuzzOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done: for so many ``minutes``, or until so many ``events`` were sent."""

    seed: int = 1
    minutes: float | None = None
    events: int | None = None
    clients: int = 2
    """Fuzzing clients on ``/v1/chat``, beside one on each audio endpoint, one of REST and one of frames."""
    largest: int = 8_000_000
    """Characters of the largest text, and bytes of the largest sound."""
    endless_s: float = 20.0
    """Length of a stand-in's endless answers."""
    uvloop: bool = False
    answers: int = 1
    """Of the well-behaved client, which are waited for before the end."""


async def fuzz(options: FuzzOptions) -> FuzzReport:
    """Start everything, fuzz, and report. Raises ServerDidNotStart."""
    os.environ["PYTHONPATH"] = str(ROOT)
    findings = Findings()
    with tempfile.TemporaryDirectory(prefix="kouyu-fuzz-") as name:
        folder = Path(name)
        for child_folder in ("speech", "peers", "server", "calm"):
            (folder / child_folder).mkdir()
        stand_ins = ("bench.fuzz.peers", str(options.seed), str(options.endless_s))
        # Those that the well-behaved client needs too are not to wait for a hostile answer that is being made up.
        async with (
            own_server(folder / "speech", *stand_ins) as (speech, _),
            own_server(folder / "peers", *stand_ins) as (
                peers,
                _,
            ),
        ):
            config = folder / "server" / "kouyu.toml"
            config.write_text(_CONFIG.format(peers=peers.http, speech=speech.http))
            command = ["bench.fuzz.server", str(folder / "server"), "--config", str(config)]
            command += ["--uvloop"] if options.uvloop else []
            async with own_server(folder / "server", *command) as (address, process):
                began = time.monotonic()
                calm = await _beside_a_calm_client(options, address, peers, folder / "calm", findings)
                died, measured = process.returncode is not None, None
                if not died:
                    with contextlib.suppress(ChildBroke):
                        measured = msgspec.json.decode(await ask(process), type=ServerReport)
            log = (folder / "server" / "log").read_text(encoding="utf-8", errors="replace")
    return FuzzReport(
        seed=options.seed,
        seconds=round(time.monotonic() - began, 1),
        sent=dict(findings.sent.most_common()),
        faults=findings.faults,
        fault_count=findings.fault_count,
        server_died=died or measured is None,
        server=measured,
        calm=calm,
        tracebacks=tracebacks(log),
        held=re.findall(r"the event loop (?:was|has been) blocked.*", log),
    )


async def _fuzz_until_signal(options: FuzzOptions) -> FuzzReport:
    """SIGTERM ends it as Ctrl-C does, children and all."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await fuzz(options)


async def _beside_a_calm_client(
    options: FuzzOptions, address: ServerAddress, peers: ServerAddress, folder: Path, findings: Findings
) -> GeneratorReport | None:
    """Fuzz while the well-behaved client talks; what it has seen in the end."""
    async with child(folder, "kouyu.bench.load_generator", address.http, address.token, "--mode", "free") as generator:
        await ask(generator, "1")
        await _fuzz_until(options, address, peers, findings)
        seen = msgspec.json.decode(await ask(generator), type=GeneratorReport)
        answers, unanswered = list(seen.answers), seen.unanswered
        while not seen.lost and len(answers) + unanswered < options.answers:
            await asyncio.sleep(1)
            later = msgspec.json.decode(await ask(generator), type=GeneratorReport)
            answers += later.answers
            unanswered += later.unanswered
            seen = msgspec.structs.replace(later, lateness=seen.lateness)
        return msgspec.structs.replace(seen, answers=answers, unanswered=unanswered)


async def _fuzz_until(options: FuzzOptions, address: ServerAddress, peers: ServerAddress, findings: Findings) -> None:
    ends_at = time.monotonic() + 60 * options.minutes if options.minutes is not None else None

    def goes_on() -> bool:
        if options.events is not None and findings.sent.total() >= options.events:
            return False
        return ends_at is None or time.monotonic() < ends_at

    async with asyncio.TaskGroup() as tasks:
        for number in range(options.clients):
            seeded = random.Random(f"{options.seed} chat {number}")
            cases = UplinkCases(
                Values(seeded, options.largest),
                configuration_schema(),
                Sounds(seeded, options.largest // 2),
                f"{peers.http}/files",
            )
            chat = SocketClient(address.http, address.token, _BOTS, cases, findings, goes_on)
            tasks.create_task(chat.run())
        for name in get_args(AudioEndpointName):
            seeded = random.Random(f"{options.seed} {name}")
            values, sounds = Values(seeded, options.largest), Sounds(seeded, options.largest // 2)
            audio_cases = AudioCases(name, values, configuration_schema(), sounds)
            audio = SocketClient(address.http, address.token, _ENTITIES, audio_cases, findings, goes_on)
            tasks.create_task(audio.run())
        seeded = random.Random(f"{options.seed} rest")
        values, sounds = Values(seeded, options.largest), Sounds(seeded, options.largest // 2)
        tasks.create_task(RestClient(address.http, address.token, values, sounds, findings, goes_on).run())
        seeded = random.Random(f"{options.seed} frames")
        tasks.create_task(FrameClient(address.http, address.token, seeded, findings, goes_on).run())


def tracebacks(log: str) -> list[str]:
    """Each error of a server's log, with the traceback behind it where there is one, and tracebacks without."""
    lines = log.splitlines()
    found: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        if line.startswith("Traceback ") or " ERROR " in line or " CRITICAL " in line:
            end = number + 1
            while end < len(lines) and not _BEGINS_A_RECORD.match(lines[end]):
                end += 1
            found.append("\n".join(lines[number : min(end, number + _LINES_SHOWN)]))
            number = end
        else:
            number += 1
    return found


@click.command()
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--minutes", type=click.FloatRange(0.1), default=5.0, show_default=True)
@click.option("--clients", type=click.IntRange(1), default=2, show_default=True, help="Fuzzing clients on /v1/chat.")
@click.option("--largest", type=click.IntRange(1), default=8_000_000, show_default=True, help="Characters of a text.")
@click.option("--uvloop", is_flag=True, help="The event loop of `kouyu serve`; callbacks are not measured then.")
def main(**options: object) -> None:
    """Fuzz a server of its own."""
    report = asyncio.run(_fuzz_until_signal(msgspec.convert(options, FuzzOptions)))
    print_report(report)
    sys.exit(report.failed)


if __name__ == "__main__":
    main()
