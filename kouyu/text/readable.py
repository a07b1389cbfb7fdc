"""What of a text a voice can read: the scripts of its languages. Others it would spell: "Chinese letter"."""

import logging
import re
from collections.abc import Sequence
from functools import lru_cache

from kouyu.text.language import LANGUAGE_OF_LETTERS, split_by_language

log = logging.getLogger(__name__)


def readable(text: str, languages: Sequence[str]) -> str:
    """The text without what is in other languages' scripts, which is told in the log; "" when nothing is left.

    ``languages`` are ISO 639-1 codes. Marks, digits and white space stay.
    """
    kept = "".join(part for language, part in split_by_language(text) if language in ("", *languages))
    kept = _letters_of_others(tuple(languages)).sub("", kept)
    if left_out := sum(map(str.isalpha, text)) - sum(map(str.isalpha, kept)):
        log.info("left out %d letters of a script that a voice for %s cannot read", left_out, ", ".join(languages))
    return kept if any(map(str.isalnum, kept)) else ""


@lru_cache(maxsize=64)
def _letters_of_others(languages: tuple[str, ...]) -> re.Pattern[str]:
    """Letters of no script of these languages, with the marks that belong to them."""
    # Japanese is written with Han letters too.
    scripts = [*languages, "zh"] if "ja" in languages else languages
    own = "".join(LANGUAGE_OF_LETTERS.get(language, "") for language in scripts)
    return re.compile(rf"(?:(?![{own}ªº])[^\W\d_])+" if own else r"(?!)")
