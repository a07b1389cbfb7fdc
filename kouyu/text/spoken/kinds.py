"""A kind of written form: the rules that put it into words, and what shows that a text may have it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kouyu.text.phrase_rules import PhraseRule, rewrite


@dataclass(frozen=True, slots=True)
class Kind:
    """``sign`` finds something without which none of the rules can match: a text without it is not searched by each."""

    sign: re.Pattern[str]
    rules: tuple[PhraseRule, ...]

    def read(self, text: str) -> str:
        """The text with the forms of this kind in words."""
        return rewrite(text, self.rules) if self.sign.search(text) else text


def kind(sign: str, *rules: PhraseRule) -> Kind:
    """A kind whose ``sign`` is the source of a regular expression."""
    return Kind(re.compile(sign), rules)


def rule(
    pattern: str, write: str | Callable[[re.Match[str]], str | None], flags: re.RegexFlag = re.NOFLAG
) -> PhraseRule:
    """A rule that writes a template (``\\1``) or what a function gives; None leaves the phrase to the later rules.

    A pattern takes time linear in the text: it starts with something that stands once in a run (a lookbehind keeps it
    from starting again within a number or a word), and repeats nothing that repeats.
    """
    if isinstance(write, str):
        template = write
        return PhraseRule(re.compile(pattern, flags | re.ASCII), lambda match: match.expand(template))
    return PhraseRule(re.compile(pattern, flags | re.ASCII), write)


def read(text: str, kinds: Sequence[Kind]) -> str:
    """Put the kinds into words, one after the other."""
    for each in kinds:
        text = each.read(text)
    return text
