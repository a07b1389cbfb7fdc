"""The unfinished turns, oldest first."""

from kouyu.conversation.limits import Limits
from kouyu.diagnostics.facts.turn import TurnCause, TurnEnded, TurnStarted
from kouyu.diagnostics.turn_seen import Say, TurnSeen


class TurnsSeen:
    """Numbers turns, finds them by utterance, chat or question, and reports when one is finished."""

    def __init__(self, say: Say, *, after: int, limits: Limits) -> None:
        """The first turn gets the number ``after`` + 1."""
        self._say = say
        self._limits = limits
        self._open: list[TurnSeen] = []
        self.number = after
        self.speaking: TurnSeen | None = None
        """The turn whose answer or announcement is being spoken, or is still played by the client."""

    def begin(self, cause: TurnCause, at_ms: float) -> TurnSeen:
        """Begin a new turn."""
        self.number += 1
        turn = TurnSeen(self.number, cause)
        if not turn.spoken:
            turn.told = turn.over = True
            turn.marks.began = at_ms
        self._open.append(turn)
        self._say(TurnStarted(at_ms=at_ms, turn=turn.number, cause=cause))
        return turn

    def hearing(self) -> TurnSeen | None:
        """The turn in which the user is speaking."""
        return next((turn for turn in reversed(self._open) if turn.spoken and not turn.over), None)

    def untold(self) -> TurnSeen | None:
        """The oldest turn with speech for which ``speech_started`` has not been sent."""
        return next((turn for turn in self._open if turn.spoken and not turn.told), None)

    def of_utterance(self, start: int) -> TurnSeen | None:
        """The turn whose utterance begins at this sample, or one whose start is not known yet."""
        for turn in reversed(self._open):
            if turn.spoken and (turn.start == start or turn.start is None):
                return turn
        return None

    def of_chat(self, chat_id: str) -> TurnSeen | None:
        """The turn that this chat answers."""
        return next((turn for turn in reversed(self._open) if turn.chat_id == chat_id), None)

    def of_question(self, question: str) -> TurnSeen | None:
        """The newest turn without a chat whose transcript is ``question``."""
        return next(
            (turn for turn in reversed(self._open) if turn.chat == "none" and turn.transcript == question), None
        )

    def not_understood(self) -> TurnSeen | None:
        """The oldest turn without a chat whose transcript failed."""
        return next((turn for turn in self._open if turn.failed and turn.chat == "none"), None)

    def announced(self) -> TurnSeen | None:
        """An announcement whose speech has not begun yet."""
        waiting = (turn for turn in self._open if turn.cause == "announcement" and turn.marks.first_sentence is None)
        return next(waiting, None)

    def latest_after(self, turn: TurnSeen) -> TurnSeen | None:
        """The newest turn of the conversation that began after this one."""
        latest = next((each for each in reversed(self._open) if not each.is_apart), None)
        return latest if latest is not None and latest.number > turn.number else None

    def close_finished(self, at_ms: float, sounds_until_ms: float) -> None:
        """End the turns that are finished; the client plays sent audio until ``sounds_until_ms``."""
        waits = False
        for turn in tuple(self._open):
            if self._is_finished(turn, at_ms, sounds_until_ms, waits):
                self.close(turn, at_ms)
            waits = waits or (turn.spoken and not turn.resolved)

    def close(self, turn: TurnSeen, at_ms: float) -> None:
        """End the turn."""
        if turn not in self._open:
            return
        self._open.remove(turn)
        if self.speaking is turn:
            self.speaking = None
        self._say(TurnEnded(at_ms=at_ms, turn=turn.number, stages=turn.marks.stages(), work=turn.work.told()))

    def close_all(self, at_ms: float) -> None:
        """End all turns."""
        for turn in tuple(self._open):
            self.close(turn, at_ms)

    def deadline_ms(self, at_ms: float, sounds_until_ms: float) -> float | None:
        """When, after ``at_ms``, time alone finishes a turn."""
        times = []
        if self.speaking is not None and self._is_said(self.speaking):
            times.append(sounds_until_ms)
        times += [self._given_up_ms(turn) for turn in self._open if turn.cause == "push_to_talk" and turn.over]
        return min((time for time in times if time > at_ms), default=None)

    def _is_finished(self, turn: TurnSeen, at_ms: float, sounds_until_ms: float, earlier_wait: bool) -> bool:
        if not turn.spoken or turn.chat != "none":
            has_sounded = turn is not self.speaking or at_ms >= sounds_until_ms
            return self._is_said(turn) and has_sounded
        if not turn.over or not turn.resolved or earlier_wait:
            return False
        # A completed push-to-talk buffer waits for VAD before it is recognised or answered.
        return turn.cause == "speech" or turn.transcript == "" or at_ms >= self._given_up_ms(turn)

    @staticmethod
    def _is_said(turn: TurnSeen) -> bool:
        return turn.audio_completed if turn.cause == "announcement" else turn.chat == "ended"

    def _given_up_ms(self, turn: TurnSeen) -> float:
        return (turn.marks.over or 0.0) + self._limits.voice_activity_s * 1000
