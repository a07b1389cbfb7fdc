"""`kouyu proxy`: record what an app and a server say to each other."""

import asyncio
import functools
import json
import logging
import os
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import msgspec

from kouyu.cassettes.format import Header
from kouyu.cassettes.listening import listening
from kouyu.cassettes.secrets import Secrets
from kouyu.cassettes.writing import CassetteWriter, NotEmpty
from kouyu.cli.saying import say
from kouyu.cli.stop_signals import stop_signals
from kouyu.cli.tls_options import TlsOptions, served_tls, tls_options
from kouyu.player.local_tls import ServedTls
from kouyu.proxy.relay import Recording, relay
from kouyu.proxy.upstream import BadUpstream, Upstreams, read_upstream, rest_of

DEFAULT_PORT: Final = 8786


class _Options(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int
    print_json: bool


@click.command()
@click.option("--upstream", required=True, help="The server: wss://ws.coze.com, or http://127.0.0.1:8080 for kouyu.")
@click.option(
    "--upstream-rest", help="Where it answers requests. [default: the same; https://api.coze.com for ws.coze.com]"
)
@click.option(
    "--cassette", "folder", required=True, type=click.Path(path_type=Path), help="The new folder for the recording."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="Port; 0 takes any free one."
)
@click.option("--without-voice", is_flag=True, help="Keep of the user's audio its amount alone.")
@click.option(
    "--upstream-ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A PEM file of one more certificate authority to trust, such as that of a kouyu.",
)
@click.option("--print-json", is_flag=True, help="Print the address as one line of JSON, for scripts.")
@tls_options
def proxy(
    upstream: str,
    upstream_rest: str | None,
    folder: Path,
    host: str,
    port: int,
    without_voice: bool,
    upstream_ca: Path | None,
    print_json: bool,
    tls: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """Relay an app's connections to a server of this protocol, and record them in a cassette for `kouyu play`.

    The app keeps its token and is given the proxy's address in place of the server's. Tokens, cookies and what OAuth
    endpoints are asked and answer are not written. Ctrl-C or SIGTERM ends the recording.
    """
    try:
        rest = read_upstream(upstream_rest or rest_of(upstream))
        upstreams = Upstreams(read_upstream(upstream), rest, _trust(upstream_ca))
    except BadUpstream as fault:
        raise click.BadParameter(str(fault), param_hint="--upstream") from None
    served = served_tls(TlsOptions(tls, tls_cert, tls_key))
    secrets = Secrets()
    recorded_at = datetime.now(UTC).isoformat(timespec="seconds")
    header = Header(recorded_at=recorded_at, upstream=upstreams.sockets.host_header + upstreams.sockets.prefix)
    try:
        writer = CassetteWriter(folder, header, secrets, keep_voice=not without_voice)
    except NotEmpty as fault:
        raise click.ClickException(str(fault)) from None
    except OSError as fault:
        raise click.ClickException(f"{folder}: cannot be written: {fault.strerror}") from None
    logging.basicConfig(format="%(message)s")
    options = _Options(host=host, port=port, print_json=print_json)
    asyncio.run(_proxy(upstreams, writer, secrets, options, served))
    say(f"recorded in {folder}: {writer.connections} connections, {writer.requests} requests", err=True)


def _trust(authority: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if authority is not None:
        try:
            context.load_verify_locations(authority)
        except (ssl.SSLError, OSError) as fault:
            raise click.ClickException(f"{authority}: no certificate authority: {fault}") from None
    return context


async def _proxy(
    upstreams: Upstreams, writer: CassetteWriter, secrets: Secrets, options: _Options, tls: ServedTls | None
) -> None:
    recording = Recording(upstreams, writer, secrets, asyncio.get_running_loop().time)
    serve = functools.partial(relay, recording)
    try:
        async with listening(serve, options.host, options.port, tls.context if tls else None) as port:
            _say(upstreams, writer, options, port, tls)
            async with stop_signals() as stop:
                await stop.wait()
    except OSError as fault:
        raise click.ClickException(f"cannot listen on {options.host}:{options.port}: {fault.strerror}") from None
    finally:
        writer.close()


def _say(upstreams: Upstreams, writer: CassetteWriter, options: _Options, port: int, tls: ServedTls | None) -> None:
    name = f"[{options.host}]" if ":" in options.host else options.host
    url = f"http{'s' if tls else ''}://{name}:{port}"
    authority = str(tls.authority) if tls and tls.authority else None
    if options.print_json:
        click.echo(json.dumps({"url": url, "authority": authority, "pid": os.getpid()}))
        return
    say(f"recording {upstreams.sockets.host_header} in {writer.folder}; give the app {url}")
    if authority:
        say(f"clients trust it with: export SSL_CERT_FILE={authority} NODE_EXTRA_CA_CERTS={authority}")
