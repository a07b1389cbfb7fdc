"""A replay explains its turns in the page's words, from the page's facts."""

import re
from pathlib import Path

from kouyu.diagnostics.facts.turn import TurnEnded
from kouyu.diagnostics.facts.user import SpeechProbabilities, Waveform
from kouyu.recording.explanation import TEXTS, duration, explained
from kouyu.recording.timeline import Timeline
from tests.diagnostics.observed import Observed
from tests.recording.recorded_simulation import interrupted

PAGE = Path(__file__).parent.parent.parent / "console" / "src" / "language" / "en.ts"


def test_the_texts_are_those_of_the_page() -> None:
    texts = dict(re.findall(r'^  "([\w.]+)": "(.*)",$', PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert {name: texts.get(name) for name in TEXTS} == TEXTS


def test_durations_are_written_as_on_the_page() -> None:
    assert [duration(ms) for ms in (0, 639.6, 1240, 12_340)] == ["0 ms", "640 ms", "1.24 s", "12.3 s"]


def test_the_turns_have_the_facts_that_a_watcher_of_the_live_session_got(tmp_path: Path) -> None:
    talk = Observed()
    talk.free_talk()
    talk.speak(1200)
    talk.silence(800)
    talk.speak(1000)
    talk.silence(3000)
    replayed = [
        fact
        for turn in Timeline(interrupted(tmp_path / "record")).turns()
        for fact in turn.facts
        if fact.turn == turn.turn and not isinstance(fact, SpeechProbabilities | Waveform | TurnEnded)
    ]
    live = [fact for fact in talk.told if fact.turn and not isinstance(fact, TurnEnded)]
    assert [(type(fact), fact.at_ms, fact.turn) for fact in sorted(replayed, key=lambda fact: fact.turn)] == [
        (type(fact), fact.at_ms, fact.turn) for fact in sorted(live, key=lambda fact: fact.turn)
    ]


def test_a_turn_that_was_cut_off_says_so(tmp_path: Path) -> None:
    first, *_ = Timeline(interrupted(tmp_path / "record")).turns()
    lines = list(explained(first))
    assert lines[0] == "Turn 1, times from 1.18 s on: What is the capital of France?"
    assert any(line.startswith("  The answer was cut off by ") for line in lines)
    assert any(line.startswith("  Your turn ended after ") for line in lines)
