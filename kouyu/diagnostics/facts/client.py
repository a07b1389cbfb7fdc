"""Facts of what the client is sent: audio, states of the chat, interruptions."""

from typing import Literal

from kouyu.diagnostics.facts.fact import Fact
from kouyu.domain.chats import ChatStatus


class SentenceStarted(Fact, frozen=True, tag="sentence.started"):
    """``sentence_start`` was sent to the client."""

    text: str


class AudioSent(Fact, frozen=True, tag="audio.sent"):
    """A run of packets sent to the client: ``audio_ms`` of audio, which it plays from ``from_ms`` to ``to_ms`` if it
    plays at once and without gaps. ``held_ms``: how long the first of them had waited since it was made."""

    packets: int
    audio_ms: float
    from_ms: float
    to_ms: float
    held_ms: float


class AudioCompleted(Fact, frozen=True, tag="audio.completed"):
    """All audio of the answer has been sent to the client."""


class ChatChanged(Fact, frozen=True, tag="chat"):
    """The chat changed to this status, which is sent to the client."""

    chat_id: str
    status: ChatStatus
    reason: str = ""


class TurnInterrupted(Fact, frozen=True, tag="barge_in"):
    """This turn was interrupted while it was answered or still played, by turn ``by_turn`` (0: by the client).

    ``code`` is that of ``conversation.chat.canceled``: 1 the user spoke, 2 the client asked, 3 content was submitted.
    For 1: ``speech_ms`` of speech, of which ``needed_ms`` are enough; the required keyword, or "".
    """

    code: Literal[1, 2, 3]
    by_turn: int
    speech_ms: float
    needed_ms: float
    keyword: str
    heard: str | None
    """The part of the answer that the user heard; None: all of it, or unknown."""
    unheard_ms: float
    """Audio that had been sent and not played."""


ClientFact = SentenceStarted | AudioSent | AudioCompleted | ChatChanged | TurnInterrupted
