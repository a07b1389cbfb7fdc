"""What all facts have in common: they are on one time axis.

Times end in ``_ms``. ``at_ms``, ``from_ms`` and ``to_ms`` are points on the session's clock: ms since the connection
began. A position in the user's audio is given as the arrival time of that audio. All other values in ms are lengths.
"""

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all facts: an event at ``at_ms``; ``turn`` counts from 1, 0 is none."""

    at_ms: float = 0.0
    turn: int = 0
