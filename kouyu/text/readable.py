"""Drops text in scripts that a voice cannot read and would spell out: "Chinese letter"."""

import logging
import re
from collections.abc import Sequence
from functools import lru_cache

from kouyu.text.language import LANGUAGE_OF_LETTERS, is_written_like, split_by_language

log = logging.getLogger(__name__)


def readable(text: str, languages: Sequence[str]) -> str:
    """Drop letters of scripts that none of the languages uses, and log how many.

    ``languages`` are ISO 639-1 codes. Marks, digits and white space stay; "" if only marks are left.
    """
    own = tuple(languages)
    kept = "".join(part for letters, part in split_by_language(text) if letters == "" or letters in _scripts(own))
    kept = _letters_of_others(own).sub("", kept)
    if left_out := sum(map(str.isalpha, text)) - sum(map(str.isalpha, kept)):
        log.info("left out %d letters of a script that a voice for %s cannot read", left_out, ", ".join(languages))
    return kept if any(map(str.isalnum, kept)) else ""


@lru_cache(maxsize=64)
def _scripts(languages: tuple[str, ...]) -> frozenset[str]:
    """The keys of LANGUAGE_OF_LETTERS whose letters the languages are written with."""
    return frozenset(code for code in LANGUAGE_OF_LETTERS for own in languages if is_written_like(own, code))


@lru_cache(maxsize=64)
def _letters_of_others(languages: tuple[str, ...]) -> re.Pattern[str]:
    """Compile letters of the undistinguished scripts, such as Armenian; none if a language may use one."""
    if not all(any(is_written_like(language, code) for code in LANGUAGE_OF_LETTERS) for language in languages):
        return re.compile(r"(?!)")
    # Japanese uses Han letters too.
    scripts = _scripts(languages) | ({"zh"} if "ja" in languages else set())
    own = "".join(LANGUAGE_OF_LETTERS[code] for code in scripts)
    return re.compile(rf"(?:(?![{own}ªº])[^\W\d_])+")
