"""Measures text normalisation: the share of correct readings on rows that no rule was made for, and CPU time.

    python -m evals.spoken_forms            # the second tables: written after the rules, which were then left alone
    python -m evals.spoken_forms --misses   # and what was said instead

Needs no models. The tables that the rules are made for are a test (tests/text/test_spoken_tables.py).
"""

import argparse
import time
from pathlib import Path
from typing import Final

from kouyu.text.spoken_form import spoken_form
from tests.text.spoken_table import FOLDER, Row, rows, said_alike

TABLES: Final = Path(__file__).parent / "spoken_forms"
LANGUAGES: Final = ("en", "zh")
TRIES: Final = 5


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--misses", action="store_true", help="show what is said wrong")
    arguments = parser.parse_args()
    for language in LANGUAGES:
        table = rows(TABLES / f"{language}.tsv")
        misses = [row for row in table if not _is_right(row, language)]
        print(f"{language}: {len(table) - len(misses)} of {len(table)} right")
        for row in misses if arguments.misses else ():
            print(f"    {row.written} is said: {spoken_form(row.written, language)}; right: {row.spoken[0]}")
        known = rows(FOLDER / f"{language}.tsv")
        print(f"    processor time: {min(_seconds(known, language) for _ in range(TRIES)) * 1e3:.2f} ms a sentence")


def _is_right(row: Row, language: str) -> bool:
    said = spoken_form(row.written, language)
    return any(said_alike(said, reading) for reading in row.spoken)


def _seconds(table: list[Row], language: str) -> float:
    begin = time.process_time()
    for row in table:
        spoken_form(row.written, language)
    return (time.process_time() - begin) / len(table)


if __name__ == "__main__":
    main()
