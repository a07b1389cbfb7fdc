"""TLS with kouyu's local certificate authority, for clients that connect to ``https://`` alone (cozepy)."""

import ssl
from pathlib import Path

import msgspec


class ServedTls(msgspec.Struct, frozen=True):
    """``authority`` is a PEM file with what a client must trust; None with a certificate of the user's own."""

    context: ssl.SSLContext
    authority: Path | None = None


def local_tls(folder: Path) -> ServedTls:
    """The certificate of this machine, made in ``folder`` as needed.

    Raises CertificateError, and ModuleNotFoundError without the package cryptography.
    """
    # The base installation has no cryptography.
    from kouyu.server.process.certificates import LOCAL_NAMES, local_certificate

    made = local_certificate(folder, LOCAL_NAMES)
    return ServedTls(tls_context(made.certificate, made.key), made.bundle)


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """What serves TLS with this certificate. Raises ssl.SSLError and OSError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    # cozepy's synchronous client may read a session ticket on one thread while another one writes.
    context.num_tickets = 0
    context.load_cert_chain(certificate, key)
    return context
