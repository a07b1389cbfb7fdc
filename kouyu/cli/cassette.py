"""`kouyu cassette`: what concerns cassettes beside recording (`kouyu proxy`) and playing (`kouyu play`)."""

from pathlib import Path

import click

from kouyu.cassettes.format import Header
from kouyu.cassettes.importing import NotASession, import_session
from kouyu.cassettes.secrets import Secrets
from kouyu.cassettes.writing import CassetteWriter, NotEmpty
from kouyu.cli.saying import say


@click.group()
def cassette() -> None:
    """Make cassettes of sessions that were recorded in another way."""


@cassette.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path), help="The folder of the new cassette.")
@click.option("--without-voice", is_flag=True, help="Keep of the client's audio its amount alone.")
def import_(files: tuple[Path, ...], folder: Path, without_voice: bool) -> None:
    """Make a cassette of recorded sessions, one connection of each of FILES.

    Read are text files with `send` or `receive` before each event (coze-go's test data), and JSON lines with
    `direction` and `event`.
    """
    try:
        writer = CassetteWriter(folder, Header(upstream="imported"), Secrets(), keep_voice=not without_voice)
        for file in files:
            import_session(file, writer)
    except (NotASession, NotEmpty) as fault:
        raise click.ClickException(str(fault)) from None
    except OSError as fault:
        raise click.ClickException(f"{fault.filename}: {fault.strerror}") from None
    say(f"{folder}: {len(files)} connections; play them with: kouyu play {folder}")
