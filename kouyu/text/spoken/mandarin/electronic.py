"""Addresses, tags, keys and names of languages: 192.168.1.1, #话题#, Ctrl+C, C++."""

import re
from typing import Final

from kouyu.text.spoken.kinds import kind, rule
from kouyu.text.spoken.mandarin.numerals import HAN, digits

_KEY: Final = r"(?:Ctrl|Control|Cmd|Command|Alt|Option|Shift|Win|Fn|Tab|Esc)"


def _dotted_digits(match: re.Match[str]) -> str:
    return "点".join(digits(part) for part in match.group().split("."))


ELECTRONIC: Final = kind(
    r"[.#+@]",
    rule(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)", _dotted_digits),
    rule(
        r"(?<![\w.@-])[A-Za-z][\w-]{0,63}(?:\.[\w-]{1,63}){0,6}\.(?:com|org|net|io|dev|ai|edu|gov|cn|info|me|tv)(?![\w-]|\.\w)",
        lambda match: match.group().replace(".", "点"),
    ),
    rule(r"(?<=[A-Za-z])\.(?=(?:txt|pdf|py|js|json|csv|docx?|xlsx?|pptx?|png|jpg|mp[34]|zip|exe|html|apk)\b)", "点"),
    rule(
        rf"\b{_KEY}(?: ?\+ ?(?:{_KEY}|[A-Za-z]{{1,9}}\d{{0,2}}|\d)){{1,3}}(?!\w)",
        lambda match: match.group().replace("+", " "),
    ),
    rule(r"\b([CG])\+\+", r"\1加加"),
    rule(r"\b([CF])#(?!\w)", r"\1 sharp"),
    rule(rf"#([{HAN}\w]{{1,40}})#", r"\1"),
)
