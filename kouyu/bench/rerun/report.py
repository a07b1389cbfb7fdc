"""Prints what changed in a session, and a table of many."""

from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from kouyu.bench.rerun.results import Results, SpokenTurn
from kouyu.bench.statistics import summarise

_SAME_MS = 2_000.0
"""Turns of two runs are the same utterance if their speech ends this near to each other."""


def print_changes(name: str, recorded: Results, today: Mapping[str, Results], console: Console) -> None:
    """Print, turn by turn, what was heard, when the turn ended and how long the answer took, then and today."""
    table = Table(title=name, title_justify="left")
    for column in ("", "turn", "heard", "ended after", "answered after"):
        table.add_column(column)
    for turn in recorded.turns:
        _add(table, "recorded", turn)
        for label, results in today.items():
            _add(table, label, _same(turn, results.turns))
        table.add_section()
    for label, results in today.items():
        for turn in results.turns:
            if _same(turn, recorded.turns) is None:
                _add(table, f"{label}, new", turn)
    console.print(table)


def print_summary(recorded: Results, today: Mapping[str, Results], console: Console) -> None:
    """Print the counts of all sessions, the record and each choice of settings side by side."""
    table = Table()
    columns = {"recorded": recorded, **today}
    table.add_column("")
    for label in columns:
        table.add_column(label, justify="right")
    rows: dict[str, Callable[[Results], str]] = {
        "turns": lambda results: str(len(results.turns)),
        "wrong words (WER), or characters (CER)": lambda results: f"{results.errors.rate:.1%}",
        "cut off in mid-sentence": lambda results: str(results.cut_offs),
        "false interruptions": lambda results: str(results.false_interruptions),
        "turn ended after, median": lambda results: _median(results.waits_ms),
        "answered after, median": lambda results: _median(results.answers_ms),
        "answered after, 90th percentile": lambda results: _p90(results.answers_ms),
    }
    for name, cell in rows.items():
        table.add_row(name, *(cell(results) for results in columns.values()))
    console.print(table)


def _same(turn: SpokenTurn, others: Sequence[SpokenTurn]) -> SpokenTurn | None:
    near = [other for other in others if abs(other.speech_end_ms - turn.speech_end_ms) <= _SAME_MS]
    return min(near, key=lambda other: abs(other.speech_end_ms - turn.speech_end_ms), default=None)


def _add(table: Table, label: str, turn: SpokenTurn | None) -> None:
    if turn is None:
        table.add_row(label, "–", "(no turn)")
        return
    wait = f"{turn.ended_at_ms - turn.speech_end_ms:.0f} ms"
    answered = "–" if turn.answered_after_ms is None else f"{turn.answered_after_ms:.0f} ms"
    table.add_row(label, str(turn.number), turn.text or "(nothing)", wait, answered)


def _median(values: list[float]) -> str:
    found = summarise(values)
    return "–" if found is None else f"{found.median:.0f} ms"


def _p90(values: list[float]) -> str:
    found = summarise(values)
    return "–" if found is None else f"{found.p90:.0f} ms"
