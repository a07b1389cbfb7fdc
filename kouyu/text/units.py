"""A text as a row of words and Han characters, of which some can be replaced."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

from kouyu.text.sound import units


class Replacement(NamedTuple):
    """The units from ``first`` to before ``behind`` of a text become ``text``."""

    first: int
    behind: int
    text: str

    def overlaps(self, other: "Replacement") -> bool:
        """Whether both replace the same unit."""
        return self.first < other.behind and other.first < self.behind


@dataclass(frozen=True, slots=True)
class UnitText:
    """``text`` and where its units lie. Make it with ``of``."""

    text: str
    spans: tuple[tuple[int, int], ...]
    keys: tuple[str, ...]
    """The units in lower case."""

    @classmethod
    def of(cls, text: str) -> Self:
        """Cut ``text`` into its units."""
        found = units(text)
        return cls(text, tuple(match.span() for match in found), tuple(match[0].casefold() for match in found))

    def part(self, first: int, behind: int) -> str:
        """The text of these units, with what stands between them."""
        return self.text[self.spans[first][0] : self.spans[behind - 1][1]] if first < behind else ""

    def joined(self, first: int, behind: int) -> bool:
        """Whether there is no mark between these units: nobody pauses in the middle of a word."""
        between = (self.text[self.spans[at][1] : self.spans[at + 1][0]] for at in range(first, behind - 1))
        return all(not gap.strip(" -") for gap in between)

    def places(self, wanted: tuple[str, ...]) -> list[int]:
        """The units at which the keys ``wanted`` begin."""
        length = len(wanted)
        return [at for at in range(len(self.keys) - length + 1) if length and self.keys[at : at + length] == wanted]

    def with_replaced(self, replacements: Iterable[Replacement]) -> str:
        """The text with these units replaced; where one began with a capital, so does what comes in its place."""
        text = self.text
        for first, behind, new in sorted(replacements, reverse=True):
            start, end = self.spans[first][0], self.spans[behind - 1][1]
            new = new[:1].upper() + new[1:] if text[start].isupper() else new
            text = text[:start] + new + text[end:]
        return text
