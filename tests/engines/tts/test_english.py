"""English phonemes, by the front end of hibari-tts."""

import json
import logging

import pytest

from kouyu.engines.tts import english
from kouyu.engines.tts.english import LONGEST_WORD, english_phonemes
from kouyu.engines.tts.hibari_package import asset

LETTERS = frozenset(json.loads(asset("vocab.json")))


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("Hello there.", "həlˈO ðˈɛɹ."),
        # Words that are spelled alike.
        ("I read it yesterday, and I will read it again.", "ˌI ɹˈɛd ɪt jˈɛstəɹdˌA, ænd ˌI wɪl ɹˈid ɪt əɡˈɛn."),
        ("They live close to the live show.", "ðˌA lˈɪv klˈOs tə ðə lˈIv ʃˈO."),
        ("He wound the bandage round the wound.", "hˌi wˈWnd ðə bˈændɪʤ ɹˈWnd ðə wˈund."),
        # Initials and acronyms: spelled, or read as a word.
        ("J K Rowling", "ʤˈA kˈA ɹˈOlɪŋ"),
        ("The FBI and NASA", "ði ˌɛfbˌiˈI ænd nˈæsə"),
        ("two DVDs and a PhD", "tˈu dˌivˌidˈiz ænd ɐ pˌiˈAʧ dˈi"),
        # Apostrophes, also those that word processors write.
        ("didn’t", "dˈɪdᵊnt"),
        ("the boys' dogs", "ðə bˈYz dˈɔɡz"),
        ("James’s cats", "ʤˈAmzᵻz kˈæts"),
        # Names and words that no lexicon has.
        ("Beijing", "bˌAʤˈɪŋ"),
        ("Beyoncé", "bˌAənsˈA"),
        ("Kubernetes", "kjˈubəɹnˌits"),
        # Digits that the spoken form left, and letters beside them.
        ("MP3", "ˌɛmpˈi θɹˈi"),
        # The package's own normalisation would make "number" and "Sunday" of these.
        ("I said no.", "ˌI sˈɛd nˈO."),
        ("We saw the sun.", "wˌi sˈɔ ðə sˈʌn."),
    ],
)
def test_a_text_becomes_phonemes(text: str, phonemes: str) -> None:
    assert english_phonemes(text) == phonemes


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("I can't dance, and my car is over there.", "ˌI kˈɑːnt dˈɑːns, and mI kˈɑː ɪz ˈQvə ðˈɛː."),
        ("Better water, please.", "bˈɛtə wˈɔːtə, plˈiːz."),
        ("The lieutenant's schedule", "ðə lɛftˈɛnənts ʃˈɛdjuːl"),
        ("Kubernetes", "kjˈuːbənˌiːts"),
    ],
)
def test_british_phonemes(text: str, phonemes: str) -> None:
    assert english_phonemes(text, british=True) == phonemes


def test_words_in_capitals_are_read_and_acronyms_among_them_spelled() -> None:
    assert english_phonemes("WHY ARE YOU SHOUTING AT ME?") == english_phonemes("why are you shouting at me?")
    assert english_phonemes("NASA AND THE FBI ARE HERE") == english_phonemes("NASA and the FBI are here")
    assert "ˌɛfbˌiˈI" in english_phonemes("FBI AND CIA")


@pytest.mark.parametrize("silent", ["", " ", "...", "—", "?!", " -- "])
def test_nothing_to_pronounce_gives_no_letter(silent: str) -> None:
    assert not any(map(str.isalpha, english_phonemes(silent)))


@pytest.mark.parametrize(
    "text",
    ["a" * 200, "aB" * 100, "1" * 60, "a-" * 100, "'" * 50, "İstanbul ŉ ǰ", "x² ½ µ", "[a](/b/)", "🙂 ok", "ｆｕｌｌ"],
)
def test_odd_text_gives_phonemes_that_the_voices_know(text: str) -> None:
    assert set(english_phonemes(text)) <= LETTERS | {" "}


@pytest.fixture
def words_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words that the front end is given."""
    words: list[str] = []

    def read(text: str, british: bool) -> list[tuple[str, str, str]]:
        words.extend(text.split())
        return []

    monkeypatch.setattr(english, "_read", read)
    return words


@pytest.mark.parametrize("unit", ["a", "aB", "a-", "1,", "(", "it's-"])
def test_the_front_end_gets_no_long_words(unit: str, words_read: list[str]) -> None:
    # Its work grows with the cube of a word's length: 500 letters would take it minutes.
    english_phonemes((unit * 100)[:100])
    assert "".join(words_read) == (unit * 100)[:100]
    assert max(map(len, words_read)) <= LONGEST_WORD


def test_a_long_word_is_divided_behind_its_marks(words_read: list[str]) -> None:
    english_phonemes("this-is-a-very-long-word-that-goes-on-and-on")
    assert words_read == ["this-is-a-very-long-word-that-", "goes-on-and-on"]


def test_a_word_on_which_the_front_end_fails_is_left_out_and_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    front_end = english._front_end()
    tokenize = front_end.tokenize

    def failing(text: str) -> object:
        if "broken" in text:
            raise KeyError(text)
        return tokenize(text)

    monkeypatch.setattr(front_end, "tokenize", failing)
    assert english_phonemes("Hello broken there.") == english_phonemes("Hello there.")
    assert "cannot pronounce 1 of 6 words" in caplog.text


def test_letters_of_another_script_are_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert english_phonemes("I said 你好 to her.").split() == english_phonemes("I said to her.").split()
    assert "left out" in caplog.text
