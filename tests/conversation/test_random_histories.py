"""Whatever users and engines do, in whatever order, the invariants hold (invariants/every.py)."""

from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kouyu.conversation.effects import Effect, JudgeTurn, Speak, StartReply, Transcribe
from kouyu.conversation.inputs import (
    ClientLeft,
    ReplyDelta,
    ReplyFailed,
    ReplyFinished,
    ReplyToolCalls,
    ReplyToolsCalled,
    ReplyToolsRan,
    SpeechAudio,
    SpeechFailed,
    SpeechFinished,
    TranscriptFailed,
    TranscriptReady,
    TurnJudged,
)
from kouyu.conversation.limits import Limits
from tests.conversation.invariants.every import check_cancelled, check_idle
from tests.conversation.random_users import CALLS, RAN, Do, histories, perform, tries
from tests.conversation.simulation import Engines, Report, Simulation

# How engines behave: each order takes the next of these, and begins again after the last. None: never.

delays = st.sampled_from([0.03, 0.0, 0.2, 0.7, 3.0])
texts = st.sampled_from(["What now?", "扣子你好", "What else?", "um", "", "  "])


class Transcription(msgspec.Struct, frozen=True):
    delay_s: float | None
    text: str | None


class Answer(msgspec.Struct, frozen=True):
    delay_s: float
    deltas: tuple[str, ...]
    delta_s: float
    tool_before: int | None
    """The number of the delta before which a tool on the server runs, as long as between two deltas."""
    end: str


class Synthesis(msgspec.Struct, frozen=True):
    delay_s: float
    packets: tuple[float, ...]
    end: str


transcriptions = st.builds(Transcription, st.one_of(delays, delays, st.none()), st.one_of(texts, texts, st.none()))
answers = st.builds(
    Answer,
    delays,
    st.lists(
        st.sampled_from(["One, two, three, four, five. ", "And six. ", "Go", "好的。", "", " ", "\n"]), max_size=6
    ).map(tuple),
    st.sampled_from([0.05, 0.0, 1.0]),
    st.sampled_from([None, None, None, 0, 1]),
    st.sampled_from(["finishes"] * 4 + ["asks", "asks", "fails", "asks for nothing", "falls silent"]),
)
syntheses = st.builds(
    Synthesis,
    delays,
    st.lists(st.sampled_from([200.0, 2.5, 0.0, 26.122, 3000.0, 30_000.0]), max_size=6).map(tuple),
    st.sampled_from(["finishes"] * 4 + ["fails", "falls silent"]),
)
judgements = st.tuples(st.none() | delays, st.sampled_from([0.0, 0.49, 0.5, 1.0]))


class RandomEngines(Engines):
    """Engines of which every order takes its own course. Their reports come even when nobody waits any more."""

    def __init__(
        self,
        transcriptions: list[Transcription],
        answers: list[Answer],
        syntheses: list[Synthesis],
        judgements: list[tuple[float | None, float]],
        leaving_s: float,
    ) -> None:
        self.leaving_s = leaving_s
        self._transcriptions = _repeated(transcriptions)
        self._answers = _repeated(answers)
        self._syntheses = _repeated(syntheses)
        self._judgements = _repeated(judgements)

    def reports(self, order: Effect) -> Iterator[Report]:
        match order:
            case Transcribe(number):
                yield from _transcribe(number, next(self._transcriptions))
            case StartReply(number):
                yield from _answer(number, next(self._answers))
            case Speak(number):
                yield from _synthesise(number, next(self._syntheses))
            case JudgeTurn(number):
                delay_s, completeness = next(self._judgements)
                if delay_s is not None:
                    yield delay_s, TurnJudged(number, completeness)
            case _:
                pass


def _repeated(behaviours: list[Any]) -> Iterator[Any]:
    while True:
        yield from behaviours


def _transcribe(number: int, how: Transcription) -> Iterator[Report]:
    if how.delay_s is not None and how.text is None:
        yield how.delay_s, TranscriptFailed(number, "broken")
    elif how.delay_s is not None and how.text is not None:
        yield how.delay_s, TranscriptReady(number, how.text, "en")


def _answer(number: int, how: Answer) -> Iterator[Report]:
    at = how.delay_s
    for place, delta in enumerate(how.deltas):
        if place == how.tool_before:
            yield at, ReplyToolsCalled(number, CALLS)
            at += how.delta_s
            yield at, ReplyToolsRan(number, RAN)
        yield at, ReplyDelta(number, delta)
        at += how.delta_s
    match how.end:
        case "finishes":
            yield at, ReplyFinished(number, 3, 4)
        case "fails":
            yield at, ReplyFailed(number, "broken")
        case "asks":
            yield at, ReplyToolCalls(number, CALLS)
        case "asks for nothing":
            yield at, ReplyToolCalls(number, ())


def _synthesise(number: int, how: Synthesis) -> Iterator[Report]:
    at = how.delay_s
    for index, duration_ms in enumerate(how.packets):
        yield at, SpeechAudio(number, b"", 10.0)
        yield at, SpeechAudio(number, f"{number} {index}".encode(), duration_ms)
        at += 0.02
    match how.end:
        case "finishes":
            yield at, SpeechFinished(number)
        case "fails":
            yield at, SpeechFailed(number, "broken")


engines = st.builds(
    RandomEngines,
    *(st.lists(kind, min_size=1, max_size=4) for kind in (transcriptions, answers, syntheses, judgements)),
    leaving_s=st.sampled_from([0.0, 0.3, 1.5]),
)


@tries
@given(history=histories, engines=engines, speculation=st.booleans())
def test_the_invariants_hold_in_every_history_and_it_comes_to_rest(
    history: tuple[dict[str, Any], list[Do]], engines: RandomEngines, speculation: bool
) -> None:
    talk = Simulation(engines, Limits(speculation=speculation))
    perform(talk, history)
    # Longer than all time-outs after each other, for every sentence of the longest answer.
    talk.wait(4000)
    check_idle(talk)


@tries
@given(history=histories, engines=engines, speculation=st.booleans())
def test_a_client_may_hang_up_at_any_moment(
    history: tuple[dict[str, Any], list[Do]], engines: RandomEngines, speculation: bool
) -> None:
    talk = Simulation(engines, Limits(speculation=speculation))
    perform(talk, history)
    talk.give(ClientLeft())
    check_cancelled(talk)
