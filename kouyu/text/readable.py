"""What of a text a voice can read: the scripts of its languages. Others it would spell: "Chinese letter"."""

import logging
import re
from collections.abc import Sequence
from functools import lru_cache

from kouyu.text.language import LANGUAGE_OF_LETTERS, is_written_like, split_by_language

log = logging.getLogger(__name__)


def readable(text: str, languages: Sequence[str]) -> str:
    """The text without what is in other scripts than those of the languages, which is told in the log.

    ``languages`` are ISO 639-1 codes. Marks, digits and white space stay; "" when nothing else is left but marks.
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
    """Letters of scripts that we do not tell apart, such as Armenian; none where a language may be written so."""
    if not all(any(is_written_like(language, code) for code in LANGUAGE_OF_LETTERS) for language in languages):
        return re.compile(r"(?!)")
    # Japanese is written with Han letters too.
    scripts = _scripts(languages) | ({"zh"} if "ja" in languages else set())
    own = "".join(LANGUAGE_OF_LETTERS[code] for code in scripts)
    return re.compile(rf"(?:(?![{own}ªº])[^\W\d_])+")
