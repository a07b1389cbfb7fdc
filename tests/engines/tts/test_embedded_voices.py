"""Piper and Kokoro with their real weights."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.tts.engine import AudioPiece, SpeechSynthesizer, SynthesisOptions
from kouyu.engines.tts.kokoro import KokoroSynthesizer
from kouyu.engines.tts.piper import PiperOptions, PiperSynthesizer
from kouyu.weights.cache import folder

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Scheduler]:
    scheduler = Scheduler(1)
    yield scheduler
    asyncio.run(scheduler.close())


@pytest.fixture(scope="module")
def piper(scheduler: Scheduler) -> PiperSynthesizer:
    return asyncio.run(PiperSynthesizer.load(scheduler, folder("piper-joe")))


@pytest.fixture(scope="module")
def kokoro(scheduler: Scheduler) -> KokoroSynthesizer:
    return asyncio.run(KokoroSynthesizer.load(scheduler, folder("kokoro")))


async def pieces(engine: SpeechSynthesizer, text: str, speech_rate: int = 0, emotion: str = "") -> list[AudioPiece]:
    options = SynthesisOptions(voice_id=engine.voices()[0].voice_id, speech_rate=speech_rate, emotion=emotion)
    return [piece async for piece in engine.synthesize(text, options, Priority.SENTENCE)]


def samples(spoken: list[AudioPiece]) -> NDArray[np.float32]:
    return np.concatenate([piece.samples for piece in spoken])


async def test_piper_speaks_in_pieces_of_its_rate_within_full_scale(piper: PiperSynthesizer) -> None:
    spoken = await pieces(piper, "There was a little dog, who lived in a very big house.")
    assert len(spoken[0].samples) < 22_050 / 4 < len(samples(spoken[1:]))
    assert {piece.sample_rate for piece in spoken} == {22_050}
    heard = samples(spoken)
    assert heard.dtype == np.float32
    assert 0.2 < np.abs(heard).max() <= 1.0
    assert 1.5 < len(heard) / 22_050 < 6.0


async def test_piper_says_the_same_each_time_where_it_is_not_to_vary(
    piper: PiperSynthesizer, scheduler: Scheduler
) -> None:
    text = "The sky is blue today."
    even = await PiperSynthesizer.load(scheduler, folder("piper-joe"), PiperOptions(variation=0))
    one, other = [samples(await pieces(even, text)) for _ in range(2)]
    assert other == pytest.approx(one, abs=1e-4)
    assert len({samples(await pieces(piper, text)).tobytes() for _ in range(2)}) == 2


async def test_kokoro_speaks_mandarin_in_pieces(kokoro: KokoroSynthesizer) -> None:
    spoken = await pieces(kokoro, "今天天气很好，我们去公园。")
    assert len(spoken[0].samples) < 24_000 / 2 < len(samples(spoken[1:]))
    assert {piece.sample_rate for piece in spoken} == {24_000}
    heard = samples(spoken)
    assert heard.dtype == np.float32
    assert 0.2 < np.abs(heard).max() <= 1.0
    assert 1.5 < len(heard) / 24_000 < 6.0


async def test_kokoro_speaks_with_a_voice_that_it_has_not_spoken_with_before(kokoro: KokoroSynthesizer) -> None:
    options = SynthesisOptions(voice_id="kokoro-jm-kumo")
    spoken = [piece async for piece in kokoro.synthesize("天空很蓝。", options, Priority.SENTENCE)]
    assert 0.5 < len(samples(spoken)) / 24_000 < 3.0


@pytest.mark.parametrize(("speech_rate", "longer"), [(-50, 2.0), (100, 0.5)])
async def test_the_speech_rate_changes_the_length(
    piper: PiperSynthesizer, kokoro: KokoroSynthesizer, speech_rate: int, longer: float
) -> None:
    for engine, text in ((piper, "The sky is blue today."), (kokoro, "这是个好问题。")):
        changed, normal = [len(samples(await pieces(engine, text, rate))) for rate in (speech_rate, 0)]
        assert changed / normal == pytest.approx(longer, rel=0.25)


async def test_an_emotion_changes_how_the_voice_speaks(piper: PiperSynthesizer) -> None:
    text = "It is raining, and nobody wants to go out for a walk today."  # short ones vary in length by themselves
    sad, plain = [samples(await pieces(piper, text, emotion=emotion)) for emotion in ("sad", "")]
    assert np.abs(sad).max() < np.abs(plain).max()
    assert len(sad) > len(plain)


@pytest.mark.parametrize("silent", ["", " ", "...", "——", "？！"])
async def test_nothing_to_pronounce_gives_no_piece(
    piper: PiperSynthesizer, kokoro: KokoroSynthesizer, silent: str
) -> None:
    assert await pieces(piper, silent) == []
    assert await pieces(kokoro, silent) == []


async def test_kokoro_lists_its_voices_the_clearest_first_and_refuses_others(kokoro: KokoroSynthesizer) -> None:
    ids = [voice.voice_id for voice in kokoro.voices()]
    assert ids[0] == "kokoro-jf-gongitsune"
    assert set(ids) == {
        f"kokoro-{name}" for name in ("jf-alpha", "jf-gongitsune", "jf-nezumi", "jf-tebukuro", "jm-kumo")
    }
    assert {voice.voice_id: voice.gender for voice in kokoro.voices()}["kokoro-jm-kumo"] == "male"
    with pytest.raises(EngineError, match="nobody"):
        kokoro.synthesize("你好", SynthesisOptions(voice_id="nobody"), Priority.SENTENCE)


async def test_a_folder_without_weights_is_said_with_the_command_that_helps(
    scheduler: Scheduler, tmp_path: Path
) -> None:
    with pytest.raises(EngineUnavailable, match="kouyu models fetch piper-joe"):
        await PiperSynthesizer.load(scheduler, tmp_path)
    with pytest.raises(EngineUnavailable, match="kouyu models fetch kokoro"):
        await KokoroSynthesizer.load(scheduler, tmp_path)


async def test_piper_leaves_out_what_its_phonemiser_would_spell(piper: PiperSynthesizer) -> None:
    assert await pieces(piper, "你好，世界。") == []
    spoken = samples(await pieces(piper, "I said 你好世界 to her."))
    assert len(spoken) < 1.5 * len(samples(await pieces(piper, "I said to her.")))
