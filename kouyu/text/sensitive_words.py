"""Masks or removes sensitive words in transcripts (uplink.md, data.asr_config.sensitive_words_filter).

The search takes a few microseconds whatever the number of words. An interim transcript that ends within a word shows
its beginning; the word is filtered as soon as it is complete.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec

from kouyu.text.language import LANGUAGE_OF_LETTERS, WORDLESS

_SPACES: Final = frozenset(" \t\r\n\u00a0\u3000\u200b")
_WORDLESS_LETTER: Final = re.compile("[" + "".join(LANGUAGE_OF_LETTERS[code] for code in sorted(WORDLESS)) + "]")
_BLANK: Final = "\x00"
"""Placeholder of a removed word."""
_LEADING_GAP: Final = re.compile(r"^\s*\x00+[\s\x00,.!?;:，。！？；：、…]*")
_CLOSED_UP: Final = re.compile(r"(?P<before>(?:(?<!\s)\s++)?)\x00(?:\s*+\x00)*+(?P<after>\s*+)(?P<next>.?)", re.DOTALL)


class SensitiveWordsError(Exception):
    """The file of sensitive words cannot be read."""


class Treatment(IntEnum):
    """What happens to a word. A word listed for both is removed."""

    SIGNED = 0
    REMOVED = 1


class _Found(msgspec.Struct, frozen=True, order=True):
    start: int
    end: int
    length: int
    treatment: Treatment


@cache
def default_words() -> tuple[str, ...]:
    """Return the package's own list: some common swear words, English and Mandarin."""
    return _words_in(files("kouyu.text").joinpath("sensitive_words.txt").read_text(encoding="utf-8"))


def words_of_file(path: Path) -> tuple[str, ...]:
    """Read an operator's list: UTF-8, one word or phrase per line; lines that begin with "#" are comments.

    Raises SensitiveWordsError.
    """
    try:
        return _words_in(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise SensitiveWordsError(f"the sensitive words in {path} cannot be read: {error}") from error


def _words_in(text: str) -> tuple[str, ...]:
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


class SensitiveWords:
    """Filters words in transcripts: deletes ``removed`` ones, and masks each letter of ``signed`` ones with ``*``.

    Ignores case, full or half width, and spaces between Han letters. A Latin word must match whole ("class" is not a
    swear word), a Han word matches anywhere but across punctuation. Overlapping words are treated as the longest of
    them.
    """

    def __init__(self, *, signed: Iterable[str] = (), removed: Iterable[str] = ()) -> None:
        from ahocorasick import Automaton

        treatments: dict[str, Treatment] = {}
        for treatment, words in ((Treatment.SIGNED, signed), (Treatment.REMOVED, removed)):
            treatments.update((folded, treatment) for word in words if (folded := _folded(word).text))
        self._automaton: Any = Automaton()
        for word, treatment in treatments.items():
            self._automaton.add_word(word, (len(word), treatment))
        self._automaton.make_automaton()
        self._any = bool(treatments)

    def blotted_out(self, text: str) -> str:
        """Return the filtered text, which may be empty."""
        text = text.replace(_BLANK, "")
        if not self._any or not text:
            return text
        kept: list[str] = []
        end = 0
        for found in _joined(self._found(text)):
            kept.append(text[end : found.start])
            if found.treatment is Treatment.SIGNED:
                kept.append("".join(" " if letter in _SPACES else "*" for letter in text[found.start : found.end]))
            else:
                kept.append(_BLANK)
            end = found.end
        return text if end == 0 else _closed_up("".join([*kept, text[end:]]))

    def _found(self, text: str) -> Iterator[_Found]:
        folded = _folded(text)
        for last, (length, treatment) in self._automaton.iter(folded.text):
            first = last - length + 1
            if _is_whole(folded.text, first, last):
                yield _Found(folded.places[first], folded.places[last] + 1, length, treatment)


class _FoldedText(msgspec.Struct, frozen=True):
    """A text normalised for comparison, with each character's position in the original."""

    text: str
    places: list[int]


def _folded(text: str) -> _FoldedText:
    """Convert to lower case and half width, with single spaces, and none beside Han letters."""
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        plain = _plain(letter)
        if plain == " " and (not letters or letters[-1] == " " or _WORDLESS_LETTER.match(letters[-1])):
            continue
        if letters and letters[-1] == " " and _WORDLESS_LETTER.match(plain):
            letters.pop()
            places.pop()
        letters.append(plain)
        places.append(place)
    if letters and letters[-1] == " ":
        letters.pop()
        places.pop()
    return _FoldedText("".join(letters), places)


@lru_cache(maxsize=8192)
def _plain(letter: str) -> str:
    if letter in _SPACES:
        return " "
    plain = unicodedata.normalize("NFKC", letter).casefold()
    # One for one, so that positions stay valid: "ß" and "ﬁ" are left unchanged.
    return plain if len(plain) == 1 else letter


def _is_whole(text: str, first: int, last: int) -> bool:
    """Whether neither end of a match is inside a Latin word."""
    return not (_joins(text[first - 1 : first], text[first]) or _joins(text[last], text[last + 1 : last + 2]))


def _joins(one: str, other: str) -> bool:
    return all(letter.isalnum() and not _WORDLESS_LETTER.match(letter) for letter in (one, other))


def _joined(found: Iterable[_Found]) -> Iterator[_Found]:
    """Merge overlapping matches, from left to right; the longest decides the treatment."""
    cluster: _Found | None = None
    for each in sorted(found):
        if cluster is None or each.start >= cluster.end:
            if cluster is not None:
                yield cluster
            cluster = each
        else:
            length, treatment = max((cluster.length, cluster.treatment), (each.length, each.treatment))
            cluster = _Found(cluster.start, max(cluster.end, each.end), length, treatment)
    if cluster is not None:
        yield cluster


def _closed_up(text: str) -> str:
    """Close the gaps of removed words; "" if only punctuation remains."""
    text = _CLOSED_UP.sub(_gap, _LEADING_GAP.sub("", text))
    return text if any(letter.isalnum() or letter == "*" for letter in text) else ""


def _gap(match: re.Match[str]) -> str:
    following = match["next"]
    if not following or not (following.isalnum() or following in "*\"'“‘(（$€£¥"):
        return following
    return (match["before"] or match["after"] if match.start() else "") + following
