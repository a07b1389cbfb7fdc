"""`kouyu eval hearing` as it is typed."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kouyu.cli.main import main


def hearing(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["eval", "hearing", *arguments])


@pytest.mark.parametrize(
    "arguments", [(), ("--set", "asterisk-en", "."), ("--set", "asterisk-xx"), (".", "--half", "third"), ("gone",)]
)
def test_it_says_what_it_needs(arguments: tuple[str, ...]) -> None:
    result = hearing(*arguments)
    assert result.exit_code == 2
    assert "Error" in result.output


def test_a_folder_without_recordings_is_reported_plainly(tmp_path: Path) -> None:
    result = hearing(str(tmp_path))
    assert result.exit_code == 1
    assert "holds no recordings" in result.output


@pytest.mark.models
def test_recordings_are_recognised_and_their_wrong_words_counted(tmp_path: Path, questions: Path) -> None:
    for name, text in (
        ("en-capital", "What is the capital of France?"),
        ("en-story", "tell me a long story about a dog"),
    ):
        shutil.copy(questions / f"{name}.wav", tmp_path)
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    report = tmp_path / "report.json"
    result = hearing(str(tmp_path), "--json", str(report))
    assert result.exit_code == 0, result.output
    assert "en-story: 1 wrong" in result.output
    figures = json.loads(report.read_text(encoding="utf-8"))
    capital, story = figures["recordings"]
    assert (capital["heard"], capital["unformatted"]) == (
        "What is the capital of France?",
        {"wrong": 0, "said": 6},
    )
    assert (story["language"], story["unformatted"]) == ("en", {"wrong": 1, "said": 8})
    assert story["formatted"] == {"wrong": 3, "said": 8}
    assert figures["unformatted"] == {"wrong": 1, "said": 14}
    assert figures["seconds"] == pytest.approx(2.13 + 2.58, abs=0.05)
    assert figures["processor_s"] > 0
    assert (figures["error_unit"], figures["language_told"]) == ("word", False)
