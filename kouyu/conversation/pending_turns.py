"""Turns whose utterance is over: they wait for their transcripts, and are published in their order."""

from collections import deque
from collections.abc import Callable, Iterator

from kouyu.conversation.barge_in import BargeIn
from kouyu.conversation.effects import Effect, Send
from kouyu.conversation.last_speaker import LastSpeaker
from kouyu.conversation.limits import Limits
from kouyu.conversation.output_slot import OutputSlot
from kouyu.conversation.turn import ReplyMaker, Turn
from kouyu.conversation.utterance import Span
from kouyu.domain.configuration import Configuration
from kouyu.domain.events import SpeechDropped, SpeechStarted, SpeechStopped, TranscriptCompleted
from kouyu.domain.transcripts import Transcript
from kouyu.domain.user_voice import UNKNOWN_VOICE, UserVoice


class PendingTurns:
    """The committed turns, oldest first. A turn becomes a chat when its transcript and all earlier ones are there."""

    def __init__(
        self,
        new_turn: Callable[[Span], Turn],
        *,
        output: OutputSlot,
        last_speaker: LastSpeaker,
        limits: Limits,
    ) -> None:
        self._new_turn = new_turn
        self._output = output
        self._last_speaker = last_speaker
        self._limits = limits
        self._turns: deque[Turn] = deque()

    def __bool__(self) -> bool:
        """Whether any turn waits for its transcript."""
        return bool(self._turns)

    def __iter__(self) -> Iterator[Turn]:
        """The turns that wait, oldest first."""
        return iter(self._turns)

    def append(self, turn: Turn) -> None:
        """Add a turn, whose utterance has just ended."""
        self._turns.append(turn)

    def append_nothing_said(self) -> None:
        """Add a turn for a completed buffer without speech, to keep its place in the order of turns."""
        turn = self._new_turn(Span(0, 0))
        turn.skip_transcript()
        turn.completed = True
        self._turns.append(turn)

    def remove(self, turn: Turn) -> None:
        """Remove a waiting turn, because its utterance continues."""
        self._turns.remove(turn)

    def interrupt(self) -> None:
        """Mark the waiting turns as interrupted: they are saved as context, but not answered."""
        for turn in self._turns:
            turn.interrupted = True

    def answer_by(self, make_reply: ReplyMaker, *, instead_of: ReplyMaker) -> None:
        """Let ``make_reply`` answer the waiting turns of ``instead_of``."""
        for turn in self._turns:
            if turn.make_reply == instead_of:
                turn.make_reply = make_reply

    def publish(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Make chats, in order, of the turns whose transcript has come."""
        while self._turns and self._turns[0].resolved:
            yield from self._publish(self._turns.popleft(), configuration, now)

    def _publish(self, turn: Turn, configuration: Configuration, now: float) -> Iterator[Effect]:
        if not turn.announced and self._output.audible(now) and not self._interrupts(turn.transcript, configuration):
            yield from turn.roll_back()
        elif turn.failure is not None:
            yield dropped(turn.failure)
            if not turn.interrupted:
                yield from self._output.interrupt("speech", now)
                yield from turn.new_reply(now).refuse(turn.failure, now)
        elif not turn.transcript:
            yield _completed(turn, "") if turn.completed else dropped()
        else:
            self._last_speaker.stand_in(turn, configuration.voice_print_config)
            self._last_speaker.remember(turn)
            yield from self._keep(turn, now) if turn.interrupted else self._answer(turn, configuration, now)

    def _interrupts(self, transcript: str, configuration: Configuration) -> bool:
        """Whether speech that ended without interrupting the agent does so by its final transcript."""
        barge_in = BargeIn(self._limits, configuration.turn_detection.interrupt_config)
        return bool(transcript) and barge_in.interrupts(transcript, speech_ms=0)

    def _keep(self, turn: Turn, now: float) -> Iterator[Effect]:
        """Send and save the transcript as context, without an answer."""
        yield from turn.drop_reply()
        yield _completed(turn, turn.transcript, turn.voice)
        turn.reply = turn.new_reply(now)
        yield from turn.reply.keep_question(now)

    def _answer(self, turn: Turn, configuration: Configuration, now: float) -> Iterator[Effect]:
        if not turn.announced:
            yield Send(SpeechStarted(turn.span.start))
            yield Send(SpeechStopped(turn.span.end))
        yield from self._output.interrupt("speech", now)
        yield _completed(turn, turn.transcript, turn.voice)
        yield from turn.ask(now)
        assert turn.reply is not None
        yield from turn.reply.commit(now)
        self._output.begin(turn.reply, configuration.output_audio)


def dropped(failure: str = "") -> Send:
    """Tell that no transcript comes of what the user said; ``failure`` is why recognition failed, or ""."""
    return Send(SpeechDropped(failure=failure))


def _completed(turn: Turn, text: str, voice: UserVoice = UNKNOWN_VOICE) -> Send:
    transcript = Transcript(text, voice.voice_print, voice.gender, voice.emotion)
    return Send(TranscriptCompleted(transcript, duration_ms=round(turn.span.duration_s * 1000)))
