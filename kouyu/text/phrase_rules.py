"""A rule that rewrites the phrases a pattern finds, and leaves everything around them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PhraseRule:
    """``write`` gives the new text of a phrase that ``pattern`` found; None leaves it as it is."""

    pattern: re.Pattern[str]
    write: Callable[[re.Match[str]], str | None]

    def apply(self, text: str) -> str:
        """The text with all phrases rewritten."""
        return self.pattern.sub(self._replacement, text)

    def _replacement(self, match: re.Match[str]) -> str:
        written = self.write(match)
        return match.group() if written is None else written


def rewrite(text: str, rules: Sequence[PhraseRule]) -> str:
    """Apply the rules one after the other."""
    for rule in rules:
        text = rule.apply(text)
    return text
