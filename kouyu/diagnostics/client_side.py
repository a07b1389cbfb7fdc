"""The client's part of a turn: facts about the events and audio sent to it, estimated playout, and interruptions."""

from dataclasses import dataclass
from typing import Final

from kouyu.conversation.barge_in import BargeIn
from kouyu.conversation.limits import Limits
from kouyu.conversation.playout import PlayoutClock
from kouyu.diagnostics.facts.client import AudioCompleted, AudioSent, ChatChanged, SentenceStarted, TurnInterrupted
from kouyu.diagnostics.turn_seen import Say, TurnSeen
from kouyu.diagnostics.turns_seen import TurnsSeen
from kouyu.domain.chats import Chat, LastError
from kouyu.domain.configuration import Configuration, InterruptConfig
from kouyu.domain.events import InterruptionReason
from kouyu.protocol.coze.translation import CANCELLATIONS

_TOLD_AT_ONCE_MS: Final = 200.0
_TOLD_AFTER_MS: Final = 50.0
"""Ms of audio, or of time, after which sent packets are reported together: small ones come a hundred times a
second."""


@dataclass(slots=True)
class _Sent:
    """Packets that have been sent and not reported yet."""

    at_ms: float = 0.0
    packets: int = 0
    audio_ms: float = 0.0
    plays_from_ms: float = 0.0
    held_ms: float = 0.0


class ClientSide:
    """Makes facts of the events that go to the client."""

    def __init__(self, *, turns: TurnsSeen, limits: Limits, say: Say) -> None:
        self._turns = turns
        self._limits = limits
        self._say = say
        self._playout = PlayoutClock()
        self._sent = _Sent()
        self._is_first = False
        """Whether the first audio of a turn has been sent and not reported."""
        self._heard: str | None = None

    @property
    def sounds_until_ms(self) -> float:
        """When the client's playout of the sent audio ends."""
        return round(self._playout.ends_at * 1000, 1)

    def sentence_started(self, text: str, at_ms: float) -> None:
        """Follow SentenceBegan."""
        self.tell_sent(at_ms)
        if self._turns.speaking is not None:
            self._say(SentenceStarted(at_ms=at_ms, turn=self._turns.speaking.number, text=text))

    def packet_sent(self, at_ms: float) -> None:
        """Follow a packet of audio."""
        turn = self._turns.speaking
        if turn is None or not turn.packets:
            return
        duration_ms, made_at_ms = turn.packets.popleft()
        if not self._sent.packets:
            self._sent = _Sent(at_ms, plays_from_ms=max(self.sounds_until_ms, at_ms), held_ms=at_ms - made_at_ms)
        self._sent.packets += 1
        self._sent.audio_ms += duration_ms
        self._playout.sent(duration_ms, at_ms / 1000)
        if turn.marks.first_sent is None:
            turn.marks.first_sent = at_ms
            self._is_first = True

    def pause(self, at_ms: float) -> None:
        """Report the sent packets, if they are the first of a turn or enough. Called after each input's effects."""
        is_enough = self._sent.audio_ms >= _TOLD_AT_ONCE_MS or at_ms - self._sent.at_ms >= _TOLD_AFTER_MS
        if self._is_first or is_enough:
            self.tell_sent(at_ms)

    def tell_sent(self, at_ms: float) -> None:
        """Report the packets sent since the last report."""
        turn, sent, self._sent = self._turns.speaking, self._sent, _Sent()
        self._is_first = False
        if turn is None or not sent.packets:
            return
        self._say(
            AudioSent(
                at_ms=at_ms,
                turn=turn.number,
                packets=sent.packets,
                audio_ms=round(sent.audio_ms, 1),
                from_ms=sent.plays_from_ms,
                to_ms=self.sounds_until_ms,
                held_ms=round(sent.held_ms, 1),
            )
        )

    def audio_completed(self, at_ms: float) -> None:
        """Follow SpeechCompleted."""
        self.tell_sent(at_ms)
        turn = self._turns.speaking or self._turns.announced()
        if turn is not None:
            turn.audio_completed = True
            self._say(AudioCompleted(at_ms=at_ms, turn=turn.number))

    def chat_changed(self, chat: Chat, at_ms: float) -> None:
        """Follow a chat event: it was announced, waits for tools, or ended."""
        turn = self._turns.of_chat(chat.id) or self._turns.not_understood()
        if turn is None:
            return
        turn.chat_id = chat.id
        if chat.status in ("completed", "failed", "canceled"):
            turn.chat = "ended"
        else:
            turn.chat = "running"
            self._turns.speaking = self._turns.speaking if turn.is_apart else turn
        reason = chat.last_error.msg if isinstance(chat.last_error, LastError) else ""
        self._say(ChatChanged(at_ms=at_ms, turn=turn.number, chat_id=chat.id, status=chat.status, reason=reason))

    def trimmed(self, heard: str) -> None:
        """Note the part that was heard of the answer being interrupted."""
        self._heard = heard

    def interrupted(self, reason: InterruptionReason, configuration: Configuration, at_ms: float) -> None:
        """Follow an interruption of the output."""
        self.tell_sent(at_ms)
        cause = CANCELLATIONS[reason]
        turn, heard, self._heard = self._turns.speaking, self._heard, None
        unheard_ms = round(self._playout.remaining_ms(at_ms / 1000), 1)
        self._playout.flushed(at_ms / 1000)
        if turn is None:
            return
        by = self._turns.latest_after(turn) if reason != "client" else None
        by_speech = by if reason == "speech" else None
        self._say(
            TurnInterrupted(
                at_ms=at_ms,
                turn=turn.number,
                code=cause.code,
                by_turn=by.number if by is not None else 0,
                speech_ms=by_speech.longest_speech_ms if by_speech is not None else 0,
                needed_ms=self._needed_ms(by_speech, configuration),
                keyword=self._keyword(by_speech, configuration),
                heard=heard,
                unheard_ms=unheard_ms,
            )
        )
        if turn.chat == "running":
            self._say(
                ChatChanged(at_ms=at_ms, turn=turn.number, chat_id=turn.chat_id, status="canceled", reason=cause.msg)
            )
        self._turns.close(turn, at_ms)

    def _needed_ms(self, by: TurnSeen | None, configuration: Configuration) -> float:
        if by is None or by.cause == "push_to_talk":
            return 0
        return BargeIn(self._limits, configuration.turn_detection.interrupt_config).onset_ms

    def _keyword(self, by: TurnSeen | None, configuration: Configuration) -> str:
        config = configuration.turn_detection.interrupt_config
        if by is None or config is None:
            return ""
        said = by.transcript or by.interim
        for keyword in config.keywords:
            alone = InterruptConfig(mode=config.mode, keywords=(keyword,))
            if BargeIn(self._limits, alone).interrupts(said, speech_ms=0):
                return keyword
        return ""
