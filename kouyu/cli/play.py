"""`kouyu play`: serve a cassette, so that an app can be tested without a server and its models."""

import asyncio
import functools
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from kouyu.cassettes.format import Cassette
from kouyu.cassettes.listening import listening
from kouyu.cassettes.reading import UnreadableCassette, read_cassette
from kouyu.cli.saying import say
from kouyu.cli.stop_signals import stop_signals
from kouyu.cli.tls_options import TlsOptions, served_tls, tls_options
from kouyu.player.http_connection import serve_http
from kouyu.player.local_tls import ServedTls
from kouyu.player.played_cassette import PlayedCassette

DIFFERENT: Final = 3
"""The exit code after a client did something else than the recorded one."""
DEFAULT_PORT: Final = 8787


class _Options(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int
    fast: bool
    once: bool
    print_json: bool
    command: tuple[str, ...]


@click.command()
@click.argument("cassette", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"Port to listen on; 0 takes any free one. [default: {DEFAULT_PORT}; 0 with a command]",
)
@click.option("--fast", is_flag=True, help="Send everything at once that the recorded server sent after a while.")
@click.option(
    "--once", is_flag=True, help="Play each recorded connection once, and end after the last one or a difference."
)
@click.option("--print-json", is_flag=True, help="Print the address as one line of JSON, for scripts.")
@tls_options
def play(
    cassette: Path,
    command: tuple[str, ...],
    host: str,
    port: int | None,
    fast: bool,
    once: bool,
    print_json: bool,
    tls: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """Serve the recorded answers and events of CASSETTE, a folder that `kouyu proxy` wrote.

    A client that does something else than the recorded one gets an `error` event, the first difference is printed on
    stderr, and the exit code is 3. With a COMMAND (kouyu play DIR -- npm test), it is run with KOUYU_URL, KOUYU_WS_URL
    and KOUYU_TOKEN in its environment, and its exit code is kept if it is not 0. Otherwise Ctrl-C or SIGTERM ends the
    player.
    """
    try:
        read = read_cassette(cassette)
    except UnreadableCassette as fault:
        raise click.ClickException(str(fault)) from None
    if not read.connections and not read.exchanges:
        raise click.ClickException(f"{cassette}: nothing was recorded in this cassette")
    options = _Options(
        host=host,
        port=port if port is not None else 0 if command else DEFAULT_PORT,
        fast=fast,
        once=once,
        print_json=print_json,
        command=command,
    )
    sys.exit(asyncio.run(_play(cassette, read, options, served_tls(TlsOptions(tls, tls_cert, tls_key)))))


async def _play(folder: Path, cassette: Cassette, options: _Options, tls: ServedTls | None) -> int:
    played = PlayedCassette(cassette, fast=options.fast, once=options.once)
    serve = functools.partial(serve_http, played)
    try:
        async with listening(serve, options.host, options.port, tls.context if tls else None) as port:
            address = _address(options.host, port, tls)
            _say(folder, cassette, options, address)
            code = await _run(options, address) if options.command else await _until_stopped(played, options.once)
    except OSError as fault:
        raise click.ClickException(f"cannot listen on {options.host}:{options.port}: {fault.strerror}") from None
    if options.once and options.command and not played.differences and (left := played.recordings.unplayed()):
        say(f"no client opened the connections of {', '.join(left)}", err=True)
        return code or DIFFERENT
    return code or (DIFFERENT if played.differences else 0)


def _address(host: str, port: int, tls: ServedTls | None) -> dict[str, str]:
    """The environment of the command."""
    name = f"[{host}]" if ":" in host else host
    secure = "s" if tls else ""
    address = {
        "KOUYU_URL": f"http{secure}://{name}:{port}",
        "KOUYU_WS_URL": f"ws{secure}://{name}:{port}",
        "KOUYU_TOKEN": "cassette",
    }
    if tls is not None and tls.authority is not None:
        address |= {"SSL_CERT_FILE": str(tls.authority), "NODE_EXTRA_CA_CERTS": str(tls.authority)}
    return address


def _say(folder: Path, cassette: Cassette, options: _Options, address: dict[str, str]) -> None:
    counts = f"{len(cassette.connections)} connections, {len(cassette.exchanges)} requests"
    if options.print_json:
        say(json.dumps({"url": address["KOUYU_URL"], "authority": address.get("SSL_CERT_FILE"), "pid": os.getpid()}))
    else:
        say(f"playing {folder} ({counts}) at {address['KOUYU_URL']}", err=bool(options.command))
        if "SSL_CERT_FILE" in address:
            say(f"clients trust it with: export SSL_CERT_FILE={address['SSL_CERT_FILE']}", err=bool(options.command))


async def _run(options: _Options, address: dict[str, str]) -> int:
    """Run the command; returns its exit code. Ctrl-C reaches it too, and it decides when to end."""
    try:
        process = await asyncio.create_subprocess_exec(*options.command, env={**os.environ, **address})
    except OSError as fault:
        raise click.ClickException(f"{options.command[0]}: {fault.strerror}") from None
    async with stop_signals():
        code = await process.wait()
    return code if code >= 0 else 128 - code


async def _until_stopped(played: PlayedCassette, once: bool) -> int:
    async with stop_signals() as stop:
        waiting: list[asyncio.Task[Any]] = [asyncio.create_task(stop.wait())]
        if once:
            waiting.append(asyncio.create_task(played.wait_until_over()))
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    return 0
