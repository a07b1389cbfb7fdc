"""Finds the known names that are most like a wrong one, for error messages."""

import difflib
from collections.abc import Sequence
from typing import Final

_SIMILARITY: Final = 0.4
"""Least similarity, 0 to 1: ``hart`` and ``hibari-en-us-heart`` have 0.36, ``herat`` and ``heart`` 0.8."""


def nearest(name: str, known: Sequence[str], *, most: int = 5) -> str:
    """At most ``most`` of the known names, the most similar first, in one line; the first ones if none is similar, and
    "none" if there is none."""
    close = difflib.get_close_matches(name, known, most, _SIMILARITY)
    containing = [each for each in known if name and name.lower() in each.lower()]
    shown = [*dict.fromkeys((*containing, *close))][:most] or list(known[:most])
    rest = len(known) - len(shown)
    return (", ".join(shown) + (f" and {rest} more" if rest else "")) or "none"
