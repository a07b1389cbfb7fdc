"""Preparing the reply ahead of time changes nothing but the time it takes.

With engines that answer at once, and in the same way whenever they are asked the same, there is no time to gain: each
event and each saved record is then the same, and comes at the same moment, with and without speculation. Only text and
audio, which each keep their order, may be interleaved differently.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kouyu.conversation.effects import (
    Effect,
    JudgeTurn,
    SaveChat,
    SaveMessage,
    SaveSection,
    Send,
    Speak,
    StartReply,
    Transcribe,
    TrimMessage,
)
from kouyu.conversation.inputs import (
    ReplyDelta,
    ReplyFailed,
    ReplyFinished,
    ReplyToolCalls,
    SpeechAudio,
    SpeechFailed,
    SpeechFinished,
    TranscriptFailed,
    TranscriptReady,
    TurnJudged,
)
from kouyu.conversation.limits import Limits
from kouyu.domain.events import Event, SentenceBegan, SpeechCompleted, SpeechDelta
from tests.conversation.random_users import CALLS, Do, histories, perform, tries
from tests.conversation.simulation import Engines, Report, Simulation

choices = st.lists(st.integers(0, 7), min_size=8, max_size=8)


class SteadyEngines(Engines):
    """Engines that answer at once, and the same question always in the same way. ``choices`` says in which."""

    def __init__(self, choices: list[int]) -> None:
        self._choices = choices

    def _choice(self, about: object) -> int:
        return self._choices[zlib.crc32(str(about).encode()) % len(self._choices)]

    def reports(self, order: Effect) -> Iterator[Report]:
        match order:
            case Transcribe(number, start, end):
                yield 0.0, self._transcript(number, start, end)
            case StartReply(number, question, rounds):
                yield from ((0.0, report) for report in self._answer(number, question.content, len(rounds)))
            case Speak(order=number, text=text):
                yield from ((0.0, report) for report in self._speech(number, text))
            case JudgeTurn(number, start):
                yield 0.0, TurnJudged(number, self._choice(start) / 7)
            case _:
                pass

    def _transcript(self, number: int, start: int, end: int) -> TranscriptReady | TranscriptFailed:
        match self._choice(start):
            case 0:
                return TranscriptFailed(number, "broken")
            case 1:
                return TranscriptReady(number, "", "en")
            case 2 | 3:
                return TranscriptReady(number, f"扣子 {start} to {end}", "zh")
            case _:
                return TranscriptReady(number, f"words {start} to {end}", "en")

    def _answer(self, number: int, question: str, rounds: int) -> Iterator[Any]:
        choice = self._choice((question, rounds))
        for index in range(choice):
            yield ReplyDelta(number, f"Sentence {index} of the answer to {question}. ")
        match choice:
            case 1:
                yield ReplyFailed(number, "broken")
            case 2 | 3:
                yield ReplyToolCalls(number, CALLS)
            case 4:
                return
            case _:
                yield ReplyFinished(number, 3, 4)

    def _speech(self, number: int, text: str) -> Iterator[Any]:
        choice = self._choice(text)
        for index in range(choice):
            yield SpeechAudio(number, f"{zlib.crc32(text.encode())} {index}".encode(), 500.0)
        yield SpeechFailed(number, "broken") if choice == 1 else SpeechFinished(number)


class Seen(msgspec.Struct):
    """What a client sees and the store keeps, each with its time; ids are numbered in the order they come up."""

    texts: list[tuple[float, str]] = []
    audio: list[tuple[float, str]] = []
    saved: list[tuple[float, str]] = []


def _seen(talk: Simulation) -> Seen:
    seen = Seen()
    for at, effect in talk.effects:
        match effect:
            case Send(SentenceBegan() | SpeechDelta() | SpeechCompleted() as event):
                seen.audio.append((at, _text(event)))
            case Send(event):
                seen.texts.append((at, _text(event)))
            case SaveMessage() | SaveChat() | SaveSection() | TrimMessage():
                seen.saved.append((at, str(msgspec.json.encode(effect))))
            case _:
                pass
    return Seen(*(_with_numbered_ids(stream) for stream in (seen.texts, seen.audio, seen.saved)))


def _text(event: Event) -> str:
    return f"{type(event).__name__} {msgspec.json.encode(event)!r}"


def _with_numbered_ids(stream: list[tuple[float, str]]) -> list[tuple[float, str]]:
    numbers: dict[str, str] = {}
    return [
        (round(at, 6), re.sub(r"\b\d{19}\b", lambda match: numbers.setdefault(match[0], f"id {len(numbers)}"), text))
        for at, text in stream
    ]


def _talk(history: tuple[dict[str, Any], list[Do]], choices: list[int], speculation: bool) -> Simulation:
    talk = Simulation(SteadyEngines(choices), Limits(speculation=speculation))
    perform(talk, history, settle=True)
    talk.wait(4000)
    return talk


@tries
@given(history=histories, choices=choices)
def test_speculation_changes_nothing_that_is_seen_or_saved(
    history: tuple[dict[str, Any], list[Do]], choices: list[int]
) -> None:
    with_it, without = (_seen(_talk(history, choices, speculation)) for speculation in (True, False))
    assert with_it.texts == without.texts
    assert with_it.audio == without.audio
    assert with_it.saved == without.saved
