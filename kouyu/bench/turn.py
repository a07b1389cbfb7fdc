"""One measured turn: when which event came, counted from the moment that the mode defines."""

from typing import Literal

import msgspec

Outcome = Literal["counted", "misheard", "unanswered"]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What one turn of the benchmark gave."""

    question: str
    """The question's name."""
    measures: dict[str, float]
    """Milliseconds by name, in the order in which they happen."""
    outcome: Outcome
    """Only ``counted`` turns go into the figures: an answer to a question that was not heard proves nothing."""
    heard: str = ""
    """The transcript, where the question was spoken."""


def stages(turn: Turn) -> dict[str, float]:
    """The same turn as stages, one after the other: the time from each event to the next, in ms."""
    begun = 0.0
    lengths: dict[str, float] = {}
    for name, at in turn.measures.items():
        lengths[name] = at - begun
        begun = at
    return lengths
