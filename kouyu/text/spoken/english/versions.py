"""Versions: v2.0, version 3.11, 1.2.3, Python 3.13.1, USB 3.0, H.264."""

import re
from typing import Final

from kouyu.text.spoken.english.numbers import cardinal, digits, name_number
from kouyu.text.spoken.kinds import kind, rule

_VERSIONED: Final = (
    "[Vv]ersions?|[Rr]elease|Python|iOS|iPadOS|macOS|watchOS|Android|Node|Java|PHP|Ruby|Rust|Go|Ubuntu|Debian|Fedora|Linux"
    "|kernel|CUDA|PyTorch|TensorFlow|Django|React|Swift|Kotlin|Scala|Perl|Bluetooth|HTML|CSS|GPT|Llama|Gemini|Claude"
)


def _parts(text: str) -> str:
    """Read each part as a number: 3.11 is "three point eleven"."""
    return " point ".join(
        digits(part) if len(part) > 3 or (len(part) > 1 and part[0] == "0") else cardinal(int(part))
        for part in text.split(".")
    )


def _letter_v(match: re.Match[str]) -> str:
    return f"version {_parts(match[1])}"


VERSIONS: Final = kind(
    r"\d",
    rule(r"\b(?:v\.? ?|V(?=\d{1,4}\.\d))(\d{1,4}(?:\.\d{1,4}){0,5})(?![\w]|\.\d)", _letter_v),
    rule(
        rf"(\b(?:{_VERSIONED})[ -])(\d{{1,4}}(?:\.\d{{1,4}}){{1,5}})(?![\w%]|\.\d)",
        lambda match: match[1] + _parts(match[2]),
    ),
    rule(r"(?<![\w.,$€£¥])\d{1,4}(?:\.\d{1,4}){2,5}(?![\w]|\.\d)", lambda match: _parts(match.group())),
    rule(r"\bH\.(26[3-6])\b", lambda match: f"H {name_number(match[1])}"),
)
