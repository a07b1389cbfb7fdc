"""Titles and abbreviations: Dr. Smith, St. Paul, Main St., e.g., etc., No. 5, R&D, w/o."""

import re
from typing import Final

from kouyu.text.sentence_ends import SENTENCE_STARTERS
from kouyu.text.spoken.kinds import kind, rule

_TITLES: Final = {
    "Mr": "mister",
    "Mrs": "missus",
    "Ms": "Ms",
    "Dr": "doctor",
    "Prof": "professor",
    "Gov": "governor",
    "Sen": "senator",
    "Rep": "representative",
    "Pres": "president",
    "Gen": "general",
    "Col": "colonel",
    "Maj": "major",
    "Capt": "captain",
    "Cpt": "captain",
    "Lt": "lieutenant",
    "Sgt": "sergeant",
    "Cpl": "corporal",
    "Rev": "reverend",
    "Hon": "honorable",
    "Fr": "father",
    "St": "saint",
    "Mt": "mount",
    "Ft": "fort",
}
_STREETS: Final = {
    "St": "street",
    "Ave": "avenue",
    "Av": "avenue",
    "Blvd": "boulevard",
    "Rd": "road",
    "Ln": "lane",
    "Dr": "drive",
    "Ct": "court",
    "Pl": "place",
    "Sq": "square",
    "Hwy": "highway",
    "Pkwy": "parkway",
}
_BEFORE_NUMBER: Final = {
    "no": "number",
    "nos": "numbers",
    "fig": "figure",
    "figs": "figures",
    "vol": "volume",
    "ch": "chapter",
    "chap": "chapter",
    "sec": "section",
    "art": "article",
    "eq": "equation",
    "ex": "example",
    "p": "page",
    "pp": "pages",
    "pg": "page",
    "ext": "extension",
    "apt": "apartment",
    "ste": "suite",
    "rm": "room",
    "ver": "version",
    "tel": "telephone",
    "ca": "circa",
}
_ANYWHERE: Final = {
    "e.g": "for example",
    "i.e": "that is",
    "etc": "et cetera",
    "vs": "versus",
    "viz": "namely",
    "cf": "compare",
    "approx": "approximately",
    "a.k.a": "also known as",
    "dept": "department",
    "govt": "government",
    "misc": "miscellaneous",
    "intl": "international",
    "Jr": "junior",
    "Sr": "senior",
    "Inc": "incorporated",
    "Ltd": "limited",
    "Corp": "corporation",
    "Bros": "brothers",
    "incl": "including",
    "excl": "excluding",
}
_ANYWHERE_BY_LOWER: Final = {written.lower(): said for written, said in _ANYWHERE.items()}
_BEFORE_NAMES: Final = frozenset({"vs", "approx", "Jr", "Sr", "Inc", "Ltd", "Corp", "Bros"})
"""A capital letter after one of these does not begin a sentence."""

_WITHIN: Final = {
    "max": "maximum",
    "min": "minimum",
    "avg": "average",
    "temp": "temperature",
    "est": "established",
    "al": "al",
}
"""These are words too: an abbreviation only if the sentence continues."""

_WITHOUT_STOP: Final = {
    "vs": "versus",
    "w/o": "without",
    "w/": "with",
    "and/or": "and or",
    "b/c": "because",
    "aka": "also known as",
    "approx": "approximately",
}


def _alternatives(words: dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in words)


def _ending(match: re.Match[str]) -> str:
    """Return a full stop if the abbreviation's own also ends the sentence: nothing or a new sentence follows."""
    rest = match.string[match.end() : match.end() + 3]
    return "." if not rest or rest[0] == "\n" or (rest[0] == " " and rest[1:2].isupper()) else ""


def _anywhere(match: re.Match[str]) -> str:
    ends = match.end() == len(match.string) if match[1] in _BEFORE_NAMES else _ending(match)
    return _ANYWHERE_BY_LOWER[match[1].lower()] + ("." if ends else "")


def _street(match: re.Match[str]) -> str:
    return f"{match[1]}{_STREETS[match[2]]}" + (_ending(match) if match[3] else "")


def _initial(match: re.Match[str]) -> str | None:
    """Of a name: "J. K. Rowling", "George W. Bush", but not "vitamin C. She"."""
    before = match.string[max(0, match.start() - 24) : match.start()].rsplit(maxsplit=1)[-1:]
    first = before[0].lstrip('(“"')[:1] if before else ""
    of_name = (not first or first.isupper()) and match[2].lower() not in SENTENCE_STARTERS
    return f"{match[1]} " if of_name else None


def _dotted(match: re.Match[str]) -> str:
    """Read letter by letter: "U.S" without its last stop, which is the sentence's where one ends."""
    letters = match.group()
    following = match.string[match.end() : match.end() + 20]
    if following[:1] in ("'", "’"):
        return letters.replace(".", "")
    word = following.split(maxsplit=1)[0] if following.strip() else ""
    return letters if not word or (word[0].isupper() and word.lower() in SENTENCE_STARTERS) else letters[:-1]


ABBREVIATIONS: Final = kind(
    r"[./&]|\bvs\b|\baka\b|\bapprox\b|\b(?:Mr|Mrs|Ms|Dr|St|Ave|Blvd|Rd|Apt)\b",
    # Voices end a sentence at a stop that a space and a capital letter follow.
    rule(r"(?<![\w.])(?:[A-Z]\.){2,5}", _dotted),
    rule(r"(?<![\w.])([A-Z])\. (?=([A-Z][a-z'’]{0,20})\b)", _initial),
    rule(
        rf"((?:\b\d{{1,4}}(?:st|nd|rd|th) |\b\d{{1,5}} (?:[A-Z]\w{{1,20}} ){{1,3}}))({_alternatives(_STREETS)})\b(\.?)",
        _street,
    ),
    rule(r"(\b[A-Z][a-z]{2,20} )(Ave|Blvd|Rd|Hwy|Pkwy|St(?!\.? [A-Z]))\b(\.?)", _street),
    rule(rf"\b({_alternatives(_TITLES)})\. (?=[A-Z])", lambda match: _TITLES[match[1]] + " "),
    rule(r"\b(Mr|Mrs|Ms|Dr|Prof) (?=[A-Z][a-z])", lambda match: _TITLES[match[1]] + " "),
    rule(r"\bPh\. ?D\b\.?", "PhD"),
    rule(
        rf"\b({_alternatives(_BEFORE_NUMBER)})\. ?(?=[#\d]|[IVXL]+\b)",
        lambda match: _BEFORE_NUMBER[match[1].lower()] + " ",
        re.IGNORECASE,
    ),
    rule(r"\bc\. ?(?=1\d{3}|20\d\d)", "circa "),
    rule(r"\b(Apt|Ste) (?=\d)", lambda match: _BEFORE_NUMBER[match[1].lower()] + " "),
    rule(rf"(?<![\w.])({_alternatives(_ANYWHERE)})\.(?!\w)", _anywhere, re.IGNORECASE),
    rule(rf"(?<![\w.])(?<!\d )({_alternatives(_WITHIN)})\.(?= [a-z\d])", lambda match: _WITHIN[match[1]]),
    rule(
        rf"(?<![\w./])({_alternatives(_WITHOUT_STOP)})(?![\w.]|/\w)",
        lambda match: _WITHOUT_STOP[match[1].lower()],
        re.IGNORECASE,
    ),
    rule(r"(?<![A-Za-z0-9])([A-Z])&([A-Z])(?![A-Za-z])", r"\1 and \2"),
    rule(r" ?& ?", " and "),
)
