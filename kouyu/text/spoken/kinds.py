"""A kind of written form: its rules, and a pattern that shows whether a text may contain it."""

import re
from collections.abc import Callable, Sequence

import msgspec

from kouyu.text.phrase_rules import PhraseRule, rewrite


class Kind(msgspec.Struct, frozen=True):
    """``sign`` matches something that all rules need: a text without it skips the rules."""

    sign: re.Pattern[str]
    rules: tuple[PhraseRule, ...]

    def read(self, text: str) -> str:
        """Write the forms of this kind in words."""
        return rewrite(text, self.rules) if self.sign.search(text) else text


def kind(sign: str, *rules: PhraseRule) -> Kind:
    """Make a kind; ``sign`` is the source of a regular expression."""
    return Kind(re.compile(sign), rules)


def rule(
    pattern: str, write: str | Callable[[re.Match[str]], str | None], flags: re.RegexFlag = re.NOFLAG
) -> PhraseRule:
    """Make a rule that writes a template (``\\1``) or a function's result; None leaves the phrase to later rules.

    A pattern must take time linear in the text: it begins with something that occurs once in a run (a lookbehind keeps
    it from starting again within a number or a word), and has no nested repetition.
    """
    if isinstance(write, str):
        template = write
        return PhraseRule(re.compile(pattern, flags | re.ASCII), lambda match: match.expand(template))
    return PhraseRule(re.compile(pattern, flags | re.ASCII), write)


def read(text: str, kinds: Sequence[Kind]) -> str:
    """Write the kinds in words, in order."""
    for each in kinds:
        text = each.read(text)
    return text
