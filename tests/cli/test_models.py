from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kouyu.cli.main import main
from kouyu.weights import cache, catalogue


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KOUYU_WEIGHTS", str(tmp_path))
    return tmp_path


def kouyu(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_list_shows_every_set_with_its_licence_and_where_they_lie(empty_cache: Path) -> None:
    shown = kouyu("models", "list")
    assert shown.exit_code == 0
    for weight_set in catalogue.CATALOGUE:
        assert weight_set.name in shown.output
        assert weight_set.licence in shown.output
    assert str(empty_cache) in shown.output


def test_a_name_that_is_not_in_the_catalogue_is_refused_with_those_that_are() -> None:
    refused = kouyu("models", "fetch", "whisper-bass")
    assert refused.exit_code == 2
    assert "whisper-base" in refused.output


def test_verify_fails_and_says_what_to_do_when_a_file_is_not_as_fetched() -> None:
    weight_set = catalogue.find("silero-vad")
    where = cache.place(weight_set)
    where.mkdir()
    (where / "silero_vad.onnx").write_bytes(bytes(weight_set.size))
    cache.stamp(weight_set, where)
    verified = kouyu("models", "verify")
    assert verified.exit_code == 1
    assert "silero-vad: not as fetched: silero_vad.onnx" in verified.output
    assert "kouyu models fetch silero-vad" in verified.output


def test_remove_deletes_a_set() -> None:
    cache.place(catalogue.find("kokoro")).mkdir()
    assert "kokoro removed" in kouyu("models", "remove", "kokoro").output
    assert "kokoro was not here" in kouyu("models", "remove", "kokoro").output
