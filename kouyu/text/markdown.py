"""Removes what cannot be spoken from a sentence: Markdown, addresses, emoji."""

import re
from collections.abc import Callable
from typing import Final

DOT: Final = {"zh": "点"}
AT: Final = {"zh": "艾特"}

_FENCE: Final = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_TAG: Final = re.compile(r"</?[A-Za-z][^<>\n]*+>|<!--(?:[^-<\n]|-(?!->)|<(?!!--))*+-->")
_LINK: Final = re.compile(r"!?\[([^\[\]\n]*+)\]\((?:[^()\n]|\([^()\n]*\))*+\)")
_ADDRESS: Final = re.compile(
    r"(?:https?://|www\.)(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)[^\s<>，。！？；、）】」”]*", re.IGNORECASE
)
_MAIL: Final = re.compile(r"(?<![\w.+-])(?P<name>[\w.+-]++)@(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)", re.ASCII)
_LINE_START: Final = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+•·][ \t]+(?:\[[ xX]\][ \t]+)?)+", re.MULTILINE)
_RULE: Final = re.compile(r"^[ \t]*+(?:[-*_=][ \t]*+){3,}+$|^(?=[ \t|:-]*-{3})[ \t|:-]++$", re.MULTILINE)
_UNDERSCORES: Final = re.compile(r"(?<!\w)_{1,2}(?=\S)|(?<=\S)_{1,2}(?!\w)")
_STARS: Final = re.compile(r"\*{2,}|(?<!\d)(?<!\d )\*|\*(?!\d)(?! \d)|~~|`+|\\(?=[\\*_`#])")
_PICTURES: Final = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u25a0-\u25ff\ufe0e\ufe0f\u200d\u20e3"
    "\U000e0020-\U000e007f]+"
)
_LOOSE_STOP: Final = re.compile(r" (?=[,.!?;:，。！？；：、](?:\s|[^\x00-\x7f]|$))")
_ARROWS: Final = re.compile("(?:(?<![ \t])[ \t]++)?[\u2190-\u21ff]++[ \t]*+")


def plain_text(text: str, language: str = "en") -> str:
    """Return a sentence without markup, with single spaces.

    Code blocks are removed; a link keeps its text, a bare address its host ("example dot com"). Table cells and arrows
    become commas.
    """
    text = _FENCE.sub(" ", text)
    text = _TAG.sub(" ", text)
    text = _LINK.sub(r"\1", text)
    text = _ADDRESS.sub(_spoken_host(language), text)
    text = _MAIL.sub(_spoken_mail(language), text)
    text = _RULE.sub("", text)
    text = _LINE_START.sub("", text)
    text = _STARS.sub("", text)
    text = _UNDERSCORES.sub("", text)
    text = _PICTURES.sub(" ", text)
    comma = "，" if language == "zh" else ", "
    text = _ARROWS.sub(comma, text)
    if "|" in text:
        text = comma.join(cell.strip(" \t") for cell in text.strip(" \t\n|").split("|"))
    return _LOOSE_STOP.sub("", " ".join(text.split()))


def _dotted(host: str, language: str) -> str:
    return host.replace(".", DOT.get(language, " dot "))


def _spoken_host(language: str) -> Callable[[re.Match[str]], str]:
    def spoken(match: re.Match[str]) -> str:
        # The sentence's closing punctuation is not part of the address.
        stop = match.group()[-1] if match.group()[-1] in ".,!?;:" else ""
        return _dotted(match["host"].removeprefix("www."), language) + stop

    return spoken


def _spoken_mail(language: str) -> Callable[[re.Match[str]], str]:
    def spoken(match: re.Match[str]) -> str:
        return _dotted(match["name"], language) + AT.get(language, " at ") + _dotted(match["host"], language)

    return spoken
