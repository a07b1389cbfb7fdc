"""What is said for several hundred written forms of each language, and the forms that are known to be said wrong."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kouyu.text.numbers_in_words import english_in_words, mandarin_in_words
from kouyu.text.spoken.english.reading import KINDS as ENGLISH
from kouyu.text.spoken.kinds import Kind
from kouyu.text.spoken.mandarin.reading import KINDS as MANDARIN
from kouyu.text.spoken_form import spoken_form

from .repeated_text import FIGURES, assert_time_grows_with_the_text
from .spoken_table import FOLDER, Row, rows, said_alike

KNOWN_MISSES: dict[str, frozenset[str]] = {"en": frozenset(), "zh": frozenset()}
"""Written forms of the tables that are said wrong. A form that is said right must leave: the list only shrinks."""

LANGUAGES = ("en", "zh")
ALL = [
    pytest.param(language, row, id=row.written) for language in LANGUAGES for row in rows(FOLDER / f"{language}.tsv")
]


def is_right(row: Row, language: str) -> bool:
    said = spoken_form(row.written, language)
    return any(said_alike(said, reading) for reading in row.spoken)


@pytest.mark.parametrize(("language", "row"), ALL)
def test_a_written_form_is_said_as_people_say_it(language: str, row: Row) -> None:
    if row.written in KNOWN_MISSES[language]:
        assert not is_right(row, language), "it is said right now: take it off KNOWN_MISSES"
        return
    said = spoken_form(row.written, language)
    assert is_right(row, language), f"{row.written!r} is said {said!r}, not {' or '.join(row.spoken)}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tables_hold_at_least_300_forms_and_none_twice(language: str) -> None:
    written = [row.written for row in rows(FOLDER / f"{language}.tsv")]
    assert len(written) >= 300
    assert len(set(written)) == len(written)
    assert KNOWN_MISSES[language] <= set(written)


def test_different_readings_are_told_apart() -> None:
    assert said_alike("It's one hundred and five A M.", "its a hundred five am")
    assert not said_alike("two times", "two")
    assert not said_alike("一点五", "一百五")
    assert not said_alike("it is 5", "it is five")


WRITTEN = [row.written for language in LANGUAGES for row in rows(FOLDER / f"{language}.tsv")]
PIECES = st.sampled_from(WRITTEN) | st.text(
    alphabet="0123456789.,-–/:$€%°²½①IVX+=~^ ’'\"()stndkaM年月日点第2个", max_size=8
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=4), st.integers(0, 20), st.integers(0, 20))
def test_no_text_breaks_the_reading_or_leaves_figures_in_it(pieces: list[str], start: int, end: int) -> None:
    text = "".join(pieces)[start : len("".join(pieces)) - end]
    for language in LANGUAGES:
        assert not set("0123456789") & set(spoken_form(text, language))
    assert isinstance(english_in_words(text) + mandarin_in_words(text), str)


@pytest.mark.parametrize("kinds", [ENGLISH, MANDARIN], ids=LANGUAGES)
def test_a_rule_s_work_grows_with_the_text_alone(kinds: tuple[Kind, ...]) -> None:
    for pattern in (rule.pattern for kind in kinds for rule in kind.rules):
        for seed in FIGURES:
            assert_time_grows_with_the_text(partial(pattern.sub, ""), seed, 8_000)
