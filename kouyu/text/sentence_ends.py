"""Finds sentence and clause ends: English and Mandarin punctuation, abbreviations, numbers, addresses, lists."""

import re
from collections.abc import Iterator
from typing import Final

CLOSERS: Final = "\"'”’»」』）】》〉)\\]*_~"
"""Characters that may follow a stop and belong to the sentence before it: quotes, brackets, Markdown's emphasis."""

LONGEST_RUN: Final = 32
"""Characters of punctuation in a row, and of closers behind them, that are one mark; more of them are another mark."""

LONGEST_GAP: Final = 64
"""Most characters of white space after a mark that may precede its continuation; more of it ends the sentence."""

_MARKS: Final = re.compile(
    rf"\n"
    rf"|[.。．｡！？!?；…]{{1,{LONGEST_RUN}}}[{CLOSERS}]{{0,{LONGEST_RUN}}}"
    rf"|[,，、;:：—–]{{1,{LONGEST_RUN}}}[{CLOSERS}]{{0,{LONGEST_RUN}}}"
)
_GAP: Final = re.compile(rf"\s{{0,{LONGEST_GAP}}}")
_FULL_STOPS: Final = frozenset("。．｡！？；")
_CALLS: Final = frozenset("!?")
_QUOTES: Final = frozenset("\"'”’»")
"""A lower-case letter after one of these continues the sentence: “Go!” he said."""

_OPENED: Final = re.compile(r"[\"“‘«「『（(【\[《〈*_~`]|(?<!\w)['’]")
"""What may begin a quote, a bracket or Markdown's emphasis; an apostrophe within a word does not."""

_NEVER_LAST: Final = frozenset(
    """
    mr mrs ms mx dr prof rev hon gen col maj capt cpt cpl lt sgt adm gov sen rep pres st mt messrs vs e.g i.e cf viz
    approx fig figs
    eq al ca est
    """.split()  # noqa: SIM905
)
"""Abbreviations that never end a sentence."""

_MAYBE_LAST: Final = frozenset(
    """
    etc inc ltd co corp jr sr a.m p.m am pm ph.d b.a m.a jan feb mar apr jun jul aug sep sept oct nov dec mon tue
    tues wed thu thur thurs fri sat sun ave blvd rd dept min max hrs ft lb lbs oz
    """.split()  # noqa: SIM905
)
"""Abbreviations that end a sentence when a capital letter follows."""

_BEFORE_NUMBER: Final = frozenset(["no", "nos", "vol", "pp", "p", "ch", "art", "sec"])
"""Abbreviations when a number follows, words otherwise."""

SENTENCE_STARTERS: Final = frozenset(
    """
    a also an and at but he her his how i if in it its my no now on our she so that the their there these they this
    those then to we what when who why yes you your
    """.split()  # noqa: SIM905
)
"""Words that, capitalised, begin a sentence: "in the U.S. It", but "the U.S. Army"."""

RULE_WORDS: Final = _NEVER_LAST | _MAYBE_LAST | _BEFORE_NUMBER | SENTENCE_STARTERS | frozenset("i")
"""All words by which it is decided whether a sentence ends."""

_WORD: Final = re.compile(r"[A-Za-z']{1,16}")
_DOTTED_LETTERS: Final = re.compile(r"[A-Za-z](?:\.[A-Za-z])+")
_LIST_NUMBER: Final = re.compile(r"\s*(?:\d{1,3}|[A-Za-z])\Z")


def marks(text: str, start: int = 0) -> Iterator[re.Match[str]]:
    """Yield all places from ``start`` on where a sentence or a clause could end: a run of punctuation with the closing
    quotes and brackets after it."""
    return _MARKS.finditer(text, start)


def is_ellipsis(mark: re.Match[str]) -> bool:
    """Whether a mark is one that ends a sentence only after some words."""
    return "…" in mark.group() or ".." in mark.group()


def ends_clause(text: str, mark: re.Match[str]) -> bool:
    """Whether a clause ends at a mark. Needs the character after the mark; at the end of the text it is False."""
    after = text[mark.end() : mark.end() + 1]
    if mark.group()[0] in ",;:–":
        return after.isspace()
    return mark.group()[0] in "，、：—" and after != ""


def ends_plain_clause(text: str, mark: re.Match[str]) -> bool:
    """Whether a clause ends at the comma that a mark begins with, whatever follows it: behind a letter, with no quote,
    bracket or emphasis before it that might close behind it."""
    comma = mark.start()
    return text[comma] == "," and text[:comma][-1:].isalpha() and not _OPENED.search(text, 0, comma)


def ends_sentence(text: str, mark: re.Match[str], *, enough: bool, final: bool) -> bool | None:
    """Whether a sentence ends at a mark; None if more text is needed to decide.

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
        _, following = _behind(text, mark)
        if following is None and not final:
            return None
        if following and following.islower():
            return False
    if _CALLS.intersection(stop):
        return True
    if is_ellipsis(mark):
        return enough or after in ("", "\n")
    return _period_ends(text, mark, final)


def _period_ends(text: str, mark: re.Match[str], final: bool) -> bool | None:
    """The same for a single full stop that white space or a letter of another script follows."""
    looked_at = max(0, mark.start() - LONGEST_GAP)
    line_start = text.rfind("\n", looked_at, mark.start()) + 1
    line = text[line_start or looked_at : mark.start()]
    if (line_start or not looked_at) and _LIST_NUMBER.match(line):
        return False
    word = line.rsplit(maxsplit=1)[-1].lstrip("\"'“‘([*_") if line.strip() else ""
    bare = word.lower()
    if bare in _NEVER_LAST or (len(word) == 1 and word.isupper() and word.isascii() and word != "I"):
        return False
    dotted = _DOTTED_LETTERS.fullmatch(word) is not None
    if not (dotted or bare in _MAYBE_LAST or bare in _BEFORE_NUMBER):
        return True
    gap, following = _behind(text, mark)
    if "\n" in gap or following == "":
        return True
    if following is None:
        return True if final else None
    if bare in _BEFORE_NUMBER:
        return not following.isdigit()
    if not dotted or bare in _MAYBE_LAST:
        return following.isupper()
    return _begins_sentence(text, mark.end() + len(gap), final) if following.isupper() else False


def _begins_sentence(text: str, start: int, final: bool) -> bool | None:
    """Whether the word at ``start`` begins a sentence; None if more text is needed to decide."""
    word = _WORD.match(text, start)
    if word is None:
        return False
    if word.end() == len(text) and not final:
        return None
    return word.group().lower() in SENTENCE_STARTERS


def _behind(text: str, mark: re.Match[str]) -> tuple[str, str | None]:
    """Return the white space after a mark and the character after that: None if the text ends before it, "" after
    LONGEST_GAP of white space."""
    gap = _GAP.match(text, mark.end())
    assert gap is not None
    if gap.end() == len(text):
        return gap.group(), None if len(gap.group()) < LONGEST_GAP else ""
    following = text[gap.end()]
    return gap.group(), "" if following.isspace() else following
