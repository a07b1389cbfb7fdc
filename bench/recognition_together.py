"""Final transcripts for speakers who ask without a pause, recognised one by one and together, in alternate runs.

python -m bench.recognition_together [--seconds 5] [--rounds 3] [--threads 1]
"""

import asyncio
import statistics
import sys
import time
from unittest.mock import patch

import click
import msgspec

from kouyu.audio.pcm import Samples
from kouyu.bench.question_files import LANGUAGES, spoken_questions
from kouyu.engines.asr.engine import RecognitionOptions
from kouyu.engines.asr.task import WhisperOptions
from kouyu.engines.asr.whisper import WhisperRecognizer
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.weights import cache

SPEAKERS = (1, 3, 6, 12)
MOST = (1, 2, 4)
"""Transcripts that are made at once."""


class Run(msgspec.Struct, frozen=True):
    """What a run gave."""

    latency_ms: float
    per_second: float
    cpu_ms: float
    """Of one transcript."""


async def run(recognizer: WhisperRecognizer, audio: list[Samples], speakers: int, most: int, seconds: float) -> Run:
    """Let so many speakers ask for so long."""
    took: list[float] = []
    begin, cpu = time.monotonic(), time.process_time()

    async def speaker(number: int) -> None:
        while time.monotonic() < begin + seconds:
            asked = time.monotonic()
            await recognizer.recognize(audio[number % len(audio)], RecognitionOptions(), Priority.FINAL)
            took.append(time.monotonic() - asked)
            number += 1

    with patch("kouyu.engines.scheduler.MOST_TOGETHER", most):
        await asyncio.gather(*map(speaker, range(speakers)))
    spent = time.monotonic() - begin, time.process_time() - cpu
    return Run(1000 * statistics.fmean(took), len(took) / spent[0], 1000 * spent[1] / len(took))


async def compare(seconds: float, rounds: int, threads: int) -> None:
    """Print the medians of all runs."""
    audio = [question.samples for language in LANGUAGES for question in spoken_questions(language)]
    scheduler = Scheduler(2)
    recognizer = WhisperRecognizer(cache.folder("whisper-base"), scheduler, WhisperOptions(threads=threads))
    await recognizer.warm_up()
    runs: dict[tuple[int, int], list[Run]] = {(speakers, most): [] for speakers in SPEAKERS for most in MOST}
    for _ in range(rounds):
        for (speakers, most), done in runs.items():
            done.append(await run(recognizer, audio, speakers, most, seconds))
    await scheduler.close()
    for (speakers, most), done in runs.items():
        latency, per_second, cpu = (
            statistics.median(getattr(each, field) for each in done) for field in Run.__struct_fields__
        )
        sys.stdout.write(
            f"{speakers:2} speakers, at most {most} together: {latency:5.0f} ms, {per_second:.1f} a second, "
            f"{cpu:.0f} ms of processor time each\n"
        )


@click.command()
@click.option("--seconds", type=click.FloatRange(1), default=5.0)
@click.option("--rounds", type=click.IntRange(1), default=3)
@click.option("--threads", type=click.IntRange(1), default=1)
def main(seconds: float, rounds: int, threads: int) -> None:
    """Compare recognition one by one and together."""
    asyncio.run(compare(seconds, rounds, threads))


if __name__ == "__main__":
    main()
