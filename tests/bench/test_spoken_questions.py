import numpy as np
import pytest

from kouyu.audio.pcm import Samples
from kouyu.bench.question_files import LANGUAGES, spoken_questions
from kouyu.bench.speech_bounds import NoSpeech, speech_bounds
from kouyu.bench.spoken_question import SpokenQuestion, edit_distance, long_announcement
from kouyu.domain.speech_rate import SPEECH_RATE

FRAME = 80


def tone(seconds: float, amplitude: float = 0.3) -> Samples:
    time = np.arange(int(seconds * SPEECH_RATE)) / SPEECH_RATE
    return (amplitude * np.sin(2 * np.pi * 200 * time)).astype(np.float32)


def quiet(seconds: float, dbfs: float = -75.0) -> Samples:
    noise = np.random.default_rng(1).normal(0, 10 ** (dbfs / 20), int(seconds * SPEECH_RATE))
    return noise.astype(np.float32)


def question(samples: Samples) -> SpokenQuestion:
    return SpokenQuestion("q", "en", "What's the capital of France?", samples)


def test_speech_ends_with_its_last_sound_and_not_with_the_file() -> None:
    samples = np.concatenate((quiet(0.4), tone(1.0), quiet(0.7)))
    start, end = speech_bounds(samples)
    assert abs(start - 0.4 * SPEECH_RATE) <= FRAME
    assert abs(end - 1.4 * SPEECH_RATE) <= FRAME


def test_a_pause_inside_does_not_end_the_speech() -> None:
    samples = np.concatenate((tone(0.5), quiet(0.6), tone(0.5), quiet(0.3)))
    assert speech_bounds(samples)[1] == pytest.approx(1.6 * SPEECH_RATE, abs=FRAME)


def test_a_soft_last_syllable_belongs_to_the_speech_but_a_breath_does_not() -> None:
    soft, breath = tone(0.2, 0.3 / 10), tone(0.3, 0.3 / 300)
    end = speech_bounds(np.concatenate((tone(0.5), soft, breath)))[1]
    assert end == pytest.approx(0.7 * SPEECH_RATE, abs=FRAME)


@pytest.mark.parametrize("samples", [quiet(1.0), np.zeros(0, np.float32), np.zeros(100, np.float32)])
def test_a_recording_without_speech_is_refused(samples: Samples) -> None:
    with pytest.raises(NoSpeech):
        speech_bounds(samples)


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("abc", "xabc", 1), ("ab", "ba", 2)],
)
def test_edit_distance(one: str, other: str, distance: int) -> None:
    assert edit_distance(one, other) == edit_distance(other, one) == distance


@pytest.mark.parametrize("heard", ["What's the capital of France?", "what is the capital of France"])
def test_other_spellings_count_as_right(heard: str) -> None:
    assert question(tone(0.1)).understood(heard)


@pytest.mark.parametrize("heard", ["", "What's the capital?", "What's the capital of friends?", "of France?"])
def test_other_words_count_as_wrong(heard: str) -> None:
    assert not question(tone(0.1)).understood(heard)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_that_comes_with_kouyu_can_be_played(language: str) -> None:
    questions = spoken_questions(language)  # type: ignore[arg-type]
    assert len(questions) >= 3
    for one in questions:
        assert one.language == language
        assert 0 <= one.speech_start < one.speech_end <= len(one.samples)
        assert one.understood(one.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_long_announcement_fits_into_one_event(language: str) -> None:
    text = long_announcement(language)  # type: ignore[arg-type]
    assert 800 < len(text.encode()) <= 1024
