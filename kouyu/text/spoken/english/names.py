"""Letters and figures in one word: GPT-4, PS5, H2O, 1080p, 221B, C++, Ctrl+C, 10k, 747s."""

import re
from typing import Final

from kouyu.text.spoken.english.numbers import digits, name_number, number, plural
from kouyu.text.spoken.kinds import kind, rule

_KEYS: Final = {
    "ctrl": "control",
    "cmd": "command",
    "esc": "escape",
    "del": "delete",
    "opt": "option",
    "ins": "insert",
    "win": "windows",
    "pgup": "page up",
    "pgdn": "page down",
}
_KEY: Final = r"(?:Ctrl|Control|Cmd|Command|Alt|Option|Opt|Shift|Win|Windows|Fn|Meta|Super|Tab|Esc)"


def _keys(match: re.Match[str]) -> str:
    return " ".join(_KEYS.get(key.lower(), key) for key in re.split(r" ?\+ ?|-", match.group()))


def _runs(match: re.Match[str]) -> str:
    """Keep letters, and read digits as a name's number."""
    said = " ".join(
        run if run.isalpha() else (name_number(run) if len(run) <= 4 else digits(run))
        for run in re.findall(r"\d+|[A-Za-z]+", match.group())
    )
    # A voice reads a lone "A" as the article.
    return re.sub(r"\bA ", "A-", said)


def _plural(match: re.Match[str]) -> str:
    return plural(name_number(match[1]))


KEYS: Final = kind(
    r"\+|#|\b(?:Ctrl|Cmd)\b|\.N",
    rule(rf"\b{_KEY}(?: ?[+] ?(?:{_KEY}|[A-Za-z]{{1,9}}\d{{0,2}}|\d)){{1,3}}(?!\w)", _keys),
    rule(rf"\b(?:Ctrl|Cmd)-(?:{_KEY}-)?[A-Za-z]\b", _keys),
    rule(r"\b(?:Ctrl|Cmd)\b", lambda match: _KEYS[match.group().lower()]),
    rule(r"\b([CG])\+\+", r"\1 plus plus"),
    rule(r"\b([CFJ])#(?!\w)", r"\1 sharp"),
    rule(r"\b(ASP)?\.NET\b", r"\1 dot net"),
)

NAMES: Final = kind(
    r"[A-Za-z]-?\d|\d[A-Za-z]",
    rule(
        r"(?<![\w.,])(\d+(?:\.\d+)?)k\b(?!-| (?:video|TV|tv|display|monitor|resolution|screen|run|race))",
        lambda match: f"{number(match[1])} thousand",
    ),
    rule(
        r"(?<![\w.,])(\d+(?:\.\d+)?)([MBT])\b(?= [a-z])",
        lambda match: f"{number(match[1])} " + {"M": "million", "B": "billion", "T": "trillion"}[match[2]],
    ),
    rule(r"(?<![\w.,-])(\d{1,4})['’]?s\b", _plural),
    rule(r"(?<![\w.])([A-Za-z]{1,20})-(\d{1,8})(?![\w]|-\d)", lambda match: f"{match[1]} {name_number(match[2])}"),
    rule(r"(?<![\w.])(?:[A-Za-z]{1,20}\d|\d{1,20}[A-Za-z])[A-Za-z\d]{0,40}(?!\w)", _runs),
)
