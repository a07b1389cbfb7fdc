"""The spans of a turn: of scripted conversations in virtual time, and as OpenTelemetry exports them."""

import json
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from kouyu.conversation.limits import Limits
from kouyu.diagnostics.facts.agent import ReplyFirstToken
from kouyu.diagnostics.facts.record import TurnRecord
from kouyu.diagnostics.facts.session import SessionSeen
from kouyu.diagnostics.turn_records import TurnRecords
from kouyu.tracing.exporting import TraceExport
from kouyu.tracing.turn_spans import Answerer, Span, TurnSpans, spans_of
from tests.conversation.simulation import Engines
from tests.diagnostics.observed import Observed

SESSION = SessionSeen(log_id="2026", epoch_ms=1_000, bot_id="ada", workflow_id="", conversation_id="7", limits=Limits())
MODEL = Answerer("chat", "openai", "gpt")
ANSWER = "Paris is the capital. It lies on the Seine."
QUESTION = "What is the capital of France?"


def turn_of(talk: Observed, number: int = 1) -> TurnRecord:
    """A turn as its session's records have it."""
    talk.observer.close(talk.now)
    records = TurnRecords()
    for fact in talk.facts:
        records.add(fact)
    turn = records.of(number, SESSION)
    assert turn.ended
    return turn


def asked(engines: Engines | None = None, *, speculation: bool = False) -> Observed:
    """One spoken question and its answer."""
    talk = Observed(engines or Engines(), limits=Limits(speculation=speculation))
    talk.free_talk()
    talk.silence(512)
    talk.speak(1024)
    talk.silence(6000)
    return talk


def stage(spans: TurnSpans, name: str) -> Span:
    (found,) = [span for span in spans.stages if span.name == name]
    return found


def test_a_spoken_turn_has_a_span_for_each_stage_one_after_the_other() -> None:
    talk = asked()
    spans = spans_of(turn_of(talk), MODEL, record_text=False)
    names = [span.name for span in spans.stages]
    assert names == ["endpointing", "transcript", "chat gpt", "speech synthesis", "speech synthesis", "sending"]
    endpointing, transcript, chat, first_sentence, _, sending = spans.stages
    assert 480 <= endpointing.to_ms - endpointing.from_ms <= 540
    assert transcript.from_ms == endpointing.to_ms
    assert transcript.to_ms - transcript.from_ms == pytest.approx(150)
    assert chat.from_ms == transcript.to_ms
    (first_token,) = chat.events
    (told,) = talk.of(ReplyFirstToken)
    assert (first_token.name, first_token.at_ms) == ("first token", told.at_ms)
    assert chat.attributes["gen_ai.response.time_to_first_chunk"] == pytest.approx(0.1)
    assert first_sentence.from_ms == pytest.approx(chat.from_ms + 150)
    assert sending.from_ms == pytest.approx(first_sentence.from_ms + 100)
    assert spans.root.from_ms <= endpointing.from_ms
    assert all(spans.root.from_ms <= span.from_ms <= span.to_ms <= spans.root.to_ms for span in spans.stages)
    assert spans.root.attributes["kouyu.log_id"] == "2026"
    assert spans.root.attributes["kouyu.turn.cause"] == "speech"
    assert spans.root.attributes["kouyu.chat.status"] == "completed"


def test_nothing_that_was_said_is_in_them_unless_it_is_asked_for() -> None:
    turn = turn_of(asked())

    def whole(record_text: bool) -> str:
        return repr(spans_of(turn, MODEL, record_text=record_text))

    assert not any(word in whole(False) for word in ("Paris", "France", "Seine"))
    spans = spans_of(turn, MODEL, record_text=True)
    assert stage(spans, "transcript").attributes["kouyu.text"] == QUESTION
    messages: Any = stage(spans, "chat gpt").attributes
    assert json.loads(messages["gen_ai.input.messages"])[0]["parts"][0]["content"] == QUESTION
    (answer,) = json.loads(messages["gen_ai.output.messages"])
    assert (answer["role"], answer["parts"][0]["content"]) == ("assistant", ANSWER)


def test_a_reply_that_was_discarded_is_a_span_of_its_own() -> None:
    talk = Observed()
    talk.free_talk()
    talk.speak(960)
    talk.silence(320)  # a pause: a reply is prepared, and thrown away when the user goes on
    talk.speak(960)
    talk.silence(6000)
    spans = spans_of(turn_of(talk), MODEL, record_text=False)
    chats = [span for span in spans.stages if span.name == "chat gpt"]
    assert [bool(span.attributes.get("kouyu.canceled")) for span in chats] == [True, False]
    assert "speculation discarded" in [event.name for event in spans.root.events]


def test_a_turn_in_which_no_reply_was_asked_for_has_none() -> None:
    talk = Observed()
    talk.configure(need_play_prologue=True)
    talk.wait(10.0)
    spans = spans_of(turn_of(talk), MODEL, record_text=False)
    assert spans.root.attributes["kouyu.turn.cause"] == "announcement"
    assert {span.name for span in spans.stages} == {"speech synthesis", "sending"}


def test_a_failure_names_its_stage_and_not_its_text() -> None:
    talk = asked(Engines(first_delta_s=None))
    talk.wait(60)
    spans = spans_of(turn_of(talk), MODEL, record_text=False)
    assert spans.root.failed == "chat"
    assert spans.root.attributes["kouyu.chat.status"] == "failed"


def test_a_turn_that_is_cut_off_ends_with_it() -> None:
    talk = Observed(Engines(deltas=tuple(f"This is sentence {n}. " for n in range(20))))
    talk.free_talk()
    talk.write("Tell me a story.")
    talk.wait(1.0)
    talk.speak(960)
    talk.silence(6000)
    spans = spans_of(turn_of(talk), MODEL, record_text=False)
    (interrupted,) = [event for event in spans.root.events if event.name == "interrupted"]
    assert interrupted.attributes["kouyu.code"] == 1
    assert spans.root.attributes["kouyu.turn.cause"] == "text"


def exported(turns: list[TurnSpans], *, sample: float = 1.0) -> tuple[ReadableSpan, ...]:
    """What an exporter in memory gets."""
    memory = InMemorySpanExporter()
    export = TraceExport(memory, sample=sample)
    for turn in turns:
        export.export(turn, SESSION.epoch_ms)
    export.flush()
    found = memory.get_finished_spans()
    export.close()
    return found


def test_opentelemetry_gets_one_trace_with_the_times_of_the_session() -> None:
    spans = spans_of(turn_of(asked()), MODEL, record_text=False)
    found = exported([spans])
    (root,) = [span for span in found if span.parent is None]
    assert len({span.context.trace_id for span in found if span.context is not None}) == 1
    assert len(found) == 1 + len(spans.stages)
    assert root.start_time == 1_000_000_000 + round(spans.root.from_ms * 1_000_000)
    assert root.context is not None
    below = [span for span in found if span.parent is not None]
    assert {span.parent.span_id for span in below if span.parent} == {root.context.span_id}
    (chat,) = [span for span in found if span.name == "chat gpt"]
    assert (chat.kind, chat.attributes and chat.attributes["gen_ai.operation.name"]) == (SpanKind.CLIENT, "chat")
    assert [event.name for event in chat.events] == ["first token"]
    assert root.resource.attributes["service.name"] == "kouyu"


def test_a_failed_stage_is_an_error() -> None:
    failed = Span(name="turn", from_ms=0, to_ms=1, attributes={}, failed="reply")
    (span,) = exported([TurnSpans(failed, ())])
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["error.type"] == "reply"


def test_only_a_share_of_the_turns_is_exported() -> None:
    turn = TurnSpans(Span(name="turn", from_ms=0, to_ms=1, attributes={}), ())
    assert exported([turn] * 20, sample=0.0) == ()
    assert 0 < len(exported([turn] * 200, sample=0.5)) < 200
