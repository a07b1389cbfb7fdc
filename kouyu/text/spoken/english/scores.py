"""Scores and ratios: won 3-1, a 21-14 win, 2:1, 16:9."""

import re
from typing import Final

from kouyu.text.spoken.english.numbers import cardinal
from kouyu.text.spoken.kinds import kind, rule

_BEFORE: Final = (
    r"\b(?:[Ww]on|[Ll]ost|[Ss]cores?(?: (?:is|was))?|[Ss]cored|[Bb]eat|[Ll]ed|[Ll]eads?|[Ee]nded|[Ff]inished|[Tt]ied"
    r"|[Dd]rew|[Rr]esult(?: (?:is|was))?|[Uu]p|[Dd]own|[Ww]in|[Rr]ecord(?: of| is| was)?|[Oo]dds(?: are| of)?)"
)
_PAIR: Final = r"(\d{1,3}) ?[-–:] ?(\d{1,3})(?![\w:/%]|[.,-]\d)"


def _to(match: re.Match[str]) -> str:
    return f"{match[1]}{cardinal(int(match[2]))} to {cardinal(int(match[3]))}"


def _verses(match: re.Match[str]) -> str:
    return f"{cardinal(int(match[1]))}, {cardinal(int(match[2]))} to {cardinal(int(match[3]))}"


RATIOS: Final = kind(
    r"\d:\d",
    rule(
        r"((?<![\w.,:/-]))(\d{1,3}):(\d{1,5})"
        r"(?= (?:screen|ratio|aspect|format|display|odds|scale|mix|mixture|dilution|video)\b)",
        _to,
    ),
    rule(r"(\b(?:[Rr]atio|[Oo]dds|[Ss]cale) (?:of|is|are|was) )(\d{1,3}):(\d{1,5})(?!\w)", _to),
)
SCORES: Final = kind(
    r"\d ?[-–:]",
    rule(r"(?<![\w.,:/-])(\d{1,3}):(\d{1,3})-(\d{1,3})(?![\w:/%]|[.,-]\d)", _verses),
    rule(rf"({_BEFORE} ){_PAIR}", _to),
    rule(rf"((?<![\w.,:/-])){_PAIR}(?= (?:win|loss|victory|defeat|draw|lead|tie|record|score)\b)", _to),
    rule(r"((?<![\w.,:/-]))(\d{1,3}):(\d)(?![\w:/%]|[.,-]\d)", _to),
)
