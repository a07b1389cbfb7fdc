"""Converts English text to the phonemes of Kokoro and hibari: one letter for each diphthong and affricate.

The front end is that of hibari-tts, a port of misaki: a lexicon of 180,000 words, a tagger for words such as "read" and
"lead", and a small network for words that the lexicon lacks. Its own normalisation of the text is not used: the spoken
form (text/spoken_form.py) comes before, and it would take the "no." that ends a sentence for "number".
"""

import logging
import re
from functools import cache
from typing import Any, Final

log = logging.getLogger(__name__)

LONGEST_WORD: Final = 32
"""Characters between spaces that the front end gets at most: its work grows with the cube of them."""

_APOSTROPHES: Final = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "＇": "'"})
"""The front end reads "didn’t" as "did"."""

_LONG_WORD: Final = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")
_PART: Final = re.compile(rf"\S{{1,{LONGEST_WORD}}}\Z|\S{{1,{LONGEST_WORD - 1}}}[^\w\s]|\S{{1,{LONGEST_WORD}}}")
_CAPITALS: Final = re.compile(r"[A-Z]{2,}")
_FEWEST_SHOUTED: Final = 3

_FAULTS: Final = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError)
"""What the front end could raise on a text; none is known."""


def english_phonemes(text: str, *, british: bool = False) -> str:
    """The phonemes and punctuation marks of a text in spoken form; "" if nothing in it can be pronounced.

    ``british``: as in Southern England instead of in America. Blocks: about 1 ms a sentence, after 0.4 s for the first
    one of the process in either. A word that cannot be read is left out, and logged.
    """
    text = _not_shouted(" ".join(text.translate(_APOSTROPHES).split()))
    text = _LONG_WORD.sub(lambda word: " ".join(_PART.findall(word.group())), text)
    try:
        words = _read(text, british)
    except _FAULTS:
        log.exception("the English front end failed on a text of %d characters; it is read word by word", len(text))
        words = [word for part in text.split() for word in _read_or_nothing(part, british)]
    silent = sum(not phonemes and any(map(str.isalnum, word)) for word, phonemes, _ in words)
    if silent:
        log.warning("the English voices cannot pronounce %d of %d words: left out", silent, len(words))
    return " ".join("".join(phonemes + space for _, phonemes, space in words).split())


_Word = tuple[str, str, str]
"""A word or mark, its phonemes, and the white space behind it."""


def _read(text: str, british: bool) -> list[_Word]:
    front_end = _british_front_end() if british else _front_end()
    tokens = front_end.phonemize_tokens(front_end.tokenize(text))
    return [(token.text, token.phonemes or "", token.whitespace) for token in tokens]


def _read_or_nothing(part: str, british: bool) -> list[_Word]:
    try:
        return [*_read(part, british), ("", "", " ")]
    except _FAULTS:
        return [(part, "", " ")]


def _not_shouted(text: str) -> str:
    """A text all in capitals with its common words in small letters: else some would be spelled ("M E" for "ME")."""
    words = _CAPITALS.findall(text)
    if len(words) < _FEWEST_SHOUTED or any(map(str.islower, text)):
        return text
    common = _front_end().lexicon.golds.d
    return _CAPITALS.sub(lambda word: word.group().lower() if word.group().lower() in common else word.group(), text)


@cache
def _front_end() -> Any:
    from hibari.g2p import G2P

    return G2P()


@cache
def _british_front_end() -> Any:
    from hibari.g2p import G2P

    made, american = G2P(british=True), _front_end()
    made.tokenizer, made.tagger = american.tokenizer, american.tagger
    return made
