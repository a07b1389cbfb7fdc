"""Compares two addresses of the same engines, in alternate requests: what a balancer or Ray Serve's ingress costs.

    python -m bench.engine_addresses http://127.0.0.1:8090 http://127.0.0.1:8000/recognition [--times 60]

The same requests as those of a server go to both: what the process serves, which takes no work; the transcript of an
English question, and the first piece and the whole of a sentence's speech, where both serve these kinds.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Final

import click
import httpx
import msgspec

from kouyu.bench.question_files import spoken_questions
from kouyu.engines.asr.engine import RecognitionOptions
from kouyu.engines.remote import wire
from kouyu.engines.remote.wire import Description, RecognitionWork, RemoteKind, SentAudio, SynthesisWork
from kouyu.engines.tts.engine import SynthesisOptions
from kouyu.engines.work import Priority

PATIENCE_S: Final = 60.0
SENTENCE: Final = "The capital of France is Paris."
URGENT: Final = {wire.PRIORITY: wire.priority_name(Priority.FINAL)}

Request = Callable[[httpx.AsyncClient], Awaitable[tuple[float, ...]]]
"""Makes a request, and gives the seconds that it took: to the beginning of the answer where that matters, and whole."""


async def described(client: httpx.AsyncClient) -> tuple[float, ...]:
    began = time.perf_counter()
    (await client.get(wire.DESCRIPTION_PATH)).raise_for_status()
    return (time.perf_counter() - began,)


def work(kind: RemoteKind, body: bytes) -> Request:
    """Work with the same body each time."""

    async def done(client: httpx.AsyncClient) -> tuple[float, ...]:
        began, first = time.perf_counter(), 0.0
        async with client.stream("POST", wire.PATHS[kind], content=body, headers=URGENT) as response:
            response.raise_for_status()
            async for _ in response.aiter_raw():
                first = first or time.perf_counter() - began
        return (first, time.perf_counter() - began) if kind == "tts" else (time.perf_counter() - began,)

    return done


def requests(here: Description, there: Description) -> dict[tuple[str, ...], Request]:
    """The requests that both answer, by the names of their times."""
    made: dict[tuple[str, ...], Request] = {("description",): described}
    if "asr" in here.kinds and "asr" in there.kinds:
        samples, encoding = wire.encoded_audio(spoken_questions("en")[0].samples)
        audio = SentAudio(samples=samples, encoding=encoding)
        body = RecognitionWork(audio=audio, options=RecognitionOptions(language="en"))
        made["transcript",] = work("asr", wire.encoded(body))
    voices = [voice.voice_id for voice in here.voices if voice in there.voices and "en" in voice.languages]
    if voices:
        speech = SynthesisWork(text=SENTENCE, options=SynthesisOptions(voice_id=voices[0]))
        made["first piece of speech", "whole speech"] = work("tts", wire.encoded(speech))
    return made


async def compare(urls: tuple[str, str], token: str, times: int) -> None:
    """Make the requests, and print what they took."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    clients = [httpx.AsyncClient(base_url=url, headers=headers, timeout=PATIENCE_S, trust_env=False) for url in urls]
    try:
        answers = [(await client.get(wire.DESCRIPTION_PATH)).raise_for_status().content for client in clients]
        here, there = (msgspec.json.decode(answer, type=Description) for answer in answers)
        for names, request in requests(here, there).items():
            took: tuple[list[tuple[float, ...]], ...] = ([], [])
            for number in range(-1, times):
                for client, side in zip(clients, took, strict=True):
                    seconds = await request(client)
                    if number >= 0:  # the first one warms up
                        side.append(seconds)
            for name, one, other in zip(names, *(zip(*side, strict=True) for side in took), strict=True):
                ratios = [second / first for first, second in zip(one, other, strict=True)]
                sys.stdout.write(
                    f"{name:22} {1000 * statistics.median(one):7.1f} ms, {1000 * statistics.median(other):7.1f} ms; "
                    f"median of the ratios {statistics.median(ratios):.2f}\n"
                )
    finally:
        for client in clients:
            await client.aclose()


@click.command()
@click.argument("url")
@click.argument("other_url")
@click.option("--times", type=click.IntRange(1), default=60, help="How often each request is made.")
@click.option("--token-env", default="KOUYU_ENGINES_TOKEN", help="The environment variable with the token of both.")
def main(url: str, other_url: str, times: int, token_env: str) -> None:
    """Compare two addresses of engines."""
    asyncio.run(compare((url, other_url), os.environ.get(token_env, ""), times))


if __name__ == "__main__":
    main()
