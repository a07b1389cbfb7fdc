"""The agent's side of turns: the answer, its synthesis, its way to the client, and interruptions."""

from dataclasses import dataclass

from kouyu.conversation.barge_in import BargeIn
from kouyu.conversation.effects import CancelReply, CancelSpeech, Speak, StartReply
from kouyu.conversation.inputs import (
    Input,
    ReplyDelta,
    ReplyFailed,
    ReplyFinished,
    ReplyToolCalls,
    SpeechAudio,
    SpeechFailed,
    SpeechFinished,
)
from kouyu.conversation.limits import Limits
from kouyu.conversation.playout import PlayoutClock
from kouyu.diagnostics import facts
from kouyu.diagnostics.turn_seen import Say, TurnSeen
from kouyu.diagnostics.turns_seen import TurnsSeen
from kouyu.protocol.configuration import Configuration, InterruptConfig
from kouyu.protocol.downlink import Cancellation, Chat, LastError
from kouyu.protocol.ids import NO_ID
from kouyu.protocol.uplink import SubmitToolOutputs


@dataclass
class _Reply:
    turn: TurnSeen
    at_ms: float
    has_begun: bool = False


@dataclass
class _Sentence:
    turn: TurnSeen
    at_ms: float
    first: bool
    audio_ms: float = 0.0


class AgentSide:
    """Follows what the agent says."""

    def __init__(self, *, turns: TurnsSeen, limits: Limits, say: Say) -> None:
        self._turns = turns
        self._limits = limits
        self._say = say
        self._replies: dict[int, _Reply] = {}
        self._sentences: dict[int, _Sentence] = {}
        self._playout = PlayoutClock()
        self._sent: list[tuple[float, float]] = []
        """Packets sent and not told of yet: (length, made at), ms."""
        self._heard: str | None = None

    @property
    def sounds_until_ms(self) -> float:
        """When the last of what was sent has sounded at the client."""
        return round(self._playout.ends_at * 1000, 1)

    # Reports

    def on_reply(self, report: ReplyDelta | ReplyToolCalls | ReplyFinished | ReplyFailed, at_ms: float) -> None:
        """The agent has said something, or will say no more."""
        reply = self._replies.get(report.order)
        if reply is None:
            return
        turn, took = reply.turn, round(at_ms - reply.at_ms, 1)
        match report:
            case ReplyDelta(text=text):
                turn.answer += text
                if text and not reply.has_begun:
                    reply.has_begun = True
                    self._say(facts.ReplyFirstToken(at_ms=at_ms, turn=turn.number, order=report.order, took_ms=took))
                    if turn.marks.first_token is None:
                        turn.marks.first_token, turn.work.first_token = at_ms, took
            case ReplyToolCalls(calls=calls):
                names = tuple(call.function.name for call in calls)
                self._say(facts.ReplyToolCalls(at_ms=at_ms, turn=turn.number, order=report.order, names=names))
            case ReplyFinished(input_tokens=input_tokens, output_tokens=output_tokens):
                turn.work.answer = took
                self._say(
                    facts.ReplyFinished(
                        at_ms=at_ms,
                        turn=turn.number,
                        order=report.order,
                        text=turn.answer,
                        took_ms=took,
                        input_tokens=input_tokens,
                        output_tokens=output_tokens,
                    )
                )
            case ReplyFailed(reason=reason):
                self._say(facts.Error(at_ms=at_ms, turn=turn.number, stage="reply", code=0, message=reason))
        if not isinstance(report, ReplyDelta):
            del self._replies[report.order]

    def on_speech(self, report: SpeechAudio | SpeechFinished | SpeechFailed, at_ms: float) -> None:
        """A packet of speech, or the end of a sentence."""
        sentence = self._sentences.get(report.order)
        if sentence is None:
            return
        turn, took = sentence.turn, round(at_ms - sentence.at_ms, 1)
        match report:
            case SpeechAudio(duration_ms=duration_ms, packet=packet):
                if not packet:
                    return
                if not sentence.audio_ms:
                    self._say(
                        facts.SynthesisFirstAudio(at_ms=at_ms, turn=turn.number, order=report.order, took_ms=took)
                    )
                    if turn.marks.first_audio is None:
                        turn.marks.first_audio, turn.work.first_sentence_synthesis = at_ms, took
                sentence.audio_ms += duration_ms
                turn.packets.append((duration_ms, at_ms))
                return
            case SpeechFinished():
                made = round(sentence.audio_ms, 1)
                self._say(
                    facts.SynthesisFinished(
                        at_ms=at_ms, turn=turn.number, order=report.order, took_ms=took, audio_ms=made
                    )
                )
            case SpeechFailed(reason=reason):
                self._say(facts.Error(at_ms=at_ms, turn=turn.number, stage="synthesis", code=0, message=reason))
        del self._sentences[report.order]

    # Orders

    def asked(self, order: StartReply, received: Input, at_ms: float) -> None:
        """The agent is asked."""
        question = order.question
        turn = self._turns.of_chat(question.chat_id)
        if turn is None:
            turn = self._turns.of_question(question.content) or self._turns.begin("speech", at_ms)
        if not isinstance(received, SubmitToolOutputs):
            turn.marks.ask_anew()
            turn.answer = ""
        turn.chat_id = question.chat_id
        self._replies[order.order] = _Reply(turn, at_ms)
        self._say(
            facts.ReplyAsked(
                at_ms=at_ms,
                turn=turn.number,
                order=order.order,
                question=question.content,
                chat_id=question.chat_id,
            )
        )

    def no_reply_wanted(self, order: CancelReply) -> TurnSeen | None:
        """The agent is stopped. Gives the turn it answered."""
        reply = self._replies.pop(order.order, None)
        return reply.turn if reply is not None else None

    def spoken(self, order: Speak, at_ms: float) -> None:
        """A sentence goes to the synthesizer."""
        turn = self._turns.of_chat(order.chat_id) if order.chat_id != NO_ID else self._announcement(order, at_ms)
        if turn is None:
            return
        self._sentences[order.order] = _Sentence(turn, at_ms, order.first)
        if turn.marks.first_sentence is None:
            turn.marks.first_sentence = at_ms
        self._say(facts.SynthesisStarted(at_ms=at_ms, turn=turn.number, order=order.order, text=order.text))

    def _announcement(self, order: Speak, at_ms: float) -> TurnSeen | None:
        speaking = self._turns.speaking
        if not order.first:  # None where it had begun before anybody watched
            return speaking if speaking is not None and speaking.cause == "announcement" else None
        self._turns.speaking = turn = self._turns.announced() or self._turns.begin("announcement", at_ms)
        return turn

    def not_spoken(self, order: CancelSpeech, at_ms: float) -> None:
        """The synthesis is stopped."""
        sentence = self._sentences.pop(order.order, None)
        if sentence is not None:
            self._say(facts.SynthesisCanceled(at_ms=at_ms, turn=sentence.turn.number, order=order.order))

    # What the client is told

    def sentence_started(self, text: str, at_ms: float) -> None:
        """The next sentence's audio follows."""
        self.tell_sent(at_ms)
        if self._turns.speaking is not None:
            self._say(facts.SentenceStarted(at_ms=at_ms, turn=self._turns.speaking.number, text=text))

    def packet_sent(self) -> None:
        """A packet is given to the client."""
        turn = self._turns.speaking
        if turn is not None and turn.packets:
            self._sent.append(turn.packets.popleft())

    def tell_sent(self, at_ms: float) -> None:
        """Tell of the packets that went together."""
        turn, sent = self._turns.speaking, self._sent
        if turn is None or not sent:
            return
        begins = max(self.sounds_until_ms, at_ms)
        length = sum(duration for duration, _ in sent)
        self._playout.sent(length, at_ms / 1000)
        if turn.marks.first_sent is None:
            turn.marks.first_sent = at_ms
        self._say(
            facts.AudioSent(
                at_ms=at_ms,
                turn=turn.number,
                packets=len(sent),
                audio_ms=round(length, 1),
                from_ms=begins,
                to_ms=self.sounds_until_ms,
                held_ms=round(at_ms - sent[0][1], 1),
            )
        )
        sent.clear()

    def audio_completed(self, at_ms: float) -> None:
        """All audio has been sent."""
        self.tell_sent(at_ms)
        turn = self._turns.speaking or self._turns.announced()
        if turn is not None:
            turn.audio_completed = True
            self._say(facts.AudioCompleted(at_ms=at_ms, turn=turn.number))

    def chat_changed(self, chat: Chat, at_ms: float) -> None:
        """A chat has been announced, waits for tools, or has ended."""
        turn = self._turns.of_chat(chat.id) or self._turns.not_understood()
        if turn is None:
            return
        turn.chat_id = chat.id
        if chat.status in ("completed", "failed"):
            turn.chat = "ended"
        else:
            turn.chat, self._turns.speaking = "running", turn
        reason = chat.last_error.msg if isinstance(chat.last_error, LastError) else ""
        self._say(facts.ChatChanged(at_ms=at_ms, turn=turn.number, chat_id=chat.id, status=chat.status, reason=reason))

    def trimmed(self, heard: str) -> None:
        """Of the answer that is being cut off only this was heard."""
        self._heard = heard

    def canceled(self, cause: Cancellation, configuration: Configuration, at_ms: float) -> None:
        """Output is cut off."""
        self.tell_sent(at_ms)
        turn, heard, self._heard = self._turns.speaking, self._heard, None
        unheard_ms = round(self._playout.remaining_ms(at_ms / 1000), 1)
        self._playout.flushed(at_ms / 1000)
        if turn is None:
            return
        by = self._turns.latest_after(turn) if cause.code != 2 else None
        by_speech = by if cause.code == 1 else None
        self._say(
            facts.BargeIn(
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
                facts.ChatChanged(
                    at_ms=at_ms, turn=turn.number, chat_id=turn.chat_id, status="canceled", reason=cause.msg
                )
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
        said = by.transcript or by.partial
        for keyword in config.keywords:
            alone = InterruptConfig(mode=config.mode, keywords=(keyword,))
            if BargeIn(self._limits, alone).interrupts(said):
                return keyword
        return ""
