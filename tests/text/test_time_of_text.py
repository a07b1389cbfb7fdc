"""The time of every function on text grows with the text and no faster, whatever is in it."""

from collections.abc import Callable
from functools import partial

import pytest

from kouyu.engines.tts.clauses import speech_pieces
from kouyu.engines.turn.text_completeness import text_completeness
from kouyu.text.backchannels import is_backchannel
from kouyu.text.fillers import without_fillers
from kouyu.text.language import language_of, split_by_language
from kouyu.text.latin_languages import latin_language_of
from kouyu.text.markdown import plain_text
from kouyu.text.punctuation import punctuated, unpunctuated
from kouyu.text.readable import readable
from kouyu.text.sensitive_words import SensitiveWords
from kouyu.text.sound import sounds_in
from kouyu.text.spoken_form import spoken_form
from kouyu.text.units import Replacement, UnitText
from kouyu.text.written_form import words_for_numbers, written_form

from .repeated_text import PIECES, assert_time_grows_with_the_text

_SENSITIVE = SensitiveWords(signed=("a", "aa", "嗯", "我", "word", "1"), removed=("b", "字", "x", "one", "go"))


def _replaced(text: str) -> str:
    units = UnitText.of(text)
    return units.with_replaced(Replacement(at, at + 1, "new") for at in range(len(units.spans)))


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "plain text": plain_text,
    "speech pieces": partial(speech_pieces, first=3.0),
    "spoken English": lambda text: spoken_form(text, "en"),
    "spoken Mandarin": lambda text: spoken_form(text, "zh"),
    "written English": lambda text: written_form(text, "en"),
    "written Mandarin": lambda text: written_form(text, "zh"),
    "English words": lambda text: words_for_numbers(text, "en"),
    "Mandarin words": lambda text: words_for_numbers(text, "zh"),
    "English fillers": lambda text: without_fillers(text, "en"),
    "Mandarin fillers": lambda text: without_fillers(text, "zh"),
    "English punctuation": lambda text: punctuated(text, "en", final=True),
    "Mandarin punctuation": lambda text: punctuated(text, "zh", final=True),
    "no punctuation": unpunctuated,
    "sensitive words": _SENSITIVE.blotted_out,
    "keyword": partial(sounds_in, "stop it"),
    "backchannel": is_backchannel,
    "readable": lambda text: readable(text, ["en"]),
    "language": language_of,
    "Latin language": latin_language_of,
    "parts by language": split_by_language,
    "replaced units": _replaced,
    "English completeness": lambda text: text_completeness(text, "en"),
    "Mandarin completeness": lambda text: text_completeness(text, "zh"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_grows_with_the_text(name: str) -> None:
    FUNCTIONS[name]("One 1 一")  # imports and grammars
    for piece in PIECES:
        assert_time_grows_with_the_text(FUNCTIONS[name], piece, 1_000 if name == "keyword" else 4_000)


def test_a_number_of_any_length_is_no_number() -> None:
    assert written_form("一亿" * 1500 + "美元", "zh").endswith("美元")


def test_words_removed_one_after_the_other_leave_one_gap() -> None:
    assert SensitiveWords(removed=("damn",)).blotted_out("go damn damn away") == "go away"
