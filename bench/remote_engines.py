"""Compares spoken turns with embedded engines and with engines in another process, on this machine, in alternate turns.

    python -m bench.remote_engines [--turns 8] [--unix]

One server has its engines in it, the other one asks a process of `kouyu engines`; both ask the same scripted language
model. In turn each gets the same English questions, spoken in real time, in push to talk. The figures are ratios of
remote to embedded: latency, and processor time of all processes; and the bytes that a turn sends to the engines.
"""

import asyncio
import contextlib
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import click
import httpx
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from kouyu.audio.pcm import Samples, bytes_from_float
from kouyu.bench.children import ServerAddress, child, own_server, serve_command
from kouyu.bench.process_usage import usage
from kouyu.bench.question_files import spoken_questions
from kouyu.bench.scripted_model import MODEL, scripted_model
from kouyu.client.voice_client import UPLINK_AUDIO, VoiceClient, open_client

PATIENCE_S: Final = 60.0
ENGINES: Final = '[engines]\ntts = ["hibari"]\n'
REMOTE: Final = """[engines]
asr = "remote"
tts = ["remote"]
turn = "remote"
voiceprint = "remote"
[engines.remote]
urls = ["{url}"]
"""
BOT: Final = """[[bots]]
id = "bench"
[bots.model]
base_url = "{model}"
model = "{name}"
"""


class Side(msgspec.Struct, frozen=True):
    """A server, with the processes that work for it."""

    name: str
    address: ServerAddress
    processes: tuple[int, ...]

    @property
    def cpu_s(self) -> float:
        """Processor time of all processes so far."""
        return sum(usage(pid).cpu_s for pid in self.processes)


class Turn(msgspec.Struct, frozen=True):
    """What one turn took."""

    transcript_ms: float
    """From the release of the button to the transcript,"""
    first_audio_ms: float
    """and to the first audio of the answer."""
    cpu_ms: float


class _Engines(msgspec.Struct, frozen=True):
    url: str
    pid: int


async def turn(side: Side, samples: Samples) -> Turn:
    """Ask one question aloud, and wait for the whole answer."""
    before = side.cpu_s
    async with asyncio.timeout(PATIENCE_S), open_client(side.address.http, side.address.token) as client:
        await client.send("chat.update", {"input_audio": UPLINK_AUDIO, "turn_detection": {"type": "client_interrupt"}})
        await client.stream(bytes_from_float(samples))
        released = asyncio.get_running_loop().time()
        await client.send("input_audio_buffer.complete")
        at = await _times(client)
    return Turn(
        1000 * (at["conversation.audio_transcript.completed"] - released),
        1000 * (at["conversation.audio.delta"] - released),
        1000 * (side.cpu_s - before),
    )


async def _times(client: VoiceClient) -> dict[str, float]:
    """The first time of each type of event, until the chat has completed."""
    at: dict[str, float] = {}
    async for event in client.events():
        at.setdefault(event.type, event.at)
        if event.type == "conversation.chat.failed":
            raise RuntimeError(f"a turn failed: {event.data.get('last_error')}")
        if event.type == "conversation.chat.completed":
            break
    return at


@contextlib.asynccontextmanager
async def sides(folder: Path, *, unix: bool) -> AsyncIterator[tuple[Side, Side, str]]:
    """The embedded and the remote side, and the URL of the engines' metrics ("" behind a Unix socket)."""
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(scripted_model("en"))
        bot = BOT.format(model=model, name=MODEL)

        async def server(name: str, engines: str) -> ServerAddress:
            place = folder / name
            place.mkdir()
            (place / "kouyu.toml").write_text(engines + bot)
            started, _ = await stack.enter_async_context(own_server(place, *serve_command(place, place / "kouyu.toml")))
            return started

        (folder / "engines").mkdir()
        (folder / "engines" / "kouyu.toml").write_text(ENGINES)
        where = ("--unix", "engines.sock") if unix else ("--port", "0")
        process = await stack.enter_async_context(child(folder / "engines", "kouyu", "engines", "--print-json", *where))
        assert process.stdout is not None
        engines = msgspec.json.decode(await process.stdout.readline(), type=_Engines)
        embedded = await server("embedded", ENGINES)
        remote = await server("remote", REMOTE.format(url=engines.url))
        yield (
            Side("embedded", embedded, (embedded.pid,)),
            Side("remote", remote, (remote.pid, engines.pid)),
            "" if unix else engines.url,
        )


async def received_bytes(url: str) -> float:
    """The bytes of all requests to the engines so far."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{url}/metrics")).text
    families = text_string_to_metric_families(text)
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "kouyu_engine_received_bytes_total"
    )


async def compare(turns: int, unix: bool) -> None:
    """Run the turns, and print what they took."""
    questions = [question.samples for question in spoken_questions("en")]
    with tempfile.TemporaryDirectory(prefix="kouyu-bench-") as folder:
        async with sides(Path(folder), unix=unix) as (embedded, remote, url):
            for side in (embedded, remote):
                await turn(side, questions[0])
            before = await received_bytes(url) if url else 0.0
            done: dict[str, list[Turn]] = {embedded.name: [], remote.name: []}
            for number in range(turns):
                for side in (embedded, remote):
                    done[side.name].append(await turn(side, questions[number % len(questions)]))
            after = await received_bytes(url) if url else 0.0
    for field in Turn.__struct_fields__:
        here, there = ([getattr(each, field) for each in done[name]] for name in (embedded.name, remote.name))
        ratios = [one / other for one, other in zip(there, here, strict=True)]
        sys.stdout.write(
            f"{field:15} embedded {statistics.median(here):6.0f}, remote {statistics.median(there):6.0f}; "
            f"ratio of the medians {statistics.median(there) / statistics.median(here):.2f}, "
            f"median of the ratios {statistics.median(ratios):.2f}\n"
        )
    if url:
        audio = statistics.fmean(len(questions[number % len(questions)]) for number in range(turns)) * 2
        sys.stdout.write(
            f"to the engines: {(after - before) / turns / 1000:.0f} kB a turn; its question is {audio / 1000:.0f} kB\n"
        )


@click.command()
@click.option("--turns", type=click.IntRange(1), default=8, help="Turns of each side.")
@click.option(
    "--unix", is_flag=True, help="Reach the engines by a Unix socket instead of TCP; then no bytes are counted."
)
def main(turns: int, unix: bool) -> None:
    """Compare remote engines with embedded ones."""
    asyncio.run(compare(turns, unix))


if __name__ == "__main__":
    main()
