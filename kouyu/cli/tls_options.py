"""The options for TLS of the commands that listen for an app's connections: `kouyu play` and `kouyu proxy`."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from kouyu import extras
from kouyu.player.local_tls import ServedTls, local_tls, tls_context
from kouyu.store.location import data_dir

F = TypeVar("F", bound=Callable[..., Any])
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class TlsOptions(msgspec.Struct, frozen=True):
    """What was asked for: a certificate of one's own, the local one of this machine, or neither."""

    local: bool = False
    certificate: Path | None = None
    key: Path | None = None


def tls_options(command: F) -> F:
    """Add the options ``tls``, ``tls_cert`` and ``tls_key``."""
    for option in (
        click.option("--tls-key", type=_FILE, help="The key of --tls-cert (PEM)."),
        click.option("--tls-cert", type=_FILE, help="Serve TLS with this certificate (PEM)."),
        click.option(
            "--tls",
            is_flag=True,
            help="Serve TLS with kouyu's local certificate, which cozepy needs; its authority is printed.",
        ),
    ):
        command = option(command)
    return command


def served_tls(options: TlsOptions) -> ServedTls | None:
    """Load what the options ask for; None: no TLS. Raises ClickException."""
    if (options.certificate is None) != (options.key is None):
        raise click.UsageError("--tls-cert and --tls-key belong together: give both")
    try:
        if options.certificate is not None and options.key is not None:
            return ServedTls(tls_context(options.certificate, options.key))
        return _local() if options.local else None
    except (ssl.SSLError, OSError) as fault:
        raise click.ClickException(f"{options.certificate} and {options.key}: cannot be used: {fault}") from None


def _local() -> ServedTls:
    try:
        from kouyu.server.process.certificates import CertificateError
    except ModuleNotFoundError as lacking:
        raise click.ClickException(
            f"--tls needs {lacking.name}: {extras.pip()} install 'kouyu[testing]', or give --tls-cert and --tls-key"
        ) from None
    try:
        return local_tls(data_dir(None) / "tls")
    except CertificateError as fault:
        raise click.ClickException(str(fault)) from None
