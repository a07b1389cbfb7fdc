"""English numbers in words: cardinals, ordinals, decimals, years, digits one by one."""

from typing import Final

AMOUNT: Final = r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
"""Regular expression of a number, with or without commas and decimals, that never starts inside another number."""

MOST_DIGITS: Final = 15
"""A longer number is read digit by digit: quadrillions are hard to follow."""

_SMALL: Final = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS: Final = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES: Final = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def cardinal(number: int) -> str:
    """1024 is "one thousand and twenty four". For numbers from 0 up to MOST_DIGITS digits."""
    words: list[str] = []
    for size, name in _SCALES:
        if number >= size:
            words += [cardinal(number // size), name]
            number %= size
    if number >= 100:
        words += [_SMALL[number // 100], "hundred"]
        number %= 100
    if number or not words:
        words += ["and"] * bool(words) + [_below_100(number)]
    return " ".join(words)


def _below_100(number: int) -> str:
    if number < 20:
        return _SMALL[number]
    return f"{_TENS[number // 10]} {_SMALL[number % 10]}" if number % 10 else _TENS[number // 10]


def ordinal(number: int) -> str:
    """21 is "twenty first"."""
    before, _, last = cardinal(number).rpartition(" ")
    last = _ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return f"{before} {last}".lstrip()


def plural(word: str) -> str:
    """Return the plural of a number word: "nineties", "sixes", "fours"."""
    if word.endswith("y"):
        return word[:-1] + "ies"
    return word + ("es" if word.endswith("x") else "s")


def digits(text: str) -> str:
    """Read a text's digits one by one, without other characters; at most a few dozen."""
    return " ".join(_SMALL[int(digit)] for digit in text if digit.isdecimal())


def number(text: str) -> str:
    """Read a number that AMOUNT matches: "1,234.5", "0.05", "007" (digit by digit, as all that begin with 0)."""
    whole, point, decimals = text.replace(",", "").partition(".")
    if len(whole) > MOST_DIGITS or (len(whole) > 1 and whole[0] == "0"):
        words = digits(whole)
    else:
        words = cardinal(int(whole or 0))
    return f"{words} point {digits(decimals)}" if point else words


def year(text: str) -> str:
    """Read four digits as a year: 1905 "nineteen oh five", 2005 "two thousand and five", 1900 "nineteen hundred"."""
    century, rest = int(text[:2]), int(text[2:])
    if century % 10 == 0 and rest < 10:
        return cardinal(int(text))
    if rest == 0:
        return f"{_below_100(century)} hundred"
    return f"{_below_100(century)} {pair(text[2:])}"


def pair(text: str) -> str:
    """Read two digits as in a year or a time: "05" is "oh five", "00" "oh oh"."""
    if text[0] == "0":
        return f"oh {_SMALL[int(text[1])]}" if text[1] != "0" else "oh oh"
    return _below_100(int(text))


def name_number(text: str) -> str:
    """Read a name's number: 747 "seven forty seven", 4090 "forty ninety", 101 "one oh one", 12345 digit by digit."""
    if text[0] == "0" and len(text) > 1:
        return digits(text)
    match len(text):
        case 1 | 2:
            return cardinal(int(text))
        case 3 if text[1:] != "00":
            return f"{_SMALL[int(text[0])]} {pair(text[1:])}"
        case 4 if text[1:] != "000" and text[2:] == "00":
            return f"{_below_100(int(text[:2]))} hundred"
        case 4 if text[1:] != "000":
            return f"{_below_100(int(text[:2]))} {pair(text[2:])}"
        case 3 | 4:
            return cardinal(int(text))
    return digits(text)
