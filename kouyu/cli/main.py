"""The command `kouyu`: its sub-commands, each imported only when it is used."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from importlib.metadata import version
from typing import Any, Final, NoReturn

import click

from kouyu import extras
from kouyu.server.process.terminal import survive_hangups
from kouyu.text.visible import visible

COMMANDS: Final = {
    "serve": "Run the server.",
    "engines": "Run speech engines alone, for servers elsewhere.",
    "talk": "Talk with a bot from this terminal.",
    "proxy": "Record what an app and a server say to each other.",
    "play": "Serve a recording, to test an app without a server.",
    "cassette": "Make recordings of sessions that were recorded in another way.",
    "models": "List, fetch, verify and remove model weights.",
    "bundle": "Make an archive that installs kouyu without a network.",
    "licences": "Show the licences of weights, packages and libraries.",
    "import-bot": "Take over a bot of the Coze cloud.",
    "token": "Create, change, list and revoke access tokens, and links to the page.",
    "app": "Register, list and delete apps that get access tokens by signing in.",
    "replay": "Run a recorded session again, and compare.",
    "audit": "List who administered what, and when.",
    "user": "Export or delete everything of one user.",
    "backup": "Save a server's whole state in one file, also while it runs.",
    "restore": "Restore a backup.",
    "bench": "Measure a server: latency, capacity, memory.",
    "eval": "Measure how good the models are.",
}
"""Help text by sub-command; `a-name` is the click command `a_name` in `kouyu.cli.a_name`."""


class LazyGroup(click.Group):
    """A group whose help imports no sub-command, so that a slow or broken one does not affect the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        if cmd_name == "serve":  # its import takes a second
            survive_hangups()
        try:
            module = importlib.import_module(f"kouyu.cli.{cmd_name.replace('-', '_')}")
        except ModuleNotFoundError as error:
            raise _lacking(cmd_name, error) from error
        command = getattr(module, cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the sub-command. If a library of an extra is missing, the error says what to install.

        What errors quote cannot control the terminal.
        """
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            error.message = visible(error.message)  # type: ignore[misc]
            raise
        except ModuleNotFoundError as error:
            raise _lacking(ctx.invoked_subcommand or "", error) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _lacking(command: str, error: ModuleNotFoundError) -> Exception:
    """What to show for a module that is not installed: the extra that brings it, or the error itself if none does."""
    how = extras.how_to_install(error.name or "")
    if how is None:
        return error
    if command in ("serve", "engines", "replay"):  # with engines, which "server" alone has none of
        how = f"{extras.pip()} install 'kouyu[embedded]', then the model weights: kouyu models fetch"
    if error.name == "sounddevice":
        how += "; or name an audio file, which needs no microphone"
    return click.ClickException(f"kouyu {command} needs {error.name}, which is not installed: {how}")


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"kouyu {version('kouyu')}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
def main() -> None:
    """kouyu: a self-hosted voice conversation server that speaks Coze's and OpenAI's realtime protocols."""


def run() -> NoReturn:
    """The program `kouyu`: run the command and end the process.

    Where an engine still loads or computes when the command is done, the process ends without the interpreter's exit,
    during which that native code would abort it.
    """
    try:
        main(prog_name="kouyu")
    except SystemExit as end:
        if not _engines_at_work():
            raise
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else end.code is not None)
    sys.exit()


def _engines_at_work() -> bool:
    """Whether the command has left work on an engine's thread. Imports nothing where it had no engines."""
    if "kouyu.engines.scheduler" not in sys.modules:
        return False
    from kouyu.engines.scheduler import threads_at_work

    return threads_at_work()
