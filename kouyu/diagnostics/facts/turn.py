"""The beginning and the end of a turn, with what its time went into."""

from typing import Literal

import msgspec

from kouyu.diagnostics.facts.fact import Fact

TurnCause = Literal["speech", "push_to_talk", "text", "announcement"]


class TurnStarted(Fact, frozen=True, tag="turn.started"):
    """A turn begins: the user's with speech or a typed message, the agent's with an announcement (a prologue too)."""

    cause: TurnCause


class Stages(msgspec.Struct, frozen=True, kw_only=True):
    """From the user's last speech (or message) to the first audio that was sent, stage after stage, in ms.

    Each is only the time added to the stages before: work that overlaps with an earlier stage counts 0. They add up to
    ``total``; None if the turn has no such stage (no answer, or no speech).
    """

    silence: float = 0
    """From the end of the speech until endpointing decided that the turn is over."""
    recognition: float = 0
    """Until the final transcript."""
    first_token: float = 0
    """Until the agent's first characters."""
    first_sentence: float = 0
    """Until the first sentence was complete and went to the synthesizer."""
    synthesis: float = 0
    """Until its first audio."""
    sending: float = 0
    """Until that was sent to the client."""
    total: float = 0


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """The duration of each part by itself, in ms, whenever it ran; None if it did not run to its end."""

    recognition: float | None = None
    """Of the final transcript that was answered."""
    end_of_turn: float | None = None
    first_token: float | None = None
    answer: float | None = None
    """Of the agent's whole answer."""
    first_sentence_synthesis: float | None = None
    """To the first audio of the first sentence."""


class TurnEnded(Fact, frozen=True, tag="turn.ended"):
    """The turn is finished: no further fact belongs to it. ``stages`` is None if no audio answered it."""

    stages: Stages | None
    work: Work


TurnFact = TurnStarted | TurnEnded
