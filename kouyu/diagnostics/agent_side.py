"""The agent's part of a turn: facts about the answer and its synthesis."""

from dataclasses import dataclass

from kouyu.conversation.effects import CancelReply, CancelSpeech, Speak, StartReply
from kouyu.conversation.inputs import (
    Input,
    ReplyDelta,
    ReplyFailed,
    ReplyFinished,
    ReplyToolCalls,
    ReplyWithdrawn,
    SpeechAudio,
    SpeechFailed,
    SpeechFinished,
)
from kouyu.diagnostics.facts.agent import (
    ClientToolsAsked,
    ReplyAsked,
    ReplyCompleted,
    ReplyFirstToken,
    SynthesisCanceled,
    SynthesisFinished,
    SynthesisFirstAudio,
    SynthesisStarted,
)
from kouyu.diagnostics.facts.session import Failure
from kouyu.diagnostics.turn_seen import Say, TurnSeen
from kouyu.diagnostics.turns_seen import TurnsSeen
from kouyu.domain.ids import NO_ID
from kouyu.domain.requests import SubmitOutputs
from kouyu.text.growing_text import GrowingText


@dataclass(slots=True)
class _Reply:
    turn: TurnSeen
    at_ms: float
    has_begun: bool = False


@dataclass(slots=True)
class _Sentence:
    turn: TurnSeen
    at_ms: float
    first: bool
    audio_ms: float = 0.0


class AgentSide:
    """Makes facts of the agent's reports and of speech synthesis."""

    def __init__(self, *, turns: TurnsSeen, say: Say) -> None:
        self._turns = turns
        self._say = say
        self._replies: dict[int, _Reply] = {}
        self._sentences: dict[int, _Sentence] = {}

    # Reports

    def on_reply(
        self, report: ReplyDelta | ReplyWithdrawn | ReplyToolCalls | ReplyFinished | ReplyFailed, at_ms: float
    ) -> None:
        """Follow a report of the agent."""
        reply = self._replies.get(report.order)
        if reply is None:
            return
        turn, took = reply.turn, round(at_ms - reply.at_ms, 1)
        match report:
            case ReplyDelta(text=text):
                turn.answer.add(text)
                if text and not reply.has_begun:
                    reply.has_begun = True
                    self._say(ReplyFirstToken(at_ms=at_ms, turn=turn.number, order=report.order, took_ms=took))
                    if turn.marks.first_token is None:
                        turn.marks.first_token, turn.work.first_token = at_ms, took
            case ReplyWithdrawn(characters=characters):
                turn.answer.withdraw(characters)
            case ReplyToolCalls(calls=calls):
                names = tuple(call.function.name for call in calls)
                self._say(ClientToolsAsked(at_ms=at_ms, turn=turn.number, order=report.order, names=names))
            case ReplyFinished(input_tokens=input_tokens, output_tokens=output_tokens, cut=cut):
                turn.work.answer = took
                if cut:
                    self._say(Failure(at_ms=at_ms, turn=turn.number, stage="reply", code=0, message=cut))
                self._say(
                    ReplyCompleted(
                        at_ms=at_ms,
                        turn=turn.number,
                        order=report.order,
                        text=str(turn.answer),
                        took_ms=took,
                        input_tokens=input_tokens,
                        output_tokens=output_tokens,
                    )
                )
            case ReplyFailed(reason=reason):
                self._say(Failure(at_ms=at_ms, turn=turn.number, stage="reply", code=0, message=reason))
        if not isinstance(report, ReplyDelta | ReplyWithdrawn):
            del self._replies[report.order]

    def on_speech(self, report: SpeechAudio | SpeechFinished | SpeechFailed, at_ms: float) -> None:
        """Follow a packet of speech, or the end of a sentence's synthesis."""
        sentence = self._sentences.get(report.order)
        if sentence is None:
            return
        turn, took = sentence.turn, round(at_ms - sentence.at_ms, 1)
        match report:
            case SpeechAudio(duration_ms=duration_ms, packet=packet):
                if not packet:
                    return
                if not sentence.audio_ms:
                    self._say(SynthesisFirstAudio(at_ms=at_ms, turn=turn.number, order=report.order, took_ms=took))
                    if turn.marks.first_audio is None:
                        turn.marks.first_audio, turn.work.first_sentence_synthesis = at_ms, took
                sentence.audio_ms += duration_ms
                turn.packets.append((duration_ms, at_ms))
                return
            case SpeechFinished():
                made = round(sentence.audio_ms, 1)
                self._say(
                    SynthesisFinished(at_ms=at_ms, turn=turn.number, order=report.order, took_ms=took, audio_ms=made)
                )
            case SpeechFailed(reason=reason):
                self._say(Failure(at_ms=at_ms, turn=turn.number, stage="synthesis", code=0, message=reason))
        del self._sentences[report.order]

    # Orders

    def asked(self, order: StartReply, received: Input, at_ms: float) -> None:
        """Follow a StartReply order."""
        question = order.question
        turn = self._turns.of_chat(question.chat_id)
        if turn is None:
            known = self._turns.of_question(question.content) if question.content else None
            turn = known or self._turns.begin("speech" if question.content else "text", at_ms)
        if not isinstance(received, SubmitOutputs):
            turn.marks.ask_anew()
            turn.answer = GrowingText()
        turn.chat_id, turn.is_apart = question.chat_id, order.options.is_apart
        self._replies[order.order] = _Reply(turn, at_ms)
        self._say(
            ReplyAsked(
                at_ms=at_ms,
                turn=turn.number,
                order=order.order,
                question=question.content,
                chat_id=question.chat_id,
            )
        )

    def no_reply_wanted(self, order: CancelReply) -> TurnSeen | None:
        """Follow a CancelReply order. Returns the turn of the reply."""
        reply = self._replies.pop(order.order, None)
        return reply.turn if reply is not None else None

    def spoken(self, order: Speak, at_ms: float) -> None:
        """Follow a Speak order."""
        turn = self._turns.of_chat(order.chat_id) if order.chat_id != NO_ID else self._announcement(order, at_ms)
        if turn is None:
            return
        self._sentences[order.order] = _Sentence(turn, at_ms, order.first)
        if turn.marks.first_sentence is None:
            turn.marks.first_sentence = at_ms
        self._say(SynthesisStarted(at_ms=at_ms, turn=turn.number, order=order.order, text=order.text))

    def _announcement(self, order: Speak, at_ms: float) -> TurnSeen | None:
        speaking = self._turns.speaking
        if not order.first:  # None if it began before observation did
            return speaking if speaking is not None and speaking.cause == "announcement" else None
        self._turns.speaking = turn = self._turns.announced() or self._turns.begin("announcement", at_ms)
        return turn

    def not_spoken(self, order: CancelSpeech, at_ms: float) -> None:
        """Follow a CancelSpeech order."""
        sentence = self._sentences.pop(order.order, None)
        if sentence is not None:
            self._say(SynthesisCanceled(at_ms=at_ms, turn=sentence.turn.number, order=order.order))
