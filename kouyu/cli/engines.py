"""``kouyu engines``: run speech engines for servers elsewhere."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, Final, get_args

import click
import msgspec
import uvloop

from kouyu.cli.saying import say
from kouyu.cli.stop_signals import stop_signals
from kouyu.engine_server.listeners import CannotListen
from kouyu.engine_server.process import Ready, serve_engines
from kouyu.engines.errors import EngineError
from kouyu.server.process.log_lines import ServerLog
from kouyu.settings import Settings, SettingsError, load
from kouyu.settings.all_settings import anchored
from kouyu.settings.engine_server import ServedKind
from kouyu.settings.first_file import FILE_NAME
from kouyu.weights.errors import WeightsError

LOG_LEVELS: Final = ("debug", "info", "warning", "error")
SAID_PLAINLY: Final = (EngineError, CannotListen, SettingsError, WeightsError)
"""Errors that the user can fix: shown without a traceback."""


@click.command()
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"Settings file, with [engines] and [engine_server]. [default: {FILE_NAME} in the current folder, if any]",
)
@click.option(
    "--host", help="Address to listen on; another than this machine's own needs a token. [default: 127.0.0.1]"
)
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes any free one. [default: 8090]")
@click.option("--unix", type=click.Path(path_type=Path), help="Listen on a socket at this path instead.")
@click.option(
    "--serves",
    type=click.Choice(get_args(ServedKind)),
    multiple=True,
    help="A kind of engine to serve; may be repeated. [default: all that [engines] chooses]",
)
@click.option("--workers", type=click.IntRange(1, 256), help="Threads for the models. [default: 2]")
@click.option("--token-env", metavar="NAME", help="The environment variable with the token that servers have to know.")
@click.option("--print-json", is_flag=True, help="Print one line of JSON when ready, for scripts.")
@click.option("--log-level", type=click.Choice(LOG_LEVELS), help="Level of the log on standard error. [default: info]")
def engines(
    config: Path | None,
    host: str | None,
    port: int | None,
    unix: Path | None,
    serves: tuple[str, ...],
    workers: int | None,
    token_env: str | None,
    print_json: bool,
    log_level: str | None,
) -> None:
    """Run speech engines without a server, until Ctrl-C.

    Serves recognition, speech, end-of-turn detection, voiceprints and emotions over HTTP to any number of `kouyu serve`
    whose settings name this address:

    \b
        [engines]
        asr = "remote"
        tts = ["remote"]
        [engines.remote]
        urls = ["http://127.0.0.1:8090"]

    After SIGTERM or Ctrl-C nothing new begins, and work in progress has a few seconds to end. Monitors ask GET
    /health, /ready and /metrics.
    """
    server_log = ServerLog()
    given: dict[tuple[str, ...], tuple[str, Any]] = {
        ("engine_server", "host"): ("--host", host),
        ("engine_server", "port"): ("--port", port),
        ("engine_server", "unix"): ("--unix", str(unix.absolute()) if unix else None),
        ("engine_server", "serves"): ("--serves", list(serves) or None),
        ("engine_server", "token_env"): ("--token-env", token_env),
        ("engines", "workers"): ("--workers", workers),
        ("log", "level"): ("--log-level", log_level),
    }
    options = {key: (option, value) for key, (option, value) in given.items() if value is not None}
    try:
        settings = _read(config, options)
        server_log.follow(settings.log)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, print_json))
    except SAID_PLAINLY as error:
        server_log.close()
        raise click.ClickException(str(error)) from error


def _read(config: Path | None, options: dict[tuple[str, ...], tuple[str, Any]]) -> Settings:
    path = config or Path.cwd() / FILE_NAME
    readable = path if path.is_file() else None
    return anchored(load(readable, environment=os.environ, options=options), path.absolute().parent)


async def _serve(settings: Settings, print_json: bool) -> None:
    async with stop_signals() as stop:
        await serve_engines(settings, stop, _print_json if print_json else _print_ready)


def _print_json(ready: Ready) -> None:
    sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
    sys.stdout.flush()


def _print_ready(ready: Ready) -> None:
    say(f"engines are ready: {', '.join(ready.kinds)}, on {ready.workers} threads")
    everywhere = ready.url.startswith(("http://0.0.0.0:", "http://[::]:"))
    note = "all addresses of this machine; engines.remote.urls of servers has one of them"
    say(f"  address  {ready.url}   ({note if everywhere else 'engines.remote.urls of servers'})")
    say("\nCtrl-C stops them.")
