"""``kouyu replay --with-engines``: the recorded audio through today's engines."""

import os
from functools import reduce
from pathlib import Path

import click

from kouyu.bench.rerun.report import print_changes, print_summary
from kouyu.bench.rerun.results import Results
from kouyu.bench.rerun.run import records_at, rerun_all
from kouyu.cli.safe_console import SafeConsole
from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.recording.frames import RecordError
from kouyu.settings import SettingsError, load
from kouyu.weights.errors import WeightsError


def replay_with_engines(source: Path, configs: tuple[Path, ...]) -> None:
    """Run the record, or all records of a folder, with the engines of each settings file (none: those of the settings
    that a server would read here), and print what changed. Raises ClickException."""
    try:
        settings = {config.stem: load(config, environment=os.environ) for config in configs}
        found = rerun_all(records_at(source), settings or {"today": load(None, environment=os.environ)})
    except (EngineError, EngineUnavailable, RecordError, SettingsError, WeightsError) as fault:
        raise click.ClickException(str(fault)) from None
    console = SafeConsole()
    for each in found:
        print_changes(each.path.name, each.recorded, each.today, console)
    labels = found[0].today
    print_summary(
        reduce(Results.plus, (each.recorded for each in found)),
        {label: reduce(Results.plus, (each.today[label] for each in found)) for label in labels},
        console,
    )
