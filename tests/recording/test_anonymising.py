"""An anonymous record has none of the words, ids and sounds, and all of the decisions."""

import re
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from kouyu.conversation.inputs import ClientLeft
from kouyu.conversation.limits import Limits
from kouyu.recording.anonymising import anonymised, decisions
from kouyu.recording.frames import PCM, SILENCE, Audio, Ending
from kouyu.recording.placeholder_words import PlaceholderWords
from kouyu.recording.record_file import Record, read_record, write_record
from kouyu.recording.replaying import replay
from kouyu.text.sentences import SentenceSplitter
from tests.conversation.random_users import Do, histories, perform, tries
from tests.conversation.simulation import Engines
from tests.recording.recorded_simulation import RecordedSimulation

ANSWER = (
    "Dr. Miller lives in the U.S. now. ",
    "She paid $3.50 for No. 7, ",
    "didn't she? Well… ",
    "“Go!” he said. 好的，我知道了。That's al",
    "l, e.g. nothing",
    " more.",
)


def written(record: Record, path: Path) -> Record:
    write_record(path, *anonymised(record), Ending(reason="closed"))
    return read_record(path)


@settings(tries, max_examples=25)
@given(history=histories)
def test_whatever_happened_is_decided_the_same_in_other_words(history: tuple[dict[str, Any], list[Do]]) -> None:
    talk = RecordedSimulation(Engines(deltas=ANSWER))
    perform(talk, history)
    talk.give(ClientLeft())
    with tempfile.TemporaryDirectory() as folder:
        before = talk.written(Path(folder) / "record")
        after = written(before, Path(folder) / "other")
    assert replay(after).difference is None
    for one, other in zip(replay(before).steps, replay(after).steps, strict=True):
        assert decisions(one.effects) == decisions(other.effects)


def test_nothing_of_what_was_said_and_by_whom_is_left(tmp_path: Path) -> None:
    talk = RecordedSimulation(Engines(transcript="Does Margaret like Copenhagen?", deltas=ANSWER))
    talk.configure(
        chat_config={
            "user_id": "margaret@example.org",
            "meta_data": {"patient": "Margaret"},
            "custom_variables": {"name": "Margaret"},
            "parameters": {"where": ["Copenhagen"]},
        },
        asr_config={"hot_words": ["Copenhagen"], "context": "about Margaret"},
        turn_detection={"type": "server_vad"},
        prologue_content="Hello Margaret!",
        need_play_prologue=True,
    )
    talk.speak(1200)
    talk.silence(3000)
    talk.write("Tell Margaret about Copenhagen.")
    talk.wait(3)
    before = talk.written(tmp_path / "record", [Audio(0, 3, PCM, b"secret")])
    after = written(before, tmp_path / "other")
    shown = repr(after.steps) + repr(after.configurations.all) + repr(after.header)
    assert re.findall("margaret|copenhagen|miller|secret|didn", shown, re.IGNORECASE) == []
    ids = {given for step in before.steps for given in step.ids}
    assert [given for given in ids if given in shown] == []
    assert [(piece.count, piece.coding, piece.data) for piece in after.audio] == [(3, SILENCE, b"")]
    assert before.header.log_id not in shown


@pytest.mark.parametrize("keyword", ["stop now", "please stop", "扣子", "停下"])
def test_a_keyword_still_interrupts_and_other_words_still_do_not(tmp_path: Path, keyword: str) -> None:
    def cut_off(transcript: str) -> tuple[int, int]:
        talk = RecordedSimulation(
            Engines(transcript=transcript, deltas=("A long answer, " * 20,), packets_per_sentence=40)
        )
        interrupt = {"mode": "keyword_contains", "keywords": [keyword]}
        talk.configure(turn_detection={"type": "server_vad", "interrupt_config": interrupt})
        talk.write("Tell me a story.")
        talk.wait(1)
        talk.speak(1500)
        talk.silence(1500)
        before = talk.written(tmp_path / "record")
        after = written(before, tmp_path / "other")
        assert keyword not in repr(after.configurations.all)
        canceled = "conversation.chat.canceled"
        return len(replay(before).sent(canceled)), len(replay(after).sent(canceled))

    assert cut_off(f"Oh, {keyword} it now!") == (1, 1)
    assert cut_off("I rather like this, go on.") == (0, 0)


def test_a_homophone_of_a_keyword_still_interrupts(tmp_path: Path) -> None:
    words = PlaceholderWords(["扣子"])
    assert words.replaced("扣子") == words.replaced("叩子") != words.replaced("木子")


@pytest.mark.parametrize("said", ["Mm-hm.", "yeah, okay", "嗯", "I see."])
def test_a_backchannel_stays_one(tmp_path: Path, said: str) -> None:
    talk = RecordedSimulation(
        Engines(transcript=said, deltas=("A long answer, " * 20,), packets_per_sentence=40),
        limits=Limits(ignore_backchannels=True),
    )
    talk.free_talk()
    talk.write("Tell me a story.")
    talk.wait(1)
    talk.speak(500)
    talk.silence(1500)
    after = written(talk.written(tmp_path / "record"), tmp_path / "other")
    assert replay(after).sent("conversation.chat.canceled") == []


def test_sentences_end_at_the_same_places() -> None:
    def lengths(text: str) -> list[int]:
        splitter = SentenceSplitter()
        splitter.write(text)
        splitter.end()
        return [len(sentence) for sentence in iter(splitter.next, None)]

    text = "".join(ANSWER)
    other = PlaceholderWords().replaced(text)
    assert len(other) == len(text)
    assert lengths(other) == lengths(text)


def test_the_same_beginnings_stay_the_same_and_others_do_not() -> None:
    words = PlaceholderWords()
    one, longer, other = (words.replaced(text) for text in ("how far is", "how far is it", "how old is"))
    assert longer.startswith(one)
    assert other[:4] == one[:4]
    assert other != one


def test_ids_keep_their_length_and_their_references(tmp_path: Path) -> None:
    talk = RecordedSimulation()
    talk.write("Hello?")
    talk.wait(3)
    after = written(talk.written(tmp_path / "record"), tmp_path / "other")
    assert {len(given) for step in after.steps for given in step.ids} == {19}
    assert len(after.header.conversation_id) == 19
    assert after.header.anonymous
    assert msgspec.structs.replace(after.header, anonymous=False) != talk.header
