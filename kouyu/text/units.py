"""A text as a sequence of words and Han characters that can be replaced."""

from collections.abc import Iterable
from typing import Self

import msgspec

from kouyu.text.sound import units


class Replacement(msgspec.Struct, frozen=True, order=True):
    """Replaces the units from ``first`` up to, not including, ``behind`` with ``text``."""

    first: int
    behind: int
    text: str

    def overlaps(self, other: "Replacement") -> bool:
        """Whether both replace the same unit."""
        return self.first < other.behind and other.first < self.behind


class UnitText(msgspec.Struct, frozen=True):
    """``text`` and the positions of its units. Make it with ``of``."""

    text: str
    spans: tuple[tuple[int, int], ...]
    keys: tuple[str, ...]
    """The units in lower case."""

    @classmethod
    def of(cls, text: str) -> Self:
        """Split ``text`` into units."""
        found = units(text)
        return cls(text, tuple(match.span() for match in found), tuple(match[0].casefold() for match in found))

    def part(self, first: int, behind: int) -> str:
        """Return the text of these units, with the characters between them."""
        return self.text[self.spans[first][0] : self.spans[behind - 1][1]] if first < behind else ""

    def joined(self, first: int, behind: int) -> bool:
        """Whether there is no mark between these units: a word has no pause inside."""
        between = (self.text[self.spans[at][1] : self.spans[at + 1][0]] for at in range(first, behind - 1))
        return all(not gap.strip(" -") for gap in between)

    def places(self, wanted: tuple[str, ...]) -> list[int]:
        """Return the units at which the keys ``wanted`` begin."""
        length = len(wanted)
        return [at for at in range(len(self.keys) - length + 1) if length and self.keys[at : at + length] == wanted]

    def with_replaced(self, replacements: Iterable[Replacement]) -> str:
        """Replace these units in the text; a replacement keeps the initial capital of the units it replaces."""
        pieces: list[str] = []
        done = 0
        for each in sorted(replacements):
            start, end, new = self.spans[each.first][0], self.spans[each.behind - 1][1], each.text
            pieces += [self.text[done:start], new[:1].upper() + new[1:] if self.text[start].isupper() else new]
            done = end
        return "".join([*pieces, self.text[done:]])
