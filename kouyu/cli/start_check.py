"""``kouyu serve --check``: shows what a start would find."""

import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from rich.text import Text

from kouyu.cli.safe_console import SafeConsole
from kouyu.settings import Settings
from kouyu.start_check.checking import check_start
from kouyu.start_check.finding import Finding, Verdict, good

_STYLES: Final[dict[Verdict, str]] = {"good": "green", "warning": "yellow", "error": "bold red"}


def show_check(settings: Settings, where: str, folder: Path, database: str | Path, *, as_json: bool) -> int:
    """Check, print one line for each finding (or one of JSON for all), and return the exit code: 1 if there is an
    error. ``where`` says where the settings are from."""
    before = logging.root.manager.disable
    logging.disable()  # what the checked parts log is among the findings
    try:
        findings = (good("settings", where), *asyncio.run(check_start(settings, folder, database)))
    finally:
        logging.disable(before)
    if as_json:
        sys.stdout.write(msgspec.json.encode(findings).decode() + "\n")
    else:
        _print(findings)
    return 1 if any(finding.verdict == "error" for finding in findings) else 0


def _print(findings: Sequence[Finding]) -> None:
    # Lines are not wrapped, so that commands in them can be copied.
    console = SafeConsole(soft_wrap=True, highlight=False)
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        mark = "ok" if finding.verdict == "good" else finding.verdict
        console.print(
            Text.assemble(
                (f"{mark:8}", _STYLES[finding.verdict]), f"{finding.subject:{width}}  ", finding.text.replace("\n", " ")
            )
        )
    errors = sum(1 for finding in findings if finding.verdict == "error")
    if errors:
        console.print(Text(f"\n{errors} to mend before kouyu serve can work as these settings say", style="bold red"))
    elif any(finding.verdict == "warning" for finding in findings):
        console.print(Text("\nkouyu serve can start; read the warnings above first", style="bold yellow"))
    else:
        console.print(Text("\nkouyu serve can start", style="bold green"))
