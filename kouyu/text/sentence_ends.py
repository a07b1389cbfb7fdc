"""Where a sentence or a clause ends: English and Mandarin punctuation, abbreviations, numbers, addresses, lists."""

import re
from collections.abc import Iterator
from typing import Final

CLOSERS: Final = "\"'”’»」』）】》〉)\\]*_~"
"""What may follow a stop and belongs to the sentence before it: quotes, brackets, Markdown's emphasis."""

_MARKS: Final = re.compile(
    rf"\n"
    rf"|[.。．｡！？!?；…]+[{CLOSERS}]*"
    rf"|[,，、;:：—–]+[{CLOSERS}]*"
)
_FULL_STOPS: Final = frozenset("。．｡！？；")
_CALLS: Final = frozenset("!?")
_QUOTES: Final = frozenset("\"'”’»")
"""A small letter behind one of these goes on with the sentence: “Go!” he said."""

_NEVER_LAST: Final = frozenset(
    """
    mr mrs ms mx dr prof rev hon gen col capt cpt lt sgt gov sen rep st mt messrs vs e.g i.e cf viz approx fig figs
    eq al ca est
    """.split()  # noqa: SIM905
)
"""Abbreviations that something always follows."""

_MAYBE_LAST: Final = frozenset(
    """
    etc inc ltd co corp jr sr a.m p.m am pm ph.d b.a m.a jan feb mar apr jun jul aug sep sept oct nov dec mon tue
    tues wed thu thur thurs fri sat sun ave blvd rd dept min max hrs ft lb lbs oz
    """.split()  # noqa: SIM905
)
"""Abbreviations that end a sentence when a capital letter follows."""

_BEFORE_NUMBER: Final = frozenset(["no", "nos", "vol", "pp", "p", "ch", "art", "sec"])
"""Abbreviations when a number follows, words otherwise."""

_DOTTED_LETTERS: Final = re.compile(r"[A-Za-z](?:\.[A-Za-z])+")
_LIST_NUMBER: Final = re.compile(r"\s*(?:\d{1,3}|[A-Za-z])\Z")


def marks(text: str) -> Iterator[re.Match[str]]:
    """All places where a sentence or a clause could end: a run of punctuation with what closes behind it."""
    return _MARKS.finditer(text)


def ends_clause(text: str, mark: re.Match[str]) -> bool:
    """Whether a clause ends at a mark. Needs the character after it; at the end of the text it does not."""
    after = text[mark.end() : mark.end() + 1]
    if mark.group()[0] in ",;:–":
        return after.isspace()
    return mark.group()[0] in "，、：—" and after != ""


def ends_sentence(text: str, mark: re.Match[str], *, enough: bool, final: bool) -> bool | None:
    """Whether a sentence ends at a mark; None when the text must go on before that can be told.

    ``enough`` says that there are some words before the mark: an ellipsis ends a sentence only then. ``final`` says
    that the text will not go on.
    """
    stop = mark.group()
    if stop == "\n":
        return True
    if mark.end() == len(text) and not final:
        return None
    if stop[0] in ",，、;:：—–":
        return False
    after = text[mark.end() : mark.end() + 1]
    if _FULL_STOPS.intersection(stop):
        return True
    if after and not after.isspace() and after.isascii():
        return False
    if _QUOTES.intersection(stop) and after != "":
        following = text[mark.end() :].lstrip()[:1]
        if following == "" and not final:
            return None
        if following.islower():
            return False
    if _CALLS.intersection(stop):
        return True
    if "…" in stop or ".." in stop:
        return enough or after in ("", "\n")
    return _period_ends(text, mark, final)


def _period_ends(text: str, mark: re.Match[str], final: bool) -> bool | None:
    """The same for a single full stop that white space or a letter of another script follows."""
    line = text[text.rfind("\n", 0, mark.start()) + 1 : mark.start()]
    if _LIST_NUMBER.match(line):
        return False
    word = line.rsplit(maxsplit=1)[-1].lstrip("\"'“‘([*_") if line.strip() else ""
    bare = word.lower()
    if bare in _NEVER_LAST or (len(word) == 1 and word.isupper() and word.isascii() and word != "I"):
        return False
    dotted = _DOTTED_LETTERS.fullmatch(word) is not None
    if not (dotted or bare in _MAYBE_LAST or bare in _BEFORE_NUMBER):
        return True
    rest = text[mark.end() :]
    following = rest.lstrip()[:1]
    if following == "":
        return True if final or "\n" in rest else None
    if "\n" in rest[: len(rest) - len(rest.lstrip())]:
        return True
    if bare in _BEFORE_NUMBER:
        return not following.isdigit()
    # "the U.S. Army" is kept whole, at the price of two sentences in one where "U.S." was the last word.
    return following.isupper() and (bare in _MAYBE_LAST or not dotted)
