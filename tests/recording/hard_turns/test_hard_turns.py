"""Hard turns of real sessions are decided again as they were. ``make.py`` makes the records anew."""

from pathlib import Path

import pytest

from kouyu.recording.anonymising import anonymised, decisions
from kouyu.recording.first_difference import difference_shown
from kouyu.recording.frames import SUFFIX
from kouyu.recording.record_file import read_record
from kouyu.recording.replaying import replay
from tests.recording.hard_turns.turns import TURNS

FOLDER = Path(__file__).parent
RECORDS = sorted(FOLDER.glob(f"*{SUFFIX}"))


def test_each_hard_turn_has_its_record() -> None:
    assert [path.stem for path in RECORDS] == sorted(TURNS)
    assert max(path.stat().st_size for path in RECORDS) < 40_000


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_what_was_decided_is_decided_again(path: Path) -> None:
    replayed = replay(read_record(path))
    assert replayed.difference is None, "\n".join(difference_shown(replayed))


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_the_record_is_of_the_turn_that_its_name_says(path: Path) -> None:
    replayed = replay(read_record(path))
    interrupts = path.stem.startswith("barge_in") and not path.stem.endswith("transcript")
    assert not interrupts or replayed.sent("conversation.chat.canceled")
    assert ("tool" in path.stem) == bool(replayed.sent("conversation.chat.requires_action"))
    assert ("section" in path.stem) == bool(replayed.sent("conversation.cleared"))


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_the_same_is_decided_in_other_words(path: Path) -> None:
    record = read_record(path)
    _, steps, _ = anonymised(record)
    for before, after in zip(replay(record).steps, steps, strict=True):
        assert decisions(before.effects) == decisions(after.effects)
