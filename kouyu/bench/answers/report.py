"""The report of ``kouyu eval answers`` as tables: the models side by side."""

from collections.abc import Sequence
from itertools import product
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kouyu.bench.answers.run import Answer, AnswersReport

_SIGNS: Final = {"right": "✓", "wrong": "✗", "other language": "✗ (other language)"}


def print_answers(report: AnswersReport, console: Console, *, each: bool) -> None:
    """Print the counts of right answers, and with ``each`` every answer."""
    machine = report.machine
    about = f"{machine.cores} cores of {machine.cpu}, {machine.memory_gib} GiB, load {machine.load[0]:.1f} at the start"
    console.print(Text(about, style="dim"))
    if each:
        console.print(_every_answer(report))
    console.print(_counts(report))


def _counts(report: AnswersReport) -> Table:
    table = Table("right answers", *(model.model for model in report.models))
    first = report.models[0].answers
    languages = list(dict.fromkeys(answer.language for answer in first))
    halves = list(dict.fromkeys(answer.half for answer in first))
    for language, half in product(languages, [*halves, "all"] if len(halves) > 1 else halves):
        cells = []
        for model in report.models:
            of_these = [each for each in model.answers if each.language == language and half in (each.half, "all")]
            cells.append(f"{sum(each.mark == 'right' for each in of_these)} of {len(of_these)}")
        table.add_row(f"{language}, {half}", *cells)
    return table


def _every_answer(report: AnswersReport) -> Table:
    table = Table("question", *(model.model for model in report.models), show_lines=True)
    rows: Sequence[Sequence[Answer]] = list(zip(*(model.answers for model in report.models), strict=True))
    for answers in rows:
        table.add_row(answers[0].question, *(f"{_SIGNS[each.mark]} {each.answer}" for each in answers))
    return table
