"""How often a window is decoded: once where the first transcript is certain, again where it is in doubt."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kouyu.audio.wav import read_listening_audio
from kouyu.engines.asr.bias import Bias
from kouyu.engines.asr.decoding import Whisper
from kouyu.engines.asr.task import Task, WhisperOptions
from kouyu.engines.scheduler import CancelToken
from kouyu.weights import cache

pytestmark = pytest.mark.models


class Watched:
    """CTranslate2's model, with a list of the languages and beam widths it decoded with."""

    def __init__(self, model: Any, vocabulary: Any) -> None:
        self._model = model
        self._languages = {vocabulary.request(code)[1]: code for code in ("en", "zh")}
        self.decoded: list[tuple[str, int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def generate(self, encoded: Any, requests: list[list[int]], **options: Any) -> Any:
        self.decoded += [(self._languages[request[1]], options["beam_size"]) for request in requests]
        return self._model.generate(encoded, requests, **options)


@pytest.fixture(scope="module")
def whisper() -> Whisper:
    return Whisper(cache.folder("whisper-base"), WhisperOptions())


@pytest.fixture
def watched(whisper: Whisper, monkeypatch: pytest.MonkeyPatch) -> Watched:
    model = Watched(whisper._model, whisper._vocabulary)
    monkeypatch.setattr(whisper, "_model", model)
    return model


def both_at_once(questions: Path) -> NDArray[np.float32]:
    """An English and a Mandarin question over each other, so that neither words nor language are certain."""
    english, mandarin = (read_listening_audio(questions / f"{name}.wav") for name in ("en-sky", "zh-weather"))
    length = max(len(english), len(mandarin))
    mixed = 0.35 * np.pad(english, (0, length - len(english))) + 0.65 * np.pad(mandarin, (0, length - len(mandarin)))
    return np.asarray(mixed, np.float32)


def final(language: str | None = None) -> Task:
    return Task(language, Bias(), beam=5, attempts=1)


def test_certain_speech_is_decoded_once(whisper: Whisper, watched: Watched, questions: Path) -> None:
    heard = whisper.listen(read_listening_audio(questions / "en-capital.wav"), final(), CancelToken())
    assert heard.text == "What is the capital of France?"
    assert watched.decoded == [("en", 1)]


def test_speech_in_doubt_is_decoded_in_both_languages_and_with_beams(
    whisper: Whisper, watched: Watched, questions: Path
) -> None:
    heard = whisper.listen(both_at_once(questions), final(), CancelToken())
    first, second, *beams = watched.decoded
    assert {first, second} == {("en", 1), ("zh", 1)}
    assert beams == [(heard.language, 5)]


def test_in_a_language_that_is_told_only_the_words_are_in_doubt(
    whisper: Whisper, watched: Watched, questions: Path
) -> None:
    whisper.listen(both_at_once(questions), final("en"), CancelToken())
    assert watched.decoded == [("en", 1), ("en", 5)]


def test_an_interim_transcript_gets_no_second_decoding(whisper: Whisper, watched: Watched, questions: Path) -> None:
    whisper.listen(both_at_once(questions), Task(None, Bias(), beam=1, attempts=1), CancelToken())
    assert len(watched.decoded) == 1
