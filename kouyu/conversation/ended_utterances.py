"""Makes a turn of each utterance that has ended, and takes back the last one where the user had not finished."""

from collections.abc import Callable, Iterator

from kouyu.conversation.effects import Effect, Send
from kouyu.conversation.endpointer import Endpointer
from kouyu.conversation.output_slot import OutputSlot
from kouyu.conversation.pending_turns import PendingTurns
from kouyu.conversation.preparation import Preparation
from kouyu.conversation.push_to_talk import is_push_to_talk
from kouyu.conversation.speech_notices import SpeechNotices
from kouyu.conversation.turn import Turn
from kouyu.conversation.utterance import Ended
from kouyu.conversation.waiting_requests import OVERTAKEN, refused
from kouyu.domain.configuration import Configuration
from kouyu.domain.events import SpeechDropped, SpeechStopped
from kouyu.domain.options import SessionOptions


class EndedUtterances:
    """Commits the prepared turn, or makes one, and puts it behind those that wait."""

    def __init__(
        self,
        endpointer: Endpointer,
        notices: SpeechNotices,
        *,
        preparation: Preparation,
        pending: PendingTurns,
        output: OutputSlot,
        options: Callable[[], SessionOptions],
        new_id: Callable[[], str],
    ) -> None:
        self._endpointer = endpointer
        self._notices = notices
        self._preparation = preparation
        self._pending = pending
        self._output = output
        self._options = options
        self._new_id = new_id
        self._ended_early: Turn | None = None
        """The last turn, if its utterance ended because audio stopped arriving."""

    def take(self, ended: Ended, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Take in the end of an utterance."""
        if ended.announced:
            yield Send(SpeechStopped(self._endpointer.position, ended.message_id))
        if ended.span is None:
            if ended.announced:
                yield Send(SpeechDropped(ended.message_id))
            yield from self._preparation.forget()
            if ended.completed:
                yield from self._nothing_said(ended)
            return
        turn = yield from self._preparation.take(ended.span, configuration, now)
        turn.message_id = ended.message_id or turn.message_id or self._new_id()
        turn.completed = ended.completed
        if is_push_to_talk(configuration.turn_detection):
            yield from self._take_buffer(turn, ended, now)
        else:
            turn.announced = ended.announced
            turn.answers, turn.interrupts = self._options().answers_speech, self._options().speech_interrupts
        turn.commit(now)
        self._pending.append(turn)
        self._ended_early = turn if ended.early else None

    def _take_buffer(self, turn: Turn, ended: Ended, now: float) -> Iterator[Effect]:
        turn.answers = turn.interrupts = ended.answers
        turn.interrupted = ended.interrupted
        if ended.asked is not None:
            yield from turn.answer_for(ended.asked)
        elif turn.answers and not turn.interrupted:
            yield from self._pending.interrupt()
            yield from self._output.interrupt("speech", now)

    def _nothing_said(self, ended: Ended) -> Iterator[Effect]:
        """Add a turn for a completed buffer without speech, to keep its place in the order of turns."""
        turn = self._pending.append_nothing_said(ended.message_id)
        turn.answers = False
        if ended.asked is not None:
            yield from turn.answer_for(ended.asked)

    def take_back(self, now: float) -> Iterator[Effect]:
        """Merge the last turn's utterance with the one in progress, which continues it, if none of its answer has been
        heard."""
        turn, self._ended_early = self._ended_early, None
        if turn is None:
            return
        if turn in self._pending:
            self._pending.remove(turn)
            yield from turn.roll_back()
            if turn.announced:
                yield Send(SpeechDropped(turn.message_id))
            if turn.asked is not None:
                yield refused(turn.asked.origin, OVERTAKEN)
        elif turn.reply is not None and turn.reply.may_be_taken_back:
            yield from self._notices.tell()
            if self._output.reply() is turn.reply:
                yield from self._output.interrupt("speech", now)
            yield from turn.reply.forget_question()
        else:
            return
        yield from self._preparation.forget()
        self._endpointer.join()
