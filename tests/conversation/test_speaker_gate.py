"""The gate with scores instead of a model: who speaks is written beside the chunks."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kouyu.conversation.inputs import SpeechProbability
from kouyu.conversation.speaker_gate import Mute, SpeakerGate
from kouyu.conversation.utterance import Span

CHUNK = 512
CHUNK_MS = 32
LEADS = {"t": 2.5, "o": -3.0, "?": 0.0}
"""The target, somebody else, and a voice that sounds a little like both."""


@dataclass
class Listener:
    """Feeds the gate a line such as ``..tttt..oo``: one chunk for each letter, dots are silence."""

    gate: SpeakerGate = field(default_factory=lambda: SpeakerGate(0))
    said: str = ""
    heard: list[SpeechProbability] = field(default_factory=list)
    muted: list[Mute] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    """Chunks in each question."""
    leads: dict[str, float | None] = field(default_factory=lambda: dict[str, float | None](LEADS))

    def hear(self, line: str) -> "Listener":
        for who in line:
            self.said += who
            self._take(self.gate.feed(SpeechProbability(len(self.said) * CHUNK, 0.02 if who == "." else 0.95)))
            self._answer()
        return self

    def finish(self) -> "Listener":
        self._take(self.gate.finish())
        self._answer()
        return self

    def _answer(self) -> None:
        while self.gate.question is not None:
            speakers = [self.said[span.start // CHUNK] for span in self.gate.question]
            self.asked.append(len(speakers))
            leads = [self.leads[who] for who in speakers]
            known = [lead for lead in leads if lead is not None]
            self._take(self.gate.answer(sum(known) / len(known) if len(known) == len(leads) else None))

    def _take(self, passed: Iterable[SpeechProbability | Mute]) -> None:
        for one in passed:
            if isinstance(one, Mute):
                self.muted.append(one)
            else:
                self.heard.append(one)

    @property
    def line(self) -> str:
        """What went on: who spoke where speech was passed on, and dots for silence."""
        return "".join(self.said[judged.end // CHUNK - 1] if judged.probability > 0.5 else "." for judged in self.heard)


def chunks(ms: int) -> int:
    return ms // CHUNK_MS


def test_silence_is_passed_on_at_once() -> None:
    assert Listener().hear("....").line == "...."


def test_the_target_is_heard_in_full_once_it_is_clear_who_speaks() -> None:
    listener = Listener().hear("..")
    held = 0
    while not listener.gate.open:
        listener.hear("t")
        held += 1
    assert chunks(300) <= held <= chunks(600)
    assert listener.line == ".." + "t" * held
    assert listener.muted == []


def test_while_the_target_speaks_on_nothing_is_held_back() -> None:
    listener = Listener().hear("t" * chunks(2000))
    assert len(listener.heard) == len(listener.said)
    assert not listener.gate.holding


def test_somebody_else_is_silence_and_is_taken_out_of_the_audio() -> None:
    listener = Listener().hear(".." + "o" * 40 + "." * 10)
    assert listener.line == "." * 52
    assert covered(listener.muted) == set(range(2, 42))


def test_the_silence_behind_somebody_else_keeps_its_sound() -> None:
    listener = Listener().hear("o" * 40 + "." * 20)
    assert max(mute.end for mute in listener.muted) == 40 * CHUNK


def test_somebody_else_in_a_pause_does_not_lengthen_the_targets_turn() -> None:
    listener = Listener().hear("t" * 40 + "." * 10 + "o" * 60 + "." * 10 + "t" * 40)
    assert listener.line == "t" * 40 + "." * 80 + "t" * 40


def test_a_short_word_is_decided_at_its_end() -> None:
    listener = Listener().hear("ttttt" + "." * 6)
    assert listener.line == ""
    listener.hear(".")
    assert listener.line == "ttttt......."
    assert Listener().hear("ooooo" + "." * 8).line == "." * 13


def test_a_doubtful_voice_is_compared_again_with_more_speech_and_then_decided() -> None:
    listener = Listener().hear("?" * chunks(1600))
    assert [count * CHUNK_MS for count in listener.asked] == [480, 800, 1216, 1600]
    assert "?" in listener.line
    listener.leads["?"] = -0.1
    listener.hear("." * 10)
    before = len(listener.line)
    assert "?" not in listener.hear("?" * chunks(2000) + "." * 10).line[before:]


def test_somebody_else_who_follows_the_target_without_a_pause_is_noticed() -> None:
    listener = Listener().hear("t" * 40 + "o" * 80 + "." * 10)
    assert listener.line.startswith("t" * 40)
    assert listener.line.count("o") * CHUNK_MS <= 1200
    assert covered(listener.muted) == {at for at in range(40, 120) if listener.line[at] == "."}


def test_the_target_who_follows_somebody_else_without_a_pause_is_heard_in_full() -> None:
    listener = Listener().hear("o" * 80 + "t" * 60 + "." * 10)
    assert listener.line.count("t") == 60
    assert listener.line.count("o") * CHUNK_MS <= 700


def test_a_buffer_that_ends_is_decided_at_once() -> None:
    assert Listener().hear("tttttt").finish().line == "tttttt"
    assert Listener().hear("oooooo").finish().line == "......"
    listener = Listener().hear("t" * 40).finish().hear("oooooo").finish()
    assert listener.line == "t" * 40 + "......"


def test_speech_that_cannot_be_compared_is_heard() -> None:
    listener = Listener(leads={"t": None})
    assert listener.hear("ttttt" + "." * 8).line == "ttttt" + "." * 8


def test_a_gate_may_begin_in_the_middle_of_the_audio() -> None:
    gate = SpeakerGate(5 * CHUNK)
    for number in range(6, 40):
        list(gate.feed(SpeechProbability(number * CHUNK, 0.9)))
        if gate.question is not None:
            break
    assert gate.question is not None
    assert gate.question[0] == Span(5 * CHUNK, 6 * CHUNK)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("to?."), st.integers(1, 70)), max_size=12), st.booleans())
def test_each_chunk_is_passed_on_once_and_in_order(runs: list[tuple[str, int]], finished: bool) -> None:
    listener = Listener().hear("".join(who * count for who, count in runs))
    if finished:
        listener.finish()
        assert len(listener.heard) == len(listener.said)
    assert [judged.end for judged in listener.heard] == [(at + 1) * CHUNK for at in range(len(listener.heard))]
    assert len(listener.said) - len(listener.heard) <= chunks(1600) * 7 + 8
    for at in covered(listener.muted):
        assert listener.line[at] == "."


@pytest.mark.parametrize("who", ["t", "o"])
def test_nothing_is_held_back_for_ever(who: str) -> None:
    listener = Listener()
    for _ in range(40):
        listener.hear(who * 30)
        assert len(listener.said) - len(listener.heard) <= chunks(1664)


def covered(muted: Iterable[Mute]) -> set[int]:
    """The chunks that were muted."""
    return {at for mute in muted for at in range(mute.start // CHUNK, mute.end // CHUNK)}
