"""``kouyu serve``: run the server."""

import asyncio
import functools
import logging
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import IO, Any, Final

import click
import msgspec
from rich.text import Text

from kouyu.agents.agent import AgentError
from kouyu.assembly.lifespan import open_sessions
from kouyu.cli.safe_console import SafeConsole
from kouyu.cli.start_check import show_check
from kouyu.cli.tier_option import tier_option
from kouyu.engines.errors import EngineError
from kouyu.server.process.certificates import CertificateError
from kouyu.server.process.data_folder import DataFolderError, open_data_folder
from kouyu.server.process.log_lines import ServerLog
from kouyu.server.process.opening import Ready
from kouyu.server.process.reloading import Rereading
from kouyu.server.process.server_life import serve as serve_until_signal
from kouyu.server.process.tcp_listeners import ListenError
from kouyu.server.process.workers.parent import serve_in_workers
from kouyu.server.process.workers.restarts import WorkerFailed
from kouyu.settings import Settings, SettingsError, load
from kouyu.settings.all_settings import anchored
from kouyu.settings.first_file import FILE_NAME, write_first
from kouyu.store import location
from kouyu.store.errors import StoreError
from kouyu.weights.errors import WeightsError

log = logging.getLogger(__name__)

_TOKEN_ELSEWHERE: Final = "that of the first server on the database"
LOG_LEVELS: Final = ("debug", "info", "warning", "error")
SAID_PLAINLY: Final = (
    AgentError,
    CertificateError,
    DataFolderError,
    EngineError,
    ListenError,
    SettingsError,
    StoreError,
    WeightsError,
    WorkerFailed,
)
"""Errors that the user can fix: shown without a traceback."""

Options = dict[tuple[str, ...], tuple[str, Any]]


@click.command()
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"Settings file. [default: {FILE_NAME} in the current folder, written on the first start]",
)
@click.option("--host", help="Address to listen on. [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port for plain HTTP; 0 takes any free one. [default: 8080]")
@click.option("--https-port", type=int, help="Port for TLS; 0 takes any free one. [default: 8443]")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Folder for database, certificates, token. [default: ${location.DATA_DIR_VARIABLE}, or your own data folder]",
)
@click.option(
    "--tls-self-signed",
    is_flag=True,
    help="Serve the local network: listen on all addresses, with a certificate of its own for them.",
)
@click.option("--workers", type=int, help="Processes that serve clients, one for each core to use. [default: 1]")
@tier_option
@click.option("--print-json", is_flag=True, help="Print one line of JSON when ready, for scripts.")
@click.option(
    "--check",
    is_flag=True,
    help="Start nothing and write nothing: check settings, weights, ports, certificate, endpoints and tool servers,"
    " and say what would be loaded. Ends with 1 if something has to be mended.",
)
@click.option(
    "--log-level",
    type=click.Choice(LOG_LEVELS),
    help="Level of the log on standard error. It never holds users' speech or messages. [default: info]",
)
def serve(
    config: Path | None,
    host: str | None,
    port: int | None,
    https_port: int | None,
    data_dir: Path | None,
    tls_self_signed: bool,
    workers: int | None,
    tier: str | None,
    print_json: bool,
    check: bool,
    log_level: str | None,
) -> None:
    """Run the server until Ctrl-C."""
    server_log = ServerLog()
    given: Options = {
        ("server", "host"): ("--host", host),
        ("server", "port"): ("--port", port),
        ("server", "https_port"): ("--https-port", https_port),
        ("data", "dir"): ("--data-dir", str(data_dir.absolute()) if data_dir else None),
        ("log", "level"): ("--log-level", log_level),
        ("server", "lan"): ("--tls-self-signed", tls_self_signed or None),
        ("server", "workers"): ("--workers", workers),
        ("engines", "embedded", "tier"): ("--tier", tier),
    }
    options = {key: (option, value) for key, (option, value) in given.items() if value is not None}
    try:
        if check:
            server_log.close()
            sys.exit(_check(config, options, print_json))
        path, is_needed = _settings_file(config)
        _run(functools.partial(_read, path, is_needed, options), server_log, print_json)
    except SAID_PLAINLY as error:
        server_log.close()
        raise _Failure(str(error), server_log) from error


class _Failure(click.ClickException):
    """Ends the command. Shown as the log is written."""

    def __init__(self, message: str, server_log: ServerLog) -> None:
        super().__init__(message)
        self._server_log = server_log

    def show(self, file: IO[Any] | None = None) -> None:
        if self._server_log.is_json:
            log.critical("%s", self.message)
        else:
            super().show(file)


def _settings_file(config: Path | None) -> tuple[Path, bool]:
    """The settings file, and whether it must be there. Writes it on the first start."""
    if config is not None:
        return config, True
    path = Path.cwd() / FILE_NAME
    try:
        if write_first(path):
            log.info("wrote the settings file %s", path)
    except OSError as error:
        log.warning("%s cannot be written (%s); using the defaults", path, error.strerror)
        return path, False
    return path, True


def _check(config: Path | None, options: Options, print_json: bool) -> int:
    """Check what a start with these settings needs, and show it. Returns the exit code."""
    path = config or Path.cwd() / FILE_NAME
    settings = _read(path, config is not None, options)
    where = str(path) if path.is_file() else f"{path} (the first start writes it, with every default)"
    folder = location.data_dir(settings.data.dir or None)
    return show_check(
        settings, where, folder, location.database(settings.data.dir or None, settings.store.url), as_json=print_json
    )


def _read(path: Path, is_needed: bool, options: Options) -> Settings:
    """Read the settings. A file that was there at the start and is missing now is an error, and not all defaults."""
    readable = path if is_needed or os.path.isfile(path) else None
    return anchored(load(readable, environment=os.environ, options=options), path.absolute().parent)


def _run(read_settings: Callable[[], Settings], server_log: ServerLog, print_json: bool) -> None:
    settings = read_settings()
    server_log.follow(settings.log)
    folder = location.data_dir(settings.data.dir or None)
    database = location.database(settings.data.dir or None, settings.store.url)
    with open_data_folder(folder) as data_folder:
        data_folder.note_database(database)
        announce = _print_json if print_json else functools.partial(_print_ready, folder=folder)
        rereading = Rereading(read_settings, lambda changed: server_log.follow(changed.log))
        if settings.server.workers > 1:
            work = serve_in_workers(
                settings,
                data_folder,
                database,
                open_sessions=open_sessions,
                announce=announce,
                rereading=rereading,
                shares_engines=True,
            )
        else:
            opening = functools.partial(open_sessions, settings)
            work = serve_until_signal(
                settings, data_folder, database, open_sessions=opening, announce=announce, rereading=rereading
            )
        with asyncio.Runner(loop_factory=_event_loop()) as runner:
            runner.run(work)


def _event_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    import uvloop

    return uvloop.new_event_loop


def _print_json(ready: Ready) -> None:
    sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
    sys.stdout.flush()


def _print_ready(ready: Ready, folder: Path) -> None:
    # Lines are not wrapped, so that they can be copied.
    console = SafeConsole(soft_wrap=True, highlight=False)
    console.print(Text("kouyu is ready", style="bold green"))
    console.print(Text.assemble(("  page   ", "dim"), (ready.login, "bold"), ("  (the login is good once)", "dim")))
    facts = {
        "HTTP": ready.http,
        "HTTPS": ready.https,
        "token": ready.token or _TOKEN_ELSEWHERE,
        "bots": ", ".join(ready.bots),
    }
    for name, value in facts.items():
        console.print(Text.assemble((f"  {name:5}  ", "dim"), (value, "bold")))
    if ready.lan_links:
        console.print("\nThe page for other machines here (their browsers will warn of the certificate; good once):")
        for link in ready.lan_links:
            console.print(Text(f"  {link}", style="bold"))
    if ready.trust_line:
        console.print("\nFor the HTTPS address, so that Python and Node trust it:")
        console.print(Text(f"  {ready.trust_line}"))
    console.print("\nTo try it, in another terminal:")
    console.print(Text(f"  {_talk_command(folder)}"))
    console.print(Text("\nCtrl-C stops the server.", style="dim"))


def _talk_command(folder: Path) -> str:
    """The command that talks with this server from any folder, in a terminal without this one's variables."""
    words = [_command(), "talk", _from_here(Path(str(files("kouyu.bench.questions") / "en-capital.wav")))]
    if folder != location.own_data_dir():
        words += ["--data-dir", str(folder)]
    return shlex.join(words)


def _command() -> str:
    """The command that runs this program: its name if it is on PATH, else its path."""
    program = Path(sys.executable).with_name("kouyu")
    found = shutil.which("kouyu")
    return "kouyu" if found and Path(found).samefile(program) else _from_here(program)


def _from_here(path: Path) -> str:
    """The path relative to the current folder, if shorter to type."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
