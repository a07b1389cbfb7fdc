"""Works out the arithmetic in a question: "What is six times seven?" gives 42."""

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import isqrt, sqrt
from typing import Final, TypeAlias

from kouyu.text.calculation.numbers import FIGURES, Result, english_in_figures, mandarin_in_figures, rounded, value

_Rules: TypeAlias = tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]

_MOST_NUMBERS: Final = 12
_LARGEST_POWER: Final = 20


def result_in_english(question: str) -> Result | None:
    """The result of the calculation that an English question asks for. None if it asks for none, or for one without a
    result.

    Understood are sums, differences, products, quotients, powers, roots, halves and percentages of numbers in figures
    or words; products and quotients come before sums and differences.
    """
    return _result(english_in_figures(question), _ENGLISH) if _ASKED_IN_ENGLISH.search(question) else None


def result_in_mandarin(question: str) -> Result | None:
    """The same for Mandarin."""
    if not _ASKED_IN_MANDARIN.search(question):
        return None
    without_words = re.sub("的?一半", "÷ 2", question).replace("百分之", "percent ")
    return _result(mandarin_in_figures(without_words), _MANDARIN)


def _result(question: str, rules: _Rules) -> Result | None:
    for pattern, written in rules:
        question = pattern.sub(written, question)
    found = _EXPRESSION.search(question)
    return _worked_out(found.group()) if found else None


def _worked_out(expression: str) -> Result | None:
    numbers = [_number(each) for each in _NUMBER.findall(expression)]
    signs = _SIGN.findall(expression)
    if len(numbers) > _MOST_NUMBERS:
        return None
    try:
        result = _value_of(numbers, signs)
    except (ZeroDivisionError, OverflowError):
        return None
    return rounded(result)


def _value_of(numbers: Sequence[Fraction], signs: Sequence[str]) -> Fraction:
    """Raises ZeroDivisionError, OverflowError."""
    terms = list(numbers)
    left = list(signs)
    for now in _PRECEDENCE:
        index = 0
        while index < len(left):
            if left[index] in now:
                terms[index : index + 2] = [_STEPS[left[index]](terms[index], terms[index + 1])]
                del left[index]
            else:
                index += 1
    return terms[0]


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or not 0 <= exponent <= _LARGEST_POWER:
        raise OverflowError
    return base ** int(exponent)


def _number(written: str) -> Fraction:
    number = value(written.lstrip("√"))
    if not written.startswith("√"):
        return number
    whole = isqrt(int(number))
    return Fraction(whole) if whole * whole == number else Fraction(sqrt(number))


def _rules(*pairs: tuple[str, str | Callable[[re.Match[str]], str]]) -> _Rules:
    numbered = ((pattern.replace("NUMBER", f"({_FIGURES})"), written) for pattern, written in pairs)
    return tuple((re.compile(pattern, re.IGNORECASE), written) for pattern, written in numbered)


_FIGURES: Final = f"√?{FIGURES}"
_NUMBER: Final = re.compile(_FIGURES)
_SIGN: Final = re.compile("[+−×÷^]")
_EXPRESSION: Final = re.compile(rf"(?<![\d.,]){_FIGURES}(?: ?[+−×÷^] ?{_FIGURES})+|√{_FIGURES}")
_PRECEDENCE: Final = ("^", "×÷", "+−")
_STEPS: Final[dict[str, Callable[[Fraction, Fraction], Fraction]]] = {
    "^": _power,
    "×": lambda first, second: first * second,
    "÷": lambda first, second: first / second,
    "+": lambda first, second: first + second,
    "−": lambda first, second: first - second,
}

_ASKED_IN_ENGLISH: Final = re.compile(
    r"\b(?:what|how much|how many|calculate|compute|work out|equals?|tell me|add|subtract|multiply|divide)\b|=",
    re.IGNORECASE,
)
"""How a result is asked for: elsewhere, such words between numbers mean something else."""
_ASKED_IN_MANDARIN: Final = re.compile("等于|多少|几|算|得|=")

_SIGNS_IN_FIGURES: Final = (
    (r" ?[*×] ?|(?<=\d) x (?=\d)", " × "),
    (r" ?÷ ?| / ", " ÷ "),
    (r" ?− ?| - ", " − "),
    (r" ?\+ ?", " + "),
)
_ENGLISH: Final = _rules(
    *_SIGNS_IN_FIGURES,
    (r"\bhalf (?:of )?NUMBER", r"\1 ÷ 2"),
    (r"\b(?:one|a|1) third of NUMBER", r"\1 ÷ 3"),
    (r"\b(?:one|a|1) quarter of NUMBER", r"\1 ÷ 4"),
    (r"\b(?:twice|double) NUMBER", r"2 × \1"),
    (r"NUMBER ?(?:%|percent|per cent) of NUMBER", r"\1 ÷ 100 × \2"),
    (r"\bsquare root of NUMBER", r"√\1"),
    (r"NUMBER squared\b", r"\1 ^ 2"),
    (r"NUMBER cubed\b", r"\1 ^ 3"),
    (r"\b(?:sum of|add) NUMBER (?:and|to) NUMBER", r"\1 + \2"),
    (r"\bdifference (?:between|of) NUMBER and NUMBER", r"\1 − \2"),
    (r"\bproduct of NUMBER and NUMBER", r"\1 × \2"),
    (r"\b(?:multiply) NUMBER by NUMBER", r"\1 × \2"),
    (r"\b(?:divide) NUMBER by NUMBER", r"\1 ÷ \2"),
    (r"\b(?:subtract|take) NUMBER (?:away )?from NUMBER", r"\2 − \1"),
    (r" plus (?=[√\d])", " + "),
    (r" (?:minus|take away) (?=[√\d])", " − "),
    (r" (?:times|multiplied by) (?=[√\d])", " × "),
    (r" divided by (?=[√\d])", " ÷ "),
    (r" to the power of (?=\d)", " ^ "),
)
_MANDARIN: Final = _rules(
    *_SIGNS_IN_FIGURES,
    (r"NUMBER的(?:percent NUMBER|NUMBER%)", lambda match: f"{match[1]} × {match[2] or match[3]} ÷ 100"),
    (r"NUMBER的NUMBER倍", r"\1 × \2"),
    (r"NUMBER的平方根|根号NUMBER", lambda match: f"√{match[1] or match[2]}"),
    (r"NUMBER的平方", r"\1 ^ 2"),
    (r"NUMBER的立方", r"\1 ^ 3"),
    (r"NUMBER的NUMBER次方", r"\1 ^ \2"),
    (r"NUMBER[和与跟加]NUMBER的和", r"\1 + \2"),
    (r"NUMBER[和与跟]NUMBER的差", r"\1 − \2"),
    (r"NUMBER[和与跟乘]NUMBER的[乘]?积", r"\1 × \2"),
    (r"加上?(?=[√\d])", " + "),
    (r"减去?(?=[√\d])", " − "),
    (r"乘以?(?=[√\d])", " × "),
    (r"除以(?=[√\d])", " ÷ "),
    (r"NUMBER除NUMBER", r"\2 ÷ \1"),
)
