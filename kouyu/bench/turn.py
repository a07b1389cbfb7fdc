"""One measured turn: the times of its events from the mode's reference point."""

from typing import Literal

import msgspec

Outcome = Literal["counted", "misheard", "unanswered"]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """The results of one turn."""

    question: str
    """The question's name."""
    measures: dict[str, float]
    """Milliseconds by name, in the order in which they happen."""
    outcome: Outcome
    """Only ``counted`` turns enter the figures: an answer to a misrecognised question is not comparable."""
    heard: str = ""
    """The transcript, if the question was spoken."""


def stages(turn: Turn) -> dict[str, float]:
    """The turn's stages: the time from each event to the next, in ms."""
    begun = 0.0
    lengths: dict[str, float] = {}
    for name, at in turn.measures.items():
        lengths[name] = at - begun
        begun = at
    return lengths
