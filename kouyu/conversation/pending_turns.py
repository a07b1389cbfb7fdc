"""Turns whose utterance is over: they wait for their transcripts, and are published in their order."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence

from kouyu.conversation.barge_in import BargeIn
from kouyu.conversation.effects import Effect, Send
from kouyu.conversation.last_speaker import LastSpeaker
from kouyu.conversation.limits import Limits
from kouyu.conversation.output_slot import OutputSlot
from kouyu.conversation.push_to_talk import CompletedBuffer
from kouyu.conversation.question import asked_by
from kouyu.conversation.turn import ReplyMaker, Turn
from kouyu.conversation.utterance import Span
from kouyu.conversation.waiting_requests import OVERTAKEN, RUNNING, CarryOut, WaitingRequests, refused
from kouyu.domain.configuration import Configuration
from kouyu.domain.events import SpeechDropped, SpeechStarted, SpeechStopped, TranscriptCompleted
from kouyu.domain.options import SessionOptions
from kouyu.domain.requests import AnswerNow, WriteMessage
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
        completed: Callable[[], Sequence[CompletedBuffer]],
        carry_out: CarryOut,
    ) -> None:
        """``completed`` gives the push-to-talk buffers that will be turns; ``carry_out`` carries out a request of the
        client that has waited for the turns before it."""
        self._new_turn = new_turn
        self._output = output
        self._last_speaker = last_speaker
        self._limits = limits
        self._completed = completed
        self._carry_out = carry_out
        self._turns: deque[Turn] = deque()
        self._requests = WaitingRequests(output, carry_out)

    def __bool__(self) -> bool:
        """Whether any turn waits for its transcript, or a request for a turn."""
        return bool(self._turns or self._requests)

    def __iter__(self) -> Iterator[Turn]:
        """The turns that wait, oldest first."""
        return iter(self._turns)

    def request(self, request: AnswerNow | WriteMessage, session: SessionOptions, now: float) -> Iterator[Effect]:
        """Carry out a request of the client, once the turns before it are in the context. An AnswerNow is refused while
        an answer runs or is due; where the last turn waits and is not answered, it lets that be answered, unless the
        answer is not about the section. An answer apart waits for what becomes its context, and for nothing else."""
        last = (self._completed() or self._turns or (None,))[-1]
        behind = "" if last is None else last.message_id
        if isinstance(request, AnswerNow) and not request.options.is_apart:
            yield from self._request_answer(request, last, session, now)
        elif self._must_come_behind(request, last):
            self._requests.add(request, behind)
        else:
            yield from self._carry_out(request, now)

    def _must_come_behind(self, request: AnswerNow | WriteMessage, last: Turn | CompletedBuffer | None) -> bool:
        """Whether a message, or what an answer apart is asked with, comes behind something that waits."""
        if isinstance(request, WriteMessage):
            return last is not None or bool(self._requests)
        return request.options.context is None and (last is not None or self._requests.writes)

    def _request_answer(
        self, request: AnswerNow, last: Turn | CompletedBuffer | None, session: SessionOptions, now: float
    ) -> Iterator[Effect]:
        behind = "" if last is None else last.message_id
        if self._output.reply() is not None or self._answer_is_due:
            yield refused(request.origin, RUNNING)
        elif last is None and not self._requests and not self._output.running():
            yield from self._carry_out(request, now)
        elif last is None or self._requests or last.interrupted or not request.options.is_about_the_section:
            self._requests.add(request, behind)
        elif isinstance(last, Turn):
            yield from last.answer_for(asked_by(request, session))
        else:
            last.asked = asked_by(request, session)

    @property
    def _answer_is_due(self) -> bool:
        waiting: list[Turn | CompletedBuffer] = [*self._turns, *self._completed()]
        return self._requests.asks or any(turn.is_answered for turn in waiting)

    def append(self, turn: Turn) -> None:
        """Add a turn, whose utterance has just ended."""
        self._turns.append(turn)

    def append_nothing_said(self, message_id: str) -> Turn:
        """Add a turn for a completed buffer without speech, and return it."""
        turn = self._new_turn(Span(0, 0))
        turn.message_id = message_id
        turn.skip_transcript()
        turn.completed = True
        self._turns.append(turn)
        return turn

    def remove(self, turn: Turn) -> None:
        """Remove a waiting turn, because its utterance continues."""
        self._turns.remove(turn)

    def interrupt(self) -> Iterator[Effect]:
        """Mark the waiting turns as interrupted: they are saved as context, but not answered."""
        for turn in self._turns:
            turn.interrupted = True
            if turn.asked is not None:
                yield refused(turn.asked.origin, OVERTAKEN)
                turn.asked = None
        yield from self._requests.interrupt()

    def answer_by(self, make_reply: ReplyMaker, *, instead_of: ReplyMaker) -> None:
        """Let ``make_reply`` answer the waiting turns of ``instead_of``."""
        for turn in self._turns:
            if turn.make_reply == instead_of:
                turn.make_reply = make_reply

    def publish(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Make chats, in order, of the turns whose transcript has come, and carry out the requests behind them."""
        yield from self._carry_out_due(now)
        if self._turns:
            yield from self._turns[0].drop_failed(now)
        while self._turns and self._turns[0].resolved and not self._must_wait(self._turns[0], now):
            yield from self._publish(self._turns.popleft(), configuration, now)
            yield from self._carry_out_due(now)

    @property
    def deadline(self) -> float | None:
        """When the oldest turn waits for an AnswerNow no longer; None: it does not."""
        return self._turns[0].asked_until if self._turns and self._turns[0].resolved else None

    def may_publish(self) -> bool:
        """Whether ``publish`` would do anything now that the output has come to an end."""
        if self._output.running():
            return False
        return bool(self._requests) or bool(self._turns and self._turns[0].resolved)

    def _carry_out_due(self, now: float) -> Iterator[Effect]:
        if self._requests:
            missing = [*(turn.message_id for turn in self._turns), *(each.message_id for each in self._completed())]
            yield from self._requests.carry_out_due(missing, now)

    def _must_wait(self, turn: Turn, now: float) -> bool:
        """Whether the answer to ``turn`` waits for the end of what is being said, or ``turn`` for being asked for."""
        if not turn.is_answered:
            return turn.may_be_asked_for(now)
        return not turn.interrupts and self._output.running()

    def _publish(self, turn: Turn, configuration: Configuration, now: float) -> Iterator[Effect]:
        if not turn.announced and self._output.audible(now) and not self._interrupts(turn.transcript, configuration):
            yield from turn.roll_back()
        elif turn.failure is not None:
            yield Send(SpeechDropped(turn.message_id, turn.failure))
            if turn.is_answered and turn.asked is None:
                yield from self._output.interrupt("speech", now)
                yield from turn.new_reply(now).refuse(turn.failure, now)
        elif not turn.transcript:
            yield _completed(turn, "") if turn.completed else Send(SpeechDropped(turn.message_id))
        else:
            self._last_speaker.stand_in(turn, configuration.voice_print_config)
            self._last_speaker.remember(turn)
            if turn.is_answered:
                yield from self._answer(turn, configuration, now)
                return
            yield from self._keep(turn, now)
        if turn.asked is not None:
            # Nothing was recognised in what was to be answered: the section as it is.
            self._requests.add_first(AnswerNow(options=turn.asked.options, origin=turn.asked.origin))

    def _interrupts(self, transcript: str, configuration: Configuration) -> bool:
        """Whether speech that ended without interrupting the agent does so by its final transcript."""
        barge_in = BargeIn(self._limits, configuration.turn_detection.interrupt_config)
        return bool(transcript) and barge_in.interrupts(transcript, speech_ms=0)

    def _keep(self, turn: Turn, now: float) -> Iterator[Effect]:
        """Send and save the transcript as context, without an answer."""
        yield from turn.drop_reply()
        if not turn.interrupted:
            yield from self._output.hold_place(now)
        yield _completed(turn, turn.transcript, turn.voice)
        turn.reply = turn.new_reply(now)
        yield from turn.reply.keep_question(now)

    def _answer(self, turn: Turn, configuration: Configuration, now: float) -> Iterator[Effect]:
        if not turn.announced:
            yield Send(SpeechStarted(turn.span.start, turn.message_id))
            yield Send(SpeechStopped(turn.span.end, turn.message_id))
        if turn.interrupts:
            yield from self._output.interrupt("speech", now)
        yield _completed(turn, turn.transcript, turn.voice)
        yield from turn.ask(now)
        assert turn.reply is not None
        yield from turn.reply.commit(now)
        self._output.begin(turn.reply, configuration.output_audio)


def _completed(turn: Turn, text: str, voice: UserVoice = UNKNOWN_VOICE) -> Send:
    transcript = Transcript(text, voice.voice_print, voice.gender, voice.emotion)
    return Send(TranscriptCompleted(transcript, turn.message_id, round(turn.span.duration_s * 1000)))
