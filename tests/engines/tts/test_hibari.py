"""The default English voice, with its real model."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.paralinguistics.pitch import voiced_pitch
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.tts import hibari_model
from kouyu.engines.tts.edges import QUIET
from kouyu.engines.tts.engine import SynthesisOptions
from kouyu.engines.tts.hibari import MOST_PHONEMES, SAMPLE_RATE, VOICE, HibariSynthesizer, in_calls
from kouyu.engines.tts.hibari_model import FIRST_FRAMES, FRAME, MOST_FRAMES, HibariModel, whole_frames
from kouyu.model_files.onnx_messages import BadModel

SENTENCES = (
    "She ran out of the house, and the old dog followed her down to the river.",
    "What would you like to have for dinner this evening?",
    "There are three ways to get there, and the shortest is on foot.",
    "My name is Eleanor Vance, and I was born in Philadelphia.",
)
A_LONG_ONE = list(range(43, 70)) * 6


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Scheduler]:
    scheduler = Scheduler(1)
    yield scheduler
    asyncio.run(scheduler.close())


@pytest.fixture(scope="module")
def voice(scheduler: Scheduler) -> HibariSynthesizer:
    return asyncio.run(HibariSynthesizer.load(scheduler))


@pytest.fixture(scope="module")
def model() -> HibariModel:
    return HibariModel()


async def spoken(voice: HibariSynthesizer, text: str, rate: int = 0, emotion: str = "") -> NDArray[np.float32]:
    options = SynthesisOptions(voice_id=VOICE.voice_id, speech_rate=rate, emotion=emotion)
    pieces = [piece async for piece in voice.synthesize(text, options, Priority.SENTENCE)]
    assert {piece.sample_rate for piece in pieces} <= {SAMPLE_RATE}
    return np.concatenate([piece.samples for piece in pieces]) if pieces else np.zeros(0, np.float32)


def seconds(speech: NDArray[np.float32]) -> float:
    """Without the silence at both ends."""
    loud = np.flatnonzero(np.abs(speech) > QUIET)
    return float(loud[-1] - loud[0]) / SAMPLE_RATE


def pitch_of(speech: NDArray[np.float32]) -> float:
    return float(np.median(voiced_pitch(soxr.resample(speech, SAMPLE_RATE, SPEECH_RATE))))


async def test_a_sentence_is_as_loud_as_other_voices_with_little_silence_around(voice: HibariSynthesizer) -> None:
    speech = await spoken(voice, SENTENCES[0])
    assert speech.dtype == np.float32
    assert 20 * np.log10(np.sqrt(np.mean(speech**2))) == pytest.approx(-20, abs=2)
    assert 0.3 < np.abs(speech).max() <= 1.0
    assert len(speech) / SAMPLE_RATE - seconds(speech) < 0.12


async def test_the_same_text_gives_the_same_samples(voice: HibariSynthesizer) -> None:
    assert np.array_equal(await spoken(voice, SENTENCES[1]), await spoken(voice, SENTENCES[1]))


@pytest.mark.parametrize(("rate", "speed"), [(-50, 0.5), (-20, 0.8), (30, 1.3), (100, 2.0)])
async def test_the_speech_rate_is_true_within_a_twentieth(voice: HibariSynthesizer, rate: int, speed: float) -> None:
    normal, changed = [sum([seconds(await spoken(voice, text, each)) for text in SENTENCES]) for each in (0, rate)]
    assert normal / changed == pytest.approx(speed, rel=0.05)


async def test_an_emotion_changes_how_the_voice_speaks(voice: HibariSynthesizer) -> None:
    sad, plain = [await spoken(voice, SENTENCES[2], emotion=emotion) for emotion in ("sad", "")]
    assert np.mean(sad**2) < 0.7 * np.mean(plain**2)
    assert len(sad) > len(plain)


@pytest.mark.parametrize("silent", ["", " ", "...", "——", "？！", "你好，世界。"])
async def test_nothing_to_pronounce_gives_no_piece(voice: HibariSynthesizer, silent: str) -> None:
    assert not len(await spoken(voice, silent))


async def test_a_word_alone_is_spoken_and_letters_of_another_script_are_left_out(voice: HibariSynthesizer) -> None:
    assert seconds(await spoken(voice, "Yes.")) > 0.2
    assert np.array_equal(await spoken(voice, "I said 你好世界 to her."), await spoken(voice, "I said  to her."))


async def test_closing_the_stream_stops_the_work(
    voice: HibariSynthesizer, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    in_parts = hibari_model._in_parts

    def counted(*arguments: object, **named: object) -> Iterator[NDArray[np.float32]]:
        for part in in_parts(*arguments, **named):  # type: ignore[arg-type]
            made.append(len(part))
            yield part

    monkeypatch.setattr(hibari_model, "_in_parts", counted)
    text = " ".join(SENTENCES * 3)
    options = SynthesisOptions(voice_id=VOICE.voice_id)
    async with aclosing(voice.synthesize(text, options, Priority.SENTENCE)) as pieces:
        async for piece in pieces:
            if len(piece.samples):
                break
    await scheduler.run(lambda _: None, Priority.SENTENCE)
    begun = sum(made)
    assert begun < 4 * SAMPLE_RATE
    await spoken(voice, text)
    assert sum(made) > 30 * SAMPLE_RATE


def test_the_first_part_is_short_and_no_part_is_long(model: HibariModel) -> None:
    lengths = [len(part) / FRAME for part in model.speak(A_LONG_ONE, speed=1.0)]
    assert lengths[0] <= FIRST_FRAMES
    assert len(lengths) > 3
    assert max(lengths) <= MOST_FRAMES + FIRST_FRAMES


def test_the_parts_are_the_speech_of_the_whole(model: HibariModel, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoNoise:
        def standard_normal(self, shape: tuple[int, int], dtype: type[np.float32]) -> NDArray[np.float32]:
            return np.zeros(shape, dtype)

    # Noise is drawn in the order of the parts.
    monkeypatch.setattr(np.random, "default_rng", lambda _: NoNoise())
    parts = np.concatenate(list(model.speak(A_LONG_ONE, speed=1.0)))
    (whole,) = model.speak(A_LONG_ONE, speed=1.0, whole=True)
    assert len(parts) == len(whole)
    assert np.abs(whole).max() > 0.1
    # The network rounds to 8 bits by the loudest value of each run.
    assert np.mean((parts - whole) ** 2) < 0.01 * np.mean(whole**2)


def test_durations_are_rounded_to_whole_frames_and_their_sum_stays() -> None:
    exact = np.array([13.2, *np.linspace(1, 9.4, 60), 12.7, 6.1, 0.9], np.float32)
    frames = whole_frames(exact)
    assert frames.min() >= 1
    assert frames.sum() == pytest.approx(exact.sum(), abs=1)


@pytest.mark.parametrize("rate", [-50, 100])
async def test_the_pitch_stays_at_another_speech_rate(voice: HibariSynthesizer, rate: int) -> None:
    normal, changed = [pitch_of(await spoken(voice, SENTENCES[0], each)) for each in (0, rate)]
    assert changed == pytest.approx(normal, rel=0.05)


def test_phonemes_are_split_between_words() -> None:
    assert list(in_calls("ab cd ef", 5)) == ["ab cd", "ef"]
    assert list(in_calls("abcdefgh ij", 3)) == ["abc", "def", "gh", "ij"]
    assert list(in_calls("", 3)) == [""]
    assert all(len(part) <= MOST_PHONEMES for part in in_calls("wˈɜɹd " * 500, MOST_PHONEMES))


def test_another_release_of_the_package_is_reported_with_the_command_that_helps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def other_names(*_: object) -> bytes:
        raise BadModel("no operator gives f0")

    monkeypatch.setattr(hibari_model, "cut_out", other_names)
    with pytest.raises(EngineUnavailable, match=r"no operator gives f0.*pip install 'hibari-tts==0.2.1'"):
        HibariModel()
