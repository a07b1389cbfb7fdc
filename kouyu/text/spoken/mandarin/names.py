"""Names with figures: GPT-4, 东风-41, C919, 波音747, RTX 4090, 1080p, v2.0, 路易XIV, III型."""

import re
from typing import Final

from kouyu.text.spoken.english.ordinals import roman
from kouyu.text.spoken.kinds import kind, rule
from kouyu.text.spoken.mandarin.numerals import cardinal, digits, number

_MODELS: Final = (
    "东风|巨浪|红旗|鹰击|长征|神舟|嫦娥|天宫|天舟|天问|歼|轰|运|直|苏|米格|图|武直|霹雳"
    "|枭龙|伊尔|安|空警|攻击|翼龙|彩虹"
)
"""Names whose number follows a hyphen that is not a minus."""

_NUMBERED: Final = "波音|空客|奔驰|宝马|标致|骁龙|天玑|麒麟|酷睿|锐龙|RTX|GTX|RX|Boeing|Airbus"
_ROMAN: Final = r"(?=[IVX])(X{0,3}(?:IX|IV|V?I{0,3}))(?![A-Za-z])"
_RULERS: Final = (
    "路易|亨利|查理|乔治|爱德华|理查|威廉|詹姆斯|伊丽莎白|教皇|保罗|腓力|彼得|拿破仑|叶卡捷琳娜"
    "|尼古拉|亚历山大|弗雷德里希"
)


def _parts(text: str) -> str:
    return "点".join(
        cardinal(int(part)) if len(part) < 3 and part[:1] != "0" else digits(part) for part in text.split(".")
    )


def _roman(match: re.Match[str]) -> str | None:
    return cardinal(roman(match[1])) if match[1] else None


NAMES: Final = kind(
    r"\d",
    rule(
        r"(?<![\w.])(\d{1,2}) ?[vV][sS]? ?(\d{1,2})(?!\w)",
        lambda match: f"{cardinal(int(match[1]))}V{cardinal(int(match[2]))}",
    ),
    rule(r"(?<![A-Za-z])[vV]\.?(\d{1,4}(?:\.\d{1,4}){0,4})(?![\w.])", lambda match: f"V{_parts(match[1])}"),
    rule(r"(?<![\d.])\d{1,4}(?:\.\d{1,4}){2,4}(?![\d.])", lambda match: _parts(match.group())),
    rule(
        rf"((?<!\d)(?:{_MODELS}))-(\d{{1,4}})(?![\d.%°])",
        lambda match: match[1] + (cardinal(int(match[2])) if len(match[2]) < 3 else digits(match[2])),
    ),
    rule(r"(?<=[A-Za-z]\d)-(\d{3,6})(?![\d.])", lambda match: digits(match[1])),
    rule(r"([图表式例])(\d{1,3})-(\d{1,3})(?!\d)", lambda match: f"{match[1]}{number(match[2])}杠{number(match[3])}"),
    rule(r"(?<=[A-Za-z])-(?=\d)", ""),
    rule(rf"((?:{_NUMBERED}) ?)(\d{{3,5}})(?![\d元个万])", lambda match: match[1] + digits(match[2])),
    rule(r"(?<=[A-Za-z])(\d{3,24})(?![\d.])", lambda match: digits(match[1])),
    rule(r"(?<![\d.])(\d{3,4})(?=[pP](?![A-Za-z]))", lambda match: digits(match[1])),
    rule(r"(?<![\w.])(\d{3,4}) ?[×xX*] ?(\d{3,4})(?![\w.=])", lambda match: f"{digits(match[1])}乘{digits(match[2])}"),
)
ROMAN_NUMERALS: Final = kind(
    r"[IVX]",
    rule(rf"(?<![A-Za-z]){_ROMAN}(?=[型期级类章卷部代世号区组])", _roman),
    rule(
        rf"((?:{_RULERS}) ?)(?=[IVX])(X{{0,3}}(?:IX|IV|V?I{{0,3}}))(?![A-Za-z])",
        lambda match: match[1] + cardinal(roman(match[2])) if match[2] else None,
    ),
)
