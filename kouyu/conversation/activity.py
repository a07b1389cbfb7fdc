"""What happens in a conversation at a time, in one word."""

from typing import Literal, TypeAlias

from kouyu.conversation.answers_apart import AnswersApart
from kouyu.conversation.output_slot import OutputSlot
from kouyu.conversation.turns import Turns

Activity: TypeAlias = Literal["idle", "user_speaks", "answering", "playing"]
"""Nothing; the user speaks, or holds the button; a turn is recognised or answered; or what was sent is still being
played."""


def activity_of(turns: Turns, output: OutputSlot, apart: AnswersApart, now: float) -> Activity:
    """What happens at ``now``, in seconds on the conversation's clock."""
    if turns.in_buffer:
        return "user_speaks"
    if turns.unanswered or output.running() or apart:
        return "answering"
    return "playing" if output.audible(now) else "idle"
