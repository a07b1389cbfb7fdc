"""Turns a finished turn, as diagnostics saw it, into the spans of its trace. Pure.

Names and attributes of the language model's span follow OpenTelemetry's conventions for generative AI, which are still
in development (github.com/open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-spans.md); all others begin
with ``kouyu.``. Nothing that was said is in them, unless ``record_text`` is set.
"""

import json
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import msgspec

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
from kouyu.diagnostics.facts.client import AudioCompleted, AudioSent, ChatChanged, TurnInterrupted
from kouyu.diagnostics.facts.record import AnyFact, TurnRecord
from kouyu.diagnostics.facts.session import Failure
from kouyu.diagnostics.facts.turn import TurnEnded, TurnStarted
from kouyu.diagnostics.facts.user import (
    EndOfTurnJudged,
    SpeculationDiscarded,
    SpeechEnded,
    SpeechStarted,
    TranscriptAsked,
    TranscriptCanceled,
    TranscriptReceived,
)

Value: TypeAlias = str | bool | int | float | tuple[str, ...]


class Answerer(msgspec.Struct, frozen=True):
    """Who answers a session, in the terms of the conventions."""

    operation: str
    """``chat`` of a language model, ``invoke_agent`` of a flow or a bot elsewhere."""
    provider: str
    name: str
    """Of the model or agent."""


class SpanEvent(msgspec.Struct, frozen=True):
    """A moment within a span."""

    name: str
    at_ms: float
    attributes: Mapping[str, Value] = {}


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A span. Times in ms since the connection began."""

    name: str
    from_ms: float
    to_ms: float
    attributes: Mapping[str, Value]
    events: tuple[SpanEvent, ...] = ()
    failed: str = ""
    """The stage that failed; "" if none did."""
    is_client: bool = False
    """Whether it is a request to another program."""


class TurnSpans(msgspec.Struct, frozen=True):
    """The trace of a turn: its root, and the stages below it."""

    root: Span
    stages: tuple[Span, ...]


def spans_of(turn: TurnRecord, answerer: Answerer, *, record_text: bool) -> TurnSpans:
    """Return the spans of a finished turn."""
    facts = [fact for fact in turn.facts if fact.turn == turn.turn]
    ends_ms = max((fact.at_ms for fact in facts), default=0.0)
    stages = (
        *_endpointing(facts),
        *_transcripts(facts, ends_ms, record_text),
        *_replies(facts, ends_ms, answerer, turn.session.conversation_id, record_text),
        *_syntheses(facts, ends_ms, record_text),
        *_sending(facts),
    )
    began_ms = min((fact.from_ms for fact in facts if isinstance(fact, SpeechStarted)), default=ends_ms)
    began_ms = min([began_ms, *(fact.at_ms for fact in facts), *(stage.from_ms for stage in stages)], default=0.0)
    return TurnSpans(_root(turn, facts, began_ms, ends_ms), stages)


def _root(turn: TurnRecord, facts: list[AnyFact], began_ms: float, ends_ms: float) -> Span:
    attributes: dict[str, Value] = {
        "kouyu.log_id": turn.session.log_id,
        "kouyu.turn": turn.turn,
        "kouyu.bot_id": turn.session.bot_id,
        "gen_ai.conversation.id": turn.session.conversation_id,
    }
    if turn.session.workflow_id:
        attributes["kouyu.workflow_id"] = turn.session.workflow_id
    if turn.chat_id:
        attributes["kouyu.chat_id"] = turn.chat_id
    events: list[SpanEvent] = []
    failed = ""
    for fact in facts:
        match fact:
            case TurnStarted(cause=cause):
                attributes["kouyu.turn.cause"] = cause
            case ChatChanged(status=status):
                attributes["kouyu.chat.status"] = status
                failed = failed or ("chat" if status == "failed" else "")
            case TurnEnded(stages=stages) if stages is not None:
                attributes["kouyu.turn.first_audio_ms"] = stages.total
            case TurnInterrupted(at_ms=at_ms, code=code, unheard_ms=unheard_ms):
                events.append(SpanEvent("interrupted", at_ms, {"kouyu.code": code, "kouyu.unheard_ms": unheard_ms}))
            case SpeculationDiscarded(at_ms=at_ms, reason=reason):
                events.append(SpanEvent("speculation discarded", at_ms, {"kouyu.reason": reason}))
            case EndOfTurnJudged(at_ms=at_ms, completeness=completeness, threshold=threshold):
                judged = {"kouyu.completeness": completeness, "kouyu.threshold": threshold}
                events.append(SpanEvent("end of turn judged", at_ms, judged))
            case Failure(at_ms=at_ms, stage=stage, code=code):  # its message may quote what was said
                failed = failed or stage
                events.append(SpanEvent("failure", at_ms, {"kouyu.stage": stage, "kouyu.code": code}))
            case _:
                pass
    return Span(
        name="turn", from_ms=began_ms, to_ms=ends_ms, attributes=attributes, events=tuple(events), failed=failed
    )


def _endpointing(facts: list[AnyFact]) -> Iterator[Span]:
    for fact in facts:
        if isinstance(fact, SpeechEnded):
            attributes: dict[str, Value] = {"kouyu.reason": fact.reason, "kouyu.silence_ms": fact.silence_ms}
            from_ms = min(fact.to_ms, fact.at_ms)
            yield Span(name="endpointing", from_ms=from_ms, to_ms=fact.at_ms, attributes=attributes)


def _transcripts(facts: list[AnyFact], ends_ms: float, record_text: bool) -> Iterator[Span]:
    ended = {fact.order: fact for fact in facts if isinstance(fact, TranscriptReceived | TranscriptCanceled)}
    for asked in facts:
        if not (isinstance(asked, TranscriptAsked) and asked.final):
            continue
        end = ended.get(asked.order)
        attributes: dict[str, Value] = {"kouyu.audio_ms": round(asked.to_ms - asked.from_ms, 1)}
        match end:
            case TranscriptReceived(language=language, text=text):
                attributes["kouyu.language"] = language
                if record_text:
                    attributes["kouyu.text"] = text
            case _:
                attributes["kouyu.canceled"] = True
        to_ms = end.at_ms if end is not None else ends_ms
        yield Span(name="transcript", from_ms=asked.at_ms, to_ms=to_ms, attributes=attributes)


def _replies(
    facts: list[AnyFact], ends_ms: float, answerer: Answerer, conversation_id: str, record_text: bool
) -> Iterator[Span]:
    asked_of = [fact for fact in facts if isinstance(fact, ReplyAsked)]
    for number, asked in enumerate(asked_of, 1):
        attributes: dict[str, Value] = {
            "gen_ai.operation.name": answerer.operation,
            "gen_ai.provider.name": answerer.provider,
            "gen_ai.request.model" if answerer.operation == "chat" else "gen_ai.agent.name": answerer.name,
            "gen_ai.conversation.id": conversation_id,
            "gen_ai.request.stream": True,
        }
        if record_text:
            attributes["gen_ai.input.messages"] = _messages("user", asked.question)
        events: list[SpanEvent] = []
        to_ms, failed, has_ended = (asked_of[number].at_ms if number < len(asked_of) else ends_ms), "", False
        for fact in facts:
            match fact:
                case ReplyFirstToken(order=order, at_ms=at_ms, took_ms=took_ms) if order == asked.order:
                    events.append(SpanEvent("first token", at_ms))
                    attributes["gen_ai.response.time_to_first_chunk"] = took_ms / 1000
                case ReplyCompleted(order=order) if order == asked.order:
                    to_ms, has_ended = fact.at_ms, True
                    attributes["gen_ai.usage.input_tokens"] = fact.input_tokens
                    attributes["gen_ai.usage.output_tokens"] = fact.output_tokens
                    if record_text:
                        attributes["gen_ai.output.messages"] = _messages("assistant", fact.text)
                case ClientToolsAsked(order=order, names=names) if order == asked.order:
                    to_ms, has_ended = fact.at_ms, True
                    attributes["gen_ai.response.finish_reasons"] = ("tool_calls",)
                    events.append(SpanEvent("tool calls", fact.at_ms, {"kouyu.tools": ", ".join(names)}))
                case Failure(stage="reply", at_ms=at_ms) if asked.at_ms <= at_ms <= to_ms and not has_ended:
                    to_ms, failed, has_ended = at_ms, "reply", True
                case _:
                    pass
        if not has_ended:
            attributes["kouyu.canceled"] = True
        yield Span(
            name=f"{answerer.operation} {answerer.name}".strip(),
            from_ms=asked.at_ms,
            to_ms=to_ms,
            attributes=attributes,
            events=tuple(events),
            failed=failed,
            is_client=True,
        )


def _syntheses(facts: list[AnyFact], ends_ms: float, record_text: bool) -> Iterator[Span]:
    for started in facts:
        if not isinstance(started, SynthesisStarted):
            continue
        attributes: dict[str, Value] = {"kouyu.characters": len(started.text)}
        if record_text:
            attributes["kouyu.text"] = started.text
        events: tuple[SpanEvent, ...] = ()
        to_ms, has_ended = ends_ms, False
        for fact in facts:
            match fact:
                case SynthesisFirstAudio(order=order, at_ms=at_ms) if order == started.order:
                    events = (SpanEvent("first audio", at_ms),)
                case SynthesisFinished(order=order, at_ms=at_ms, audio_ms=audio_ms) if order == started.order:
                    to_ms, has_ended = at_ms, True
                    attributes["kouyu.audio_ms"] = audio_ms
                case SynthesisCanceled(order=order, at_ms=at_ms) if order == started.order:
                    to_ms = at_ms
                case _:
                    pass
        if not has_ended:
            attributes["kouyu.canceled"] = True
        yield Span(name="speech synthesis", from_ms=started.at_ms, to_ms=to_ms, attributes=attributes, events=events)


def _sending(facts: list[AnyFact]) -> Iterator[Span]:
    sent = [fact for fact in facts if isinstance(fact, AudioSent)]
    if not sent:
        return
    ends = [fact.at_ms for fact in facts if isinstance(fact, AudioCompleted)]
    attributes: dict[str, Value] = {
        "kouyu.packets": sum(fact.packets for fact in sent),
        "kouyu.audio_ms": round(sum(fact.audio_ms for fact in sent), 1),
    }
    yield Span(name="sending", from_ms=sent[0].at_ms, to_ms=max([*ends, sent[-1].at_ms]), attributes=attributes)


def _messages(role: str, text: str) -> str:
    """Messages of one text, as the conventions have them."""
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}], ensure_ascii=False)
