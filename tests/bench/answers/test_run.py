"""Asking a real model, and the report."""

import io
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from rich.console import Console

from kouyu.agents.embedded.tiers import TINY
from kouyu.bench.answers import marking, run
from kouyu.bench.answers.marking import Question
from kouyu.bench.answers.report import print_answers
from kouyu.bench.answers.run import AnswersOptions, AnswersReport, run_answers
from kouyu.bench.spoken_question import Language
from kouyu.cli.main import main

ASKED = (
    Question(ask="What is the capital of France?", half="tuning", accept=("Paris",)),
    Question(ask="What is the capital of France?", half="held-out", accept=("London",)),
)


@pytest.fixture
def two_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(language: Language) -> tuple[Question, ...]:
        return ASKED if language == "en" else ()

    monkeypatch.setattr(run, "questions", asked)


@pytest.mark.models
@pytest.mark.usefixtures("two_questions")
async def test_a_model_is_asked_every_question_and_its_answers_are_marked() -> None:
    done: list[None] = []
    options = AnswersOptions(models=[TINY.model_file()], languages=["en"], halves=["tuning", "held-out"])
    report = await run_answers(options, on_answer=lambda: done.append(None))
    (model,) = report.models
    assert model.model == "tiny (SmolLM2-135M-Instruct)"
    assert [answer.mark for answer in model.answers] == ["right", "wrong"]
    assert len(done) == options.count == 2
    shown = io.StringIO()
    print_answers(report, Console(file=shown, width=120), each=True)
    assert "en, all" in shown.getvalue()
    assert "1 of 2" in shown.getvalue()


@pytest.mark.models
@pytest.mark.usefixtures("two_questions")
def test_the_command_writes_every_answer_as_json(tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    options = ["--tier", "tiny", "--language", "en", "--half", "tuning", "--json", str(file)]
    done = CliRunner().invoke(main, ["eval", "answers", *options])
    assert done.exit_code == 0, done.output
    assert "en, tuning" in done.output
    report = msgspec.json.decode(file.read_bytes(), type=AnswersReport)
    assert [answer.question for answer in report.models[0].answers] == ["What is the capital of France?"]


def test_without_any_model_the_command_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOUYU_WEIGHTS", str(tmp_path))
    refused = CliRunner().invoke(main, ["eval", "answers"])
    assert refused.exit_code == 1
    assert "kouyu models fetch" in refused.output
    assert len(marking.questions("en")) == 60
