"""Formulas: 2+2=4, 10 - 3 = 7, 3 × 4, x², 10^6, ±5, √16, x ≥ 5, 3x4 m."""

import re
from typing import Final

from kouyu.text.spoken.kinds import kind, rule

_OPERAND: Final = r"(?<=[\dA-Za-z)%!])"
_NEXT: Final = r"(?=[-\dA-Za-z(√π])"
_NEAR: Final = 80
"""Characters around a sign in which it is looked for what tells how to read it."""
_POWERS: Final = {"2": "squared", "3": "cubed"}
_ASKED: Final = re.compile(r"\b(?:is|Is|when|where|for)\b")
_GREEK: Final = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "Δ": "delta",
    "ε": "epsilon",
    "θ": "theta",
    "λ": "lambda",
    "μ": "mu",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "Σ": "sigma",
    "τ": "tau",
    "φ": "phi",
    "ω": "omega",
    "Ω": "omega",
    "∞": "infinity",
}


def _power(match: re.Match[str]) -> str:
    exponent = match[1]
    if exponent in _POWERS:
        return f" {_POWERS[exponent]}"
    minus = "minus " if exponent[0] == "-" else ""
    return f" to the power of {minus}{exponent.lstrip('-')}"


def _times(match: re.Match[str]) -> str | None:
    """Read "rose 3x", but not in an equation, where x is a variable."""
    return None if "=" in match.string[max(0, match.start() - _NEAR) : match.end() + _NEAR] else " times"


def _is_asked(match: re.Match[str]) -> bool:
    return _ASKED.search(match.string, max(0, match.start() - _NEAR), match.start()) is not None


def _less(match: re.Match[str]) -> str:
    return " less than " if _is_asked(match) else " is less than "


def _greater(match: re.Match[str]) -> str:
    return " greater than " if _is_asked(match) else " is greater than "


POWERS: Final = kind(r"\d\^", rule(r"(?<=\d)\^\(?(-?\d{1,3}|[a-z])\)?(?!\w)", _power))
MATHS: Final = kind(
    r"[-+*×÷=^<>≤≥≠≈±√∞~α-ωΔΣΩ%]|\dx",
    rule(r"(?<=\d)[x×](?=[.,;!?]|\Z| (?!=)[a-z])", _times),
    rule(r"(?<=[A-Za-z)])\^\(?(-?\d{1,3}|[a-z])\)?(?!\w)", _power),
    rule(r"√ ?\(?(?=[\dA-Za-z])", " square root of "),
    rule(r"(\b(?:[Ww]hat is|[Ww]hat's|[Cc]alculate|[Cc]ompute|[Ss]olve|[Ee]quals) \d{1,12}) ?- ?(?=\d)", r"\1 minus "),
    rule(r"(?<=\d) ?- ?(?=\d[\d.,]{0,20} ?=)", " minus "),
    rule(r"(?<=\d) ?/ ?(?=\d[\d.,]{0,20} ?=)", " divided by "),
    rule(r"(?<=[\dA-Za-z)]) - (?=\d)(?=.{0,80}=)", " minus "),
    rule(rf"{_OPERAND} ?[×*] ?{_NEXT}", " times "),
    rule(rf"{_OPERAND} ?÷ ?{_NEXT}", " divided by "),
    rule(rf"{_OPERAND} ?\+ ?{_NEXT}", " plus "),
    rule(r" ?(?:≤|<=) ?", " less than or equal to "),
    rule(r" ?(?:≥|>=) ?", " greater than or equal to "),
    rule(r" ?(?:≠|!=) ?", " not equal to "),
    rule(rf"{_OPERAND} ?={{1,3}} ?{_NEXT}", " equals "),
    rule(r" ?≈ ?", " approximately equals "),
    rule(r" ?± ?", " plus or minus "),
    rule(r"(?:(?<=\w) < ?(?=[\w-])|(?<=\d)<(?=\d))", _less),
    rule(r"(?:(?<=\w) > ?(?=[\w-])|(?<=\d)>(?=\d))", _greater),
    rule(r"(?<![\w.])[<](?=\d)", "less than "),
    rule(r"(?<![\w.])[>](?=\d)", "more than "),
    rule(r"(?<![α-ωΑ-Ω])[α-ωΔΣΩ∞](?![α-ωΑ-Ω])", lambda match: f" {_GREEK.get(match.group(), match.group())} "),
    rule(r"(?<=\w)\+(?=\s|\Z|[.,])", " plus"),
    rule(r"\b([A-F])-(?=\s|\Z|[.,])", r"\1 minus"),
)
