"""The options for TLS of the commands that listen for an app's connections: `kouyu play` and `kouyu proxy`."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

F = TypeVar("F", bound=Callable[..., Any])
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class TlsOptions(msgspec.Struct, frozen=True):
    """What was asked for: a certificate of one's own, the local one of this machine, or neither."""

    local: bool = False
    certificate: Path | None = None
    key: Path | None = None


class ServedTls(msgspec.Struct, frozen=True):
    """``authority`` is the PEM file that a client must trust; None with a certificate of the user's own."""

    context: ssl.SSLContext
    authority: Path | None = None


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
    if options.certificate is not None and options.key is not None:
        return ServedTls(_context(options.certificate, options.key))
    return _local() if options.local else None


def _local() -> ServedTls:
    # Needs the package cryptography, of the extra `server`.
    from kouyu.server.process.certificates import LOCAL_NAMES, CertificateError, local_certificate
    from kouyu.store.location import data_dir

    try:
        made = local_certificate(data_dir(None) / "tls", LOCAL_NAMES)
    except CertificateError as fault:
        raise click.ClickException(str(fault)) from None
    return ServedTls(_context(made.certificate, made.key), made.bundle)


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    # cozepy's synchronous client may read a session ticket on one thread while another one writes.
    context.num_tickets = 0
    try:
        context.load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as fault:
        raise click.ClickException(f"{certificate} and {key}: not a certificate and its key: {fault}") from None
    return context
