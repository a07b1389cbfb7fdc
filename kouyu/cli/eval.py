"""`kouyu eval`: measure how good the models are."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final, get_args

import click
import msgspec
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kouyu.agents.agent import AgentError
from kouyu.agents.embedded.plan import fetched_tiers
from kouyu.agents.embedded.tiers import TIERS, ModelFile, TierName, file_of_user, tier
from kouyu.bench.answers.marking import BadQuestions, Half, Question, questions, questions_of_file
from kouyu.bench.answers.report import print_answers
from kouyu.bench.answers.run import AnswersOptions, AnswersReport, run_answers
from kouyu.bench.question_files import LANGUAGES
from kouyu.bench.spoken_question import Language
from kouyu.cli.eval_hearing import hearing
from kouyu.cli.output_file import OutputFile
from kouyu.cli.safe_console import SafeConsole
from kouyu.weights.errors import WeightsError

_HALVES: Final = get_args(Half)


@click.group()
def eval() -> None:
    """Measure how good the models are: what speech recognition makes of speech, how often the language model answers
    rightly."""


eval.add_command(hearing)


@eval.command()
@click.option(
    "--tier",
    "tiers",
    multiple=True,
    type=click.Choice([each.name for each in TIERS]),
    help="A tier of the embedded language model; may be repeated. [default: all that are fetched]",
)
@click.option(
    "--model",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A GGUF file; may be repeated.",
)
@click.option("--language", "languages", multiple=True, type=click.Choice(LANGUAGES), help="[default: all]")
@click.option(
    "--half",
    "halves",
    multiple=True,
    type=click.Choice(_HALVES),
    help="Prompts are tuned on one half of the questions alone. [default: both]",
)
@click.option(
    "--questions",
    "question_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Ask the questions of this TOML file instead (see evals/answers/); may be repeated.",
)
@click.option("--each", is_flag=True, help="Show every answer.")
@click.option("--json", "json_file", type=OutputFile(), help="Write all answers to this file.")
def answers(
    tiers: tuple[TierName, ...],
    files: tuple[Path, ...],
    languages: tuple[Language, ...],
    halves: tuple[Half, ...],
    question_files: tuple[Path, ...],
    each: bool,
    json_file: Path | None,
) -> None:
    """Ask language models 60 everyday questions in each language, and count the right answers.

    The models are asked as the default bot asks them, each question alone. An answer is right if it has what the
    question's list of right answers demands, in figures or words; no model judges.
    """
    chosen = tiers or (() if files else fetched_tiers())
    try:
        models: list[ModelFile] = [tier(name).model_file() for name in chosen]
        models += [file_of_user(file.absolute()) for file in files]
        if not models:
            raise click.ClickException("no language model is on this machine. Get one with: kouyu models fetch")
        asked = _asked(question_files, languages or LANGUAGES, halves or _HALVES)
        options = AnswersOptions(models=models, questions=asked)
        report = asyncio.run(_with_progress(options))
    except (AgentError, BadQuestions, WeightsError) as error:
        raise click.ClickException(str(error)) from error
    print_answers(report, SafeConsole(), each=each)
    if json_file is not None:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(report)))


def _asked(
    files: Sequence[Path], languages: Sequence[Language], halves: Sequence[Half]
) -> dict[Language, list[Question]]:
    """The questions of the files, or without any the package's own. Raises BadQuestions."""
    of_files = [questions_of_file(file) for file in files] or [{each: list(questions(each)) for each in LANGUAGES}]
    together = {each: [question for found in of_files for question in found.get(each, ())] for each in languages}
    return {each: [question for question in found if question.half in halves] for each, found in together.items()}


async def _with_progress(options: AnswersOptions) -> AnswersReport:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=SafeConsole(stderr=True), transient=True) as progress:
        task = progress.add_task("asking", total=options.count)
        return await run_answers(options, on_answer=lambda: progress.advance(task))
