"""The load generator process: many clients that talk in real time.

    python -m kouyu.bench.load_generator URL[,URL...] TOKEN --mode MODE --language LANGUAGE
        [--turns TURNS] [--seed SEED]

A number on a line of stdin sets the number of clients; every line, also an empty one, is answered with a
GeneratorReport since the line before. The end of stdin ends the process. With ``--turns`` each client disconnects after
that many turns and reconnects, also if its connection was lost. Several servers are taken in turn. With ``--seed`` each
client asks the same questions in each run.
"""

import asyncio
import random
import sys
from typing import Final

import click
import uvloop

from kouyu.bench.load_client import Frames, LoadClient, Tally
from kouyu.bench.question_files import LANGUAGES, spoken_questions
from kouyu.bench.spoken_question import Language
from kouyu.client.voice_client import RefusedByServer, open_client

_OPEN_AT_ONCE: Final = 8
_CONNECTED_S: Final = 30.0
_REFUSED_S: Final = 0.5
"""Seconds that a refused client waits before it reconnects, unless the server says how long."""


class LoadGenerator:
    """The clients of this process, as tasks in ``tasks``."""

    def __init__(
        self,
        urls: list[str],
        token: str,
        mode: str,
        language: Language,
        turns: int | None,
        seed: int | None,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._urls, self._token, self._mode, self._turns, self._seed = urls, token, mode, turns, seed
        self._questions = [Frames(question) for question in spoken_questions(language)]
        self._tasks = tasks
        self._opening = asyncio.Semaphore(_OPEN_AT_ONCE)
        self._clients: list[asyncio.Task[None]] = []
        self._tally = Tally()

    async def obey(self, commands: asyncio.StreamReader) -> None:
        """Answer every line until the end of stdin; then end all clients."""
        while line := await commands.readline():
            if wanted := line.strip():
                await self._open(int(wanted))
            sys.stdout.buffer.write(self._tally.report() + b"\n")
            sys.stdout.flush()
        for client in self._clients:
            client.cancel()

    async def _open(self, wanted: int) -> None:
        """Open clients up to ``wanted``, and wait until they talk."""
        for number in range(len(self._clients), wanted):
            url = self._urls[number % len(self._urls)]
            chance = random.Random(None if self._seed is None else f"{self._seed}, client {number}")
            self._clients.append(self._tasks.create_task(self._client(url, chance)))
        async with asyncio.timeout(_CONNECTED_S):
            await self._tally.known(wanted)

    async def _client(self, url: str, chance: random.Random) -> None:
        while await self._talk(url, chance) or self._turns is not None:
            pass

    async def _talk(self, url: str, chance: random.Random) -> bool:
        """Run one connection; False if it failed or ended too early."""
        try:
            async with self._opening:
                connection = open_client(url, self._token)
                client = await connection.__aenter__()
        except (OSError, RefusedByServer) as fault:
            self._tally.one_lost(str(fault))
            wait = fault.try_again_s if isinstance(fault, RefusedByServer) else 0.0
            await asyncio.sleep(max(wait, _REFUSED_S))
            return False
        try:
            return await LoadClient(client, self._mode, self._questions, self._tally, chance).run(self._turns)
        finally:
            await connection.__aexit__(None, None, None)


async def generate(
    urls: list[str], token: str, mode: str, language: Language, turns: int | None, seed: int | None
) -> None:
    """Obey the commands on stdin."""
    commands = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    async with asyncio.TaskGroup() as tasks:
        await LoadGenerator(urls, token, mode, language, turns, seed, tasks).obey(commands)


@click.command()
@click.argument("urls")
@click.argument("token")
@click.option("--mode", type=click.Choice(("free", "push", "idle")), default="free")
@click.option("--language", type=click.Choice(LANGUAGES), default="en")
@click.option("--turns", type=click.IntRange(1), default=None)
@click.option("--seed", type=int, default=None)
def main(urls: str, token: str, mode: str, language: Language, turns: int | None, seed: int | None) -> None:
    """Talk with a server, many times at once."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(generate(urls.split(","), token, mode, language, turns, seed))


if __name__ == "__main__":
    main()
