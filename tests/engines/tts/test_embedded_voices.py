"""Piper and Kokoro with their real weights."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.tts.edges import KEPT_AFTER, KEPT_BEFORE
from kouyu.engines.tts.engine import AudioPiece, SpeechSynthesizer, SynthesisOptions
from kouyu.engines.tts.english import english_phonemes
from kouyu.engines.tts.kokoro import FIRST_VOICES, LEVEL, KokoroSynthesizer
from kouyu.engines.tts.learnt_voices import speech_level
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
    return asyncio.run(KokoroSynthesizer.load(scheduler, folder("kokoro"), voices=folder("kokoro-voices")))


async def pieces(
    engine: SpeechSynthesizer, text: str, speech_rate: int = 0, emotion: str = "", voice: str = ""
) -> list[AudioPiece]:
    voice = voice or engine.voices()[0].voice_id
    options = SynthesisOptions(voice_id=voice, speech_rate=speech_rate, emotion=emotion)
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


@pytest.mark.parametrize(
    ("voice", "text"),
    [
        ("piper-en-us-joe", "The sky is blue today, and the sun shines."),
        ("kokoro-zf-xiaoyi", "这是个很好的问题，我来想一想。"),
        ("kokoro-jf-gongitsune", "好的，没问题。"),
        ("kokoro-af-heart", "Sure, no problem."),
    ],
)
async def test_the_speech_rate_is_right_to_a_twentieth(
    scheduler: Scheduler, kokoro: KokoroSynthesizer, voice: str, text: str
) -> None:
    engine: SpeechSynthesizer = kokoro
    if voice == "piper-en-us-joe":
        engine = await PiperSynthesizer.load(scheduler, folder("piper-joe"), PiperOptions(variation=0))

    async def seconds(speech_rate: int) -> float:
        """Of the speech, without the soft sounds that are kept around it."""
        spoken = await pieces(engine, text, speech_rate, voice=voice)
        rate = spoken[0].sample_rate
        return len(samples(spoken)) / rate - KEPT_BEFORE - KEPT_AFTER

    normal = await seconds(0)
    for speech_rate in (-50, 50, 100):
        assert normal / await seconds(speech_rate) == pytest.approx(1 + speech_rate / 100, rel=0.05), speech_rate


async def test_all_voices_of_kokoro_have_one_level(kokoro: KokoroSynthesizer) -> None:
    voices = ("kokoro-zf-xiaoxiao", "kokoro-zm-yunyang", "kokoro-jf-gongitsune")  # -17, -25 and -21 dB by themselves
    levels = [speech_level(samples(await pieces(kokoro, "这个问题很有意思。", voice=voice)), 300) for voice in voices]
    assert max(levels) - min(levels) < 2.5
    assert np.mean(levels) == pytest.approx(LEVEL, abs=1.5)


async def test_a_voice_that_was_measured_once_is_ready_in_every_later_process(
    scheduler: Scheduler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = tmp_path / "kokoro"
    few.mkdir()
    for name in ("kokoro.onnx", "vocab.json"):
        (few / name).symlink_to(folder("kokoro") / name)
    with np.load(folder("kokoro") / "voices.npz") as voices:
        np.savez(few / "voices.npz", jf_alpha=voices["jf_alpha"], jm_kumo=voices["jm_kumo"])

    async def both_speak() -> None:
        engine = await KokoroSynthesizer.load(scheduler, few, learnt=tmp_path / "learnt")
        await engine.all_measured()
        for voice in engine.voices():
            assert await pieces(engine, "好。", voice=voice.voice_id)
        await engine.close()

    await both_speak()
    assert len(list((tmp_path / "learnt").iterdir())) == 2
    monkeypatch.setattr("kouyu.engines.tts.kokoro_model.measuring_part_of", lambda file: pytest.fail("measured again"))
    await both_speak()


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


RECORDED_IN_JAPANESE = ["jf-alpha", "jf-gongitsune", "jf-nezumi", "jf-tebukuro", "jm-kumo"]


async def test_kokoro_lists_native_voices_first_and_refuses_unknown_ones(kokoro: KokoroSynthesizer) -> None:
    ids = [voice.voice_id.removeprefix("kokoro-") for voice in kokoro.voices()]
    assert ids[0] == FIRST_VOICES[0].replace("_", "-")
    assert [name[0] for name in ids] == [*("z" * 8), *("a" * 9), *("b" * 4), *("j" * 5)]
    assert ids[-5:] == RECORDED_IN_JAPANESE
    voices = {voice.voice_id: voice for voice in kokoro.voices()}
    assert voices["kokoro-zm-yunxi"].languages == ("zh", "en")
    assert voices["kokoro-zm-yunxi"].gender == "male"
    assert voices["kokoro-bf-emma"].languages == ("en", "zh")
    with pytest.raises(EngineError, match="nobody"):
        kokoro.synthesize("你好", SynthesisOptions(voice_id="nobody"), Priority.SENTENCE)


async def test_british_voices_speak_british_english(kokoro: KokoroSynthesizer, monkeypatch: pytest.MonkeyPatch) -> None:
    spoken: dict[str, str] = {}

    def noted(text: str, *, british: bool = False) -> str:
        spoken[text] = english_phonemes(text, british=british)
        return spoken[text]

    monkeypatch.setattr("kouyu.engines.tts.kokoro.english_phonemes", noted)
    for voice, text, expected in (
        ("kokoro-bf-emma", "My bath.", "bˈɑːθ"),
        ("kokoro-bm-george", "My car.", "kˈɑː."),
        ("kokoro-af-heart", "My tomato.", "təmˈATO"),
    ):
        speech = kokoro.synthesize(text, SynthesisOptions(voice_id=voice), Priority.SENTENCE)
        assert [piece async for piece in speech]
        assert expected in spoken[text]


async def test_without_the_native_voices_the_others_speak(scheduler: Scheduler) -> None:
    others = await KokoroSynthesizer.load(scheduler, folder("kokoro"))
    await others.close()
    assert others.voices()[0].voice_id == "kokoro-jf-gongitsune"
    assert {voice.voice_id for voice in others.voices()} == {f"kokoro-{name}" for name in RECORDED_IN_JAPANESE}


async def test_a_folder_without_weights_is_reported_with_the_command_that_helps(
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
