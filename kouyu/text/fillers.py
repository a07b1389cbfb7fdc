"""Disfluency removal (``enable_ddc``; uplink.md, data.asr_config): drops fillers, stutters and false starts.

Conservative: words that may carry meaning stay. "Well" stays, "like" goes only between commas; so does 那个 between
pauses; 啊 and 嗯 go at both ends of a clause, but not from 是啊 and 好啊, which are answers; intended repetitions stay
(看看, "very very", "no no").
"""

import re
from typing import Final

from kouyu.text.language import language_of
from kouyu.text.stutters import without_english_stutters, without_mandarin_stutters

_SOUND: Final = r"(?<!\d\ )(?:u+m+|u+h+m*|e+rm*|h+m+|m{2,})(?![\w'’]|-\w)"
"""Um, uh, er, hmm, mm; not mm-hmm, which is a yes, nor 5 mm."""

_ENGLISH_FILLER: Final = re.compile(
    rf"""
    (?P<before>,?\ |(?<=[.!?])|^)(?<![\w'’-])
    (?P<filler>{_SOUND}(?:[,.…-]*+\ {_SOUND})*
      | (?:(?<=,\ )|(?<=[.!?]\ )|(?<=^))(?:you\ know|i\ mean)(?=,)
      | (?<=,\ )like(?=,)
    )
    (?P<after>(?:\ ?[,–—-](?=\ |$)|\.{{2,}}|…)*)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NEW_CLAUSE: Final = re.compile(
    r" *(?:(?:i|you|he|she|it|we|they|there|that|this|what|who|let)(?:['’](?:m|d|ll|ve|s|re))?"
    r"|but|and|so|why|how|when|where|can|could|do|does|is|are|will|would|please|because|maybe)\b",
    re.IGNORECASE,
)

_CLAUSE_START: Final = "(?P<start>^|[，。！？；、,.!?…：])"
_PAUSE: Final = "[，、,…]"
_ENDS: Final = "，。！？；、,.!?…：\\s"
_MANDARIN_FILLERS: Final = (
    re.compile(rf"{_CLAUSE_START}(?:[嗯呃唔]|额(?={_PAUSE})|啊(?!哈)|哦(?={_PAUSE}))+(?![？?！!]){_PAUSE}*"),
    re.compile(rf"(?P<start>)[嗯呃]+(?![？?！!]){_PAUSE}*"),
    re.compile(rf"(?P<start>(?<=[^{_ENDS}]{{3}})|(?<=[A-Za-z0-9]))(?<![啊嗯])[啊嗯]++(?=[{_ENDS}]|$)"),
    re.compile(rf"{_CLAUSE_START}那个{_PAUSE}+(?=\w)"),
    # Not at the very start: 就是，… says "exactly".
    re.compile(rf"(?P<start>[，、,…])就是说?{_PAUSE}+(?=\w)"),
)
_LEADING: Final = " ,.…"
"""What is left out where only fillers stand before it."""
_LEFT_MARKS: Final = (
    (re.compile(r"^[，、。,.…\s]+"), ""),
    (re.compile(r"(?<![，、,])[，、,]++(?=[。！？；.!?])"), ""),
    (re.compile(r"(?<=[。！？])[。，、]+"), ""),
)


def without_fillers(text: str, language: str) -> str:
    """Remove fillers and stutters, and correct commas and capitals.

    For English and Mandarin; other languages come back unchanged, for "um" and "er" are words there. A transcript of
    only fillers comes back unchanged: 嗯。 may be an answer. ``language`` is an ISO 639-1 code, "" when not
    known.
    """
    language = language or language_of(text)
    if language == "en":
        fluent = without_english_stutters(_without_english_fillers(" ".join(text.split())))
    elif language in ("zh", "yue"):
        fluent = _without_mandarin_fillers(without_mandarin_stutters(_without_mandarin_fillers(text)))
        fluent = without_mandarin_stutters(fluent)
    else:
        return text
    return fluent if any(letter.isalnum() for letter in fluent) else text


def _without_english_fillers(text: str) -> str:
    kept: list[str] = []
    end = 0
    capital = begun = False
    for match in _ENGLISH_FILLER.finditer(text):
        if match["filler"].isupper():
            continue
        between = text[end : match.start()] if begun else text[end : match.start()].lstrip(_LEADING)
        kept.append(_with_capital(between) if capital else between)
        begun = begun or bool(between.strip())
        at_start = not begun or kept[-1].rstrip().endswith((".", "!", "?"))
        capital = (capital and not text[end : match.start()]) or (at_start and match["filler"][0].isupper())
        if not at_start:
            kept.append(_comma(match, text))
        elif kept and kept[-1]:
            kept.append(" " if text[match.end() : match.end() + 1].strip() else "")
        end = match.end()
    if not end:
        return text
    rest = text[end:] if begun else text[end:].lstrip(_LEADING)
    kept.append(_with_capital(rest) if capital else rest)
    return "".join(kept).strip()


def _with_capital(text: str) -> str:
    """The text after a filler that began with a capital letter."""
    return re.sub(r"[^\W\d_]", lambda letter: letter.group().upper(), text, count=1)


def _comma(match: re.Match[str], text: str) -> str:
    """Return the replacement of a filler within a sentence: its comma, if it separates two clauses."""
    if "," not in match["before"]:
        return ""
    if not match["after"]:
        return "," if text[match.end() : match.end() + 1] == " " else ""
    return "," if _NEW_CLAUSE.match(text, match.end()) else ""


def _without_mandarin_fillers(text: str) -> str:
    fluent = text
    for pattern in _MANDARIN_FILLERS:
        fluent = pattern.sub(lambda match: match["start"], fluent)
    if fluent == text:
        return text
    for pattern, left in _LEFT_MARKS:
        fluent = pattern.sub(left, fluent)
    return fluent
