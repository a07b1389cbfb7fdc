"""Recorded voices through the real stages: whose speech begins a turn, and whose interrupts."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evals.noise import Bench, Processing
from evals.noise_scenes import Scene, Voices, in_noise, others_in_turn
from kouyu.audio.pcm import Samples
from kouyu.audio.wav import read_listening_audio
from kouyu.engines.scheduler import Scheduler

pytestmark = pytest.mark.models

TARGET = "piper-en-us-joe"


@pytest.fixture(scope="module")
def voices(questions: Path) -> Voices:
    """The questions that come with kouyu, by voice."""
    by_voice: dict[str, list[tuple[str, Samples]]] = {}
    for entry in json.loads((questions / "index.json").read_text(encoding="utf-8")):
        sound = read_listening_audio(questions / entry["file"])
        by_voice.setdefault(entry["voice"], []).append((entry["text"], sound))
    return by_voice


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    scheduler = Scheduler(1)
    yield Bench(scheduler, recognizer=None)
    await scheduler.close()


async def heard(bench: Bench, scene: Scene, processing: Processing, voices: Voices, barge_in: bool) -> tuple[int, int]:
    """Of how many of the others' and of the target's sentences a turn began."""
    turns = (await bench.hear(scene, processing, voices, barge_in=barge_in)).turns
    begun = [sum(bool(turns.of(one)) for one in said) for said in (scene.by_others, scene.by_target)]
    return begun[0], begun[1]


@pytest.mark.parametrize("barge_in", [False, True])
async def test_other_voices_begin_no_turn_and_interrupt_nobody(bench: Bench, voices: Voices, barge_in: bool) -> None:
    scene = others_in_turn(voices, TARGET, ratio_db=0)
    everybody = len(scene.by_others), len(scene.by_target)
    assert min(everybody) >= 2
    assert await heard(bench, scene, "off", voices, barge_in) == everybody
    assert await heard(bench, scene, "pdns", voices, barge_in) == (0, everybody[1])


@pytest.mark.parametrize(("kind", "processing"), [("keyboard", "ans"), ("white", "pdns, enrolled")])
async def test_in_noise_the_target_is_still_heard(
    bench: Bench, voices: Voices, kind: str, processing: Processing
) -> None:
    scene = in_noise(others_in_turn(voices, TARGET, 10), kind, 10)
    assert (await heard(bench, scene, processing, voices, False))[1] == len(scene.by_target)
