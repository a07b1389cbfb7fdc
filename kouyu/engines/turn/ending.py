"""The kinds of endings of a text, on which the text's score for the end of turn is based."""

from enum import Enum
from typing import Final


class Ending(Enum):
    """What the last words of a text say about what comes next."""

    ANSWER = "answer"
    """The whole text is a short answer, a greeting, thanks or a command: "yes", "好的"."""
    CLOSED = "closed"
    """The last words close a sentence: "… right now", "…吗"."""
    UNKNOWN = "unknown"
    """They say nothing either way."""
    LOOSE = "loose"
    """They can close a sentence but mostly something follows: "I want", "红色的"."""
    DICTATING = "dictating"
    """A telephone number or a code, fewer digits than a whole one."""
    DANGLING = "dangling"
    """They cannot stand last: "and", "the", "因为", "的话"."""
    HESITATING = "hesitating"
    """The speaker holds the turn while thinking: "um", "那个"."""


LOG_ODDS: Final = {
    Ending.ANSWER: 2.5,
    Ending.CLOSED: 1.5,
    Ending.UNKNOWN: 0.0,
    Ending.LOOSE: -0.8,
    Ending.DICTATING: -1.5,
    Ending.DANGLING: -2.5,
    Ending.HESITATING: -3.0,
}
"""Log-odds (natural) of each that the turn is over. Set by hand before anything was measured; judge.py scales them all
by one weight."""
