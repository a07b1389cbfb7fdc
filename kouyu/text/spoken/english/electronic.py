"""Addresses of machines, file names and tags: example.com, 192.168.1.1, file.txt, #AI, @nasa."""

import re
from typing import Final

from kouyu.text.spoken.english.numbers import digits
from kouyu.text.spoken.kinds import kind, rule

_DOMAINS: Final = "com|org|net|io|dev|ai|app|edu|gov|info|me|tv|co|uk|de|fr|cn|jp|us|eu|ca|au|in"
_FILES: Final = (
    "txt|pdf|py|js|ts|json|csv|tsv|md|docx?|xlsx?|pptx?|png|jpe?g|gif|svg|mp[34]|wav|flac|zip|tar|gz|exe|dmg|html?|css"
    "|ya?ml|toml|ini|cfg|conf|xml|sh|log|sql|db|rs|go|java|cpp|ipynb"
)


def _dotted_digits(match: re.Match[str]) -> str:
    return " dot ".join(digits(part) for part in match.group().split("."))


def _dots(match: re.Match[str]) -> str:
    return match.group().replace(".", " dot ").replace("/", " slash ").replace("_", " ")


ELECTRONIC: Final = kind(
    r"[.@#]",
    rule(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)", _dotted_digits),
    rule(
        rf"(?<![\w.@-])[A-Za-z][\w-]{{0,63}}(?:\.[\w-]{{1,63}}){{0,6}}\.(?:{_DOMAINS})(?:/[\w./-]{{0,80}}\w|/)?(?![\w-]|\.\w)",
        _dots,
    ),
    rule(rf"(?<![\w./-])[\w-]{{1,63}}\.(?:{_FILES})(?![\w-]|\.\w)", _dots),
    rule(r"(?<![\w.])\.(?=(?:" + _FILES + r"|net|env|gitignore)\b)", "dot "),
    rule(r"(?<![\w&#])#(?=[A-Za-z])", "hashtag "),
    rule(r"(?<![\w.@])@(?=[A-Za-z])", "at "),
    rule(r" ?@ ?(?=\d)", " at "),
)
