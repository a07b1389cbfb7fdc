"""Numbers that identify, not count: PIN 1234, room 305, flight BA286, ZIP 90210, ends in 0042, port 8080, #12345."""

import re
from typing import Final

from kouyu.text.spoken.english.numbers import cardinal, digits, name_number
from kouyu.text.spoken.kinds import kind, rule

_BY_DIGIT: Final = (
    "PIN|pin|code|CODE|codes|password|passcode|passphrase|OTP|ID|id|account|extension|ext|serial|tracking|confirmation"
    "|reference|routing|license|licence|ending in|ends in|end in|digits|token|booking|invoice|ticket number|SKU|ISBN"
)
_IN_PAIRS: Final = (
    "room|Room|suite|Suite|flight|Flight|highway|Highway|route|Route|interstate|gate|Gate|bus|Bus|Train|unit|Unit"
    "|port|Port|apartment|Apartment|locker|platform|Boeing|Airbus|model|Model|area code|RTX|GTX|RX|Ryzen|error|HTTP"
    "|status"
)
_COUNTS: Final = (
    " (?:years|times|lines|people|dollars|percent|users|days|hours|minutes|characters|digits|bytes|tokens|words)"
)
_BETWEEN: Final = r"(?: (?:is|was|number|no|No\.|number is|code is|are|code|card))?:? #?"


def _spelled(match: re.Match[str]) -> str:
    return match[1] + " ".join(
        digits(part) if part.isdigit() else part for part in re.findall(r"\d+|[A-Za-z]+", match[2])
    )


def _in_pairs(match: re.Match[str]) -> str:
    return match[1] + name_number(match[2])


def _airline(match: re.Match[str]) -> str:
    return f"{match[1]} {digits(match[2])}"


def _ticket(match: re.Match[str]) -> str:
    return f"number {digits(match[1]) if len(match[1]) > 3 else cardinal(int(match[1]))}"


CODES: Final = kind(
    r"\d",
    rule(
        rf"(\b(?:{_BY_DIGIT}){_BETWEEN})((?:[A-Z]{{1,4}}-?\d{{1,24}}|\d{{3,24}})(?:-\d{{2,8}}){{0,4}})(?![\w:/%]|[.,-]\d|{_COUNTS})",
        _spelled,
    ),
    rule(r"(\b[Nn]umber )(\d{2,12}(?:-\d{2,12}){1,4})(?![\w-])", _spelled),
    rule(r"(\bnumber is:? )(\d{3,24}(?:-\d{2,8}){0,4})(?![\w:/%]|[.,-]\d)", _spelled),
    rule(r"(\b(?:ZIP|zip|postcode|postal)(?: code)?(?: is)? )(\d{5}(?:-\d{4})?)(?![\w])", _spelled),
    rule(r"(, [A-Z]{2} )(\d{5})(?![\w,.-]\d)", _spelled),
    rule(rf"(\b(?:{_IN_PAIRS}) )(?:number |#)?(\d{{3,4}})(?![\w:/%]|[.,-]\d)", _in_pairs),
    rule(r"(?<=\b[Ff]light )([A-Z]{2}) ?(\d{2,4})(?!\w)", _airline),
    rule(r"\b([A-Z]{2}) ?(\d{3,4})(?= (?:flight|Flight)\b)", _airline),
    rule(r"(?<![\w.,:/$€£¥#-])(\d0\d)(?= (?:error|page|response|status)\b)", lambda match: name_number(match[1])),
    rule(
        r"\b([A-Z]{2,8})-(\d{1,8})-(\d{1,8})(?![\w-])",
        lambda match: f"{match[1]} {name_number(match[2])}, {name_number(match[3])}",
    ),
    rule(r"#(\d{1,24})(?![\w]|[.,]\d)", _ticket),
    rule(r"(?<![\w.,:/+-])0\d{1,24}(?![\w:/%]|[.,-]\d)", lambda match: digits(match.group())),
)
