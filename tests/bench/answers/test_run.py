"""Asking a real model, and the report."""

import io
import re
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from rich.console import Console

from kouyu.agents.embedded.tiers import TINY
from kouyu.bench.answers import marking
from kouyu.bench.answers.marking import BadQuestions, Question, questions_of_file
from kouyu.bench.answers.report import print_answers
from kouyu.bench.answers.run import AnswersOptions, AnswersReport, run_answers
from kouyu.bench.question_files import LANGUAGES
from kouyu.bench.spoken_question import Language
from kouyu.cli.main import main

ROOT = Path(__file__).parents[3]
ASKED = (
    Question(ask="What is the capital of France?", half="tuning", accept=("Paris",)),
    Question(ask="What is the capital of France?", half="held-out", accept=("London",)),
)


@pytest.mark.models
async def test_a_model_is_asked_every_question_and_its_answers_are_marked() -> None:
    done: list[None] = []
    options = AnswersOptions(models=[TINY.model_file()], questions={"en": ASKED, "zh": ()})
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
def test_the_command_writes_every_answer_as_json(tmp_path: Path) -> None:
    asked, file = tmp_path / "questions.toml", tmp_path / "answers.json"
    asked.write_text(
        """
        questions = [
            {ask = "What is the capital of France?", accept = ["Paris"]},
            {ask = "What is the capital of Italy?", half = "held-out", accept = ["Rome"]},
            {ask = "法国的首都是哪里？", accept = ["巴黎"]},
        ]
        """
    )
    options = ["--tier", "tiny", "--language", "en", "--half", "tuning", "--questions", str(asked), "--json", str(file)]
    done = CliRunner().invoke(main, ["eval", "answers", *options])
    assert done.exit_code == 0, done.output
    assert "en, tuning" in done.output
    report = msgspec.json.decode(file.read_bytes(), type=AnswersReport)
    assert [answer.question for answer in report.models[0].answers] == ["What is the capital of France?"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('questions = [{ask = "How are you?"}]', "accept"),
        ('questions = [{ask = "How are you?", accept = ["("]}]', "unterminated"),
        ('questions = [{ask = "1 + 1?", accept = ["2"]}]', "1 + 1?"),
        ("questions =", "questions.toml"),
    ],
)
def test_a_file_of_questions_with_a_fault_is_refused(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "questions.toml"
    file.write_text(content)
    with pytest.raises(BadQuestions, match=re.escape(said)):
        questions_of_file(file)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_questions_for_trying_prompts_are_not_those_of_the_evaluation(language: Language) -> None:
    (found,) = questions_of_file(ROOT / f"evals/answers/{language}.toml").items()
    assert found[0] == language
    assert not {each.ask for each in found[1]} & {each.ask for each in marking.questions(language)}


def test_without_any_model_the_command_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOUYU_WEIGHTS", str(tmp_path))
    refused = CliRunner().invoke(main, ["eval", "answers"])
    assert refused.exit_code == 1
    assert "kouyu models fetch" in refused.output
    assert len(marking.questions("en")) == 60
