"""Rules that rewrite the phrases that a pattern matches."""

import re
from collections.abc import Callable, Sequence

import msgspec


class PhraseRule(msgspec.Struct, frozen=True):
    """``write`` returns the new text of a match of ``pattern``; None leaves it unchanged."""

    pattern: re.Pattern[str]
    write: Callable[[re.Match[str]], str | None]

    def apply(self, text: str) -> str:
        """Rewrite all matching phrases."""
        return self.pattern.sub(self._replacement, text)

    def _replacement(self, match: re.Match[str]) -> str:
        written = self.write(match)
        return match.group() if written is None else written


def rewrite(text: str, rules: Sequence[PhraseRule]) -> str:
    """Apply the rules in order."""
    for rule in rules:
        text = rule.apply(text)
    return text
