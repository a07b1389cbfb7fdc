"""Marks answers to questions whose right answers are known, without a model as the judge."""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from kouyu.bench.question_files import LANGUAGES
from kouyu.bench.spoken_question import Language
from kouyu.text.language import language_of
from kouyu.text.numbers_in_words import english_in_words, mandarin_in_words

Half: TypeAlias = Literal["tuning", "held-out"]
Mark: TypeAlias = Literal["right", "wrong", "other language"]

_NUMBER: Final = re.compile(r"\{(\d+)\}")
_HAN_NUMERAL: Final = "零〇一二两三四五六七八九十百千万"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question with the texts that make its answer right or wrong: regular expressions, in which ``{8}`` is a number
    in figures or in words. Upper and lower case are the same."""

    ask: str
    half: Half = "tuning"
    """Prompts are tuned on the questions of one half; those of the other are never looked at for that."""
    accept: tuple[str, ...]
    """At least one of them is in a right answer, as a whole word or number."""
    reject: tuple[str, ...] = ()
    """None of them is."""
    any_language: bool = False
    """Whether a right answer may be in another language than the question, such as a word that is asked for."""


class BadQuestions(ValueError):
    """A file of questions cannot be used."""


class _File(msgspec.Struct, frozen=True):
    questions: tuple[Question, ...]


@cache
def questions(language: Language) -> Sequence[Question]:
    """The questions of a language, in the order of its file."""
    content = (files("kouyu.bench.answers") / f"{language}.toml").read_bytes()
    return msgspec.toml.decode(content, type=_File).questions


def questions_of_file(path: Path) -> dict[Language, list[Question]]:
    """The questions of a TOML file in the form of the package's own, by their language.

    Raises BadQuestions, which says what is wrong, OSError.
    """
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=_File).questions
        for question in found:
            for pattern in (*question.accept, *question.reject):
                re.compile(_NUMBER.sub("0", pattern))
    except (msgspec.DecodeError, UnicodeDecodeError, re.error) as error:
        raise BadQuestions(f"{path}: {error}") from error
    by_language: dict[Language, list[Question]] = {}
    for question in found:
        language = language_of(question.ask)
        if language not in LANGUAGES:
            raise BadQuestions(f"{path}: {question.ask!r} is in none of the languages {', '.join(LANGUAGES)}")
        by_language.setdefault(language, []).append(question)
    return by_language


def mark(question: Question, answer: str, language: Language) -> Mark:
    """Mark an answer to a question that was asked in ``language``."""
    right = any(_is_in(each, answer, language) for each in question.accept)
    if not right or any(_is_in(each, answer, language) for each in question.reject):
        return "wrong"
    if not question.any_language and language_of(answer) not in (language, ""):
        return "other language"
    return "right"


def _is_in(pattern: str, answer: str, language: Language) -> bool:
    expression = _NUMBER.sub(lambda match: _number(match[1], language), pattern)
    whole = rf"(?<![A-Za-z0-9])(?:{expression})(?![A-Za-z0-9])"
    return re.search(whole, answer, re.IGNORECASE) is not None


def _number(figures: str, language: Language) -> str:
    """A regular expression for a number in figures or words, and not for a part of a longer one."""
    in_figures = rf"(?<![\d.,])0*{figures}(?:\.0+)?(?!\d|[.,]\d)"
    if language == "zh":
        words = mandarin_in_words(figures)
        return rf"(?:{in_figures}|(?<![{_HAN_NUMERAL}]){words}(?![{_HAN_NUMERAL}]))"
    words = re.sub(r"[ -]", "[ -]", english_in_words(figures).lower()).replace("one[ -]hundred", "(?:one|a)[ -]hundred")
    return rf"(?:{in_figures}|(?<!hundred )(?<!hundred and )(?<![a-z]-){words}(?![ -](?:hundred|thousand|million)))"
