from pathlib import Path

import numpy as np
import pytest

from kouyu.engines.tts.learnt_voices import LearntVoice, LearntVoices, speech_level

CLAUSE = (5, 7)
STYLE = np.arange(4, dtype=np.float32)
LEARNT = LearntVoice({"/decoder/mean": np.array([[0.5], [-2.0]], np.float32)}, -21.5)


def test_what_was_measured_is_found_by_a_later_process(tmp_path: Path) -> None:
    LearntVoices(tmp_path / "new", "model", CLAUSE).keep(STYLE, LEARNT)
    found = LearntVoices(tmp_path / "new", "model", CLAUSE).find(STYLE)
    assert found is not None
    assert found.level == -21.5
    assert {name: values.tolist() for name, values in found.statistics.items()} == {"/decoder/mean": [[0.5], [-2.0]]}


def test_another_model_voice_or_clause_has_none(tmp_path: Path) -> None:
    LearntVoices(tmp_path, "model", CLAUSE).keep(STYLE, LEARNT)
    assert LearntVoices(tmp_path, "other", CLAUSE).find(STYLE) is None
    assert LearntVoices(tmp_path, "model", CLAUSE).find(STYLE + 1) is None
    assert LearntVoices(tmp_path, "model", CLAUSE[:1]).find(STYLE) is None


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    kept = LearntVoices(tmp_path, "model", CLAUSE)
    kept.keep(STYLE, LEARNT)
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    assert kept.find(STYLE) is None
    kept.keep(STYLE, LEARNT)
    assert kept.find(STYLE) is not None


def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    LearntVoices(tmp_path / "file" / "folder", "model", CLAUSE).keep(STYLE, LEARNT)


def test_the_level_is_that_of_the_speech_without_its_pauses() -> None:
    speech = np.full(3000, 0.1, np.float32)
    pause = np.full(6000, 0.001, np.float32)
    assert speech_level(np.concatenate((pause, speech, pause)), 300) == pytest.approx(-20.0, abs=0.01)
    assert speech_level(pause, 300) == 0.0
