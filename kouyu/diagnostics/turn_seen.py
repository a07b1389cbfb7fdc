"""The state of one observed turn."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from kouyu.diagnostics.facts.record import AnyFact
from kouyu.diagnostics.facts.turn import Stages, TurnCause, Work
from kouyu.text.growing_text import GrowingText

Say = Callable[[AnyFact], None]


@dataclass(slots=True)
class Marks:
    """When each stage up to the first audio was reached, in ms on the session's clock; None: not yet."""

    began: float | None = None
    """The end of the user's speech, or the moment of a typed message or an announcement."""
    over: float | None = None
    """When endpointing decided that the turn is over."""
    transcript: float | None = None
    first_token: float | None = None
    first_sentence: float | None = None
    first_audio: float | None = None
    first_sent: float | None = None

    def ask_anew(self) -> None:
        """Discard the times of the agent's answer and its speech: the agent is asked again."""
        self.first_token = self.first_sentence = self.first_audio = None

    def stages(self) -> Stages | None:
        """The stages up to the first audio; None if there was none."""
        if self.began is None or self.first_sent is None:
            return None
        stations = (self.over, self.transcript, self.first_token, self.first_sentence, self.first_audio)
        reached, lengths = self.began, []
        for station in (*stations, self.first_sent):
            arrived = min(self.first_sent, max(reached, station if station is not None else reached))
            lengths.append(round(arrived - reached, 1))
            reached = arrived
        names = ("silence", "recognition", "first_token", "first_sentence", "synthesis", "sending")
        return Stages(**dict(zip(names, lengths, strict=True)), total=round(sum(lengths), 1))


@dataclass(slots=True)
class WorkSeen:
    """How long the parts of a turn took, in ms."""

    recognition: float | None = None
    end_of_turn: float | None = None
    first_token: float | None = None
    answer: float | None = None
    first_sentence_synthesis: float | None = None

    def told(self) -> Work:
        """The durations as part of a fact."""
        return Work(
            recognition=self.recognition,
            end_of_turn=self.end_of_turn,
            first_token=self.first_token,
            answer=self.answer,
            first_sentence_synthesis=self.first_sentence_synthesis,
        )


@dataclass(eq=False, slots=True)
class TurnSeen:
    """One turn. ``start`` is the first sample of its utterance, which all orders about the turn share."""

    number: int
    cause: TurnCause
    start: int | None = None
    told: bool = False
    """Whether ``speech_started`` has been sent."""
    paused: bool = False
    over: bool = False
    """Whether the user's part is over, or there is none."""
    speculating: bool = False
    interim: str = ""
    """The last interim transcript."""
    transcript: str | None = None
    """The current final transcript; None while there is none."""
    transcript_order: int | None = None
    failed: bool = False
    """Whether its final transcript failed."""
    chat_id: str = ""
    is_apart: bool = False
    """Whether its answer is apart from the conversation, and sounds beside others."""
    chat: Literal["none", "running", "ended"] = "none"
    answer: GrowingText = field(default_factory=GrowingText)
    audio_completed: bool = False
    speech_from_ms: float = 0.0
    longest_speech_ms: int = 0
    marks: Marks = field(default_factory=Marks)
    work: WorkSeen = field(default_factory=WorkSeen)
    packets: deque[tuple[float, float]] = field(default_factory=deque)
    """Audio that was made and not sent: (length, made at), ms."""

    @property
    def resolved(self) -> bool:
        """Whether its transcript has come or has failed."""
        return self.transcript_order is None

    @property
    def spoken(self) -> bool:
        """Whether the turn is one of speech."""
        return self.cause in ("speech", "push_to_talk")
