"""Manages the server's own certificate authority, and the certificate that it signs for this machine.

cozepy connects to ``https://`` alone (websocket.md 1.1), so TLS must work without a bought or configured certificate.
The authority is created once and clients trust it once; the certificate is renewed as needed.
"""

import contextlib
import datetime
import ipaddress
import logging
import shlex
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import certifi
import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kouyu.server.process.private_file import replace_file

log = logging.getLogger(__name__)

AUTHORITY_LIFETIME = datetime.timedelta(days=3650)
CERTIFICATE_LIFETIME = datetime.timedelta(days=397)
"""The longest that browsers and Apple's libraries accept (398 days), less one."""
RENEW_BEFORE_EXPIRY = datetime.timedelta(days=30)
CLOCK_SKEW = datetime.timedelta(days=1)
"""How far a certificate's start is dated back, for clients whose clocks are slow."""
RSA_BITS = 2048
"""The key size that small TLS stacks still verify fast enough."""
KeyType = Literal["ecdsa", "rsa"]
"""ECDSA is P-256. RSA is for devices whose TLS library was built without elliptic curves in certificates."""
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


class CertificateError(Exception):
    """The user's certificate cannot be used, or the local one cannot be saved. The text says why."""


class Certificates(msgspec.Struct, frozen=True):
    """PEM files for TLS. ``authority`` and ``bundle`` are None with a certificate of the user's own.

    ``authority`` holds our authority alone, ``bundle`` the system's authorities and ours.
    """

    certificate: Path
    key: Path
    authority: Path | None = None
    bundle: Path | None = None

    @property
    def trust_line(self) -> str:
        """The shell line that makes Python and Node trust the server; empty where nothing is needed.

        SSL_CERT_FILE replaces Python's authorities, so it takes the bundle; NODE_EXTRA_CA_CERTS adds to Node's.
        """
        if self.authority is None or self.bundle is None:
            return ""
        return f"export SSL_CERT_FILE={_quoted(self.bundle)} NODE_EXTRA_CA_CERTS={_quoted(self.authority)}"


def own_certificate(certificate: Path, key: Path) -> Certificates:
    """Load a certificate of the user's own. Raises CertificateError if the two files are not a pair.

    A certificate outside its dates, which clients will refuse, is used with a warning in the log.
    """
    for path in (certificate, key):
        if not path.is_file():
            raise CertificateError(f"{path}: there is no such file")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        raise CertificateError(f"{certificate} and {key}: not a certificate and its key: {error}") from None
    except OSError as error:
        raise CertificateError(f"{certificate} and {key}: cannot be read: {error.strerror}") from None
    if problem := outside_its_dates(certificate):
        log.warning("%s", problem)
    return Certificates(certificate, key)


def outside_its_dates(path: Path) -> str:
    """What is wrong with the dates of the certificate in this file; "" if it is valid today."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError:  # OpenSSL accepts files that this parser does not
        return ""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    is_valid = begins <= datetime.datetime.now(datetime.UTC) <= ends
    return "" if is_valid else f"{path} is valid from {begins} to {ends}: clients will refuse it"


def certified_names(certificate: Path) -> frozenset[str]:
    """The host names and addresses that a certificate (PEM) is for, in lower case; ``*.example.org`` as it stands."""
    names: set[str] = set()
    with contextlib.suppress(ValueError, x509.ExtensionNotFound):  # as in _warn_of_dates; clients refuse it anyway
        read = x509.load_pem_x509_certificate(certificate.read_bytes())
        for name in read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value:
            names.add(str(name.value).lower())
    return frozenset(names)


def local_certificate(folder: Path, names: Sequence[str], key_type: KeyType = "ecdsa") -> Certificates:
    """Return the certificate for this machine. It and the authority are created or renewed in ``folder`` as needed.

    Each ``key_type`` has an authority and a certificate of its own. ``names`` are host names and IP addresses besides
    localhost and the host name of this machine. Raises CertificateError where the folder cannot be used.
    """
    try:
        return _local_certificate(folder, names, key_type)
    except OSError as error:
        raise CertificateError(f"{error.filename or folder}: cannot be used: {error.strerror}") from None


def _local_certificate(folder: Path, names: Sequence[str], key_type: KeyType) -> Certificates:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kind = "" if key_type == "ecdsa" else f"-{key_type}"
    authority_file, authority_key_file = folder / f"ca{kind}.pem", folder / f"ca{kind}-key.pem"
    certificate, key = folder / f"server{kind}.pem", folder / f"server{kind}-key.pem"
    authority = _read_pair(authority_file, authority_key_file)
    if authority is None or _expires_soon(authority[0]):
        if authority_file.exists():
            log.warning("the authority %s runs out or is damaged: clients have to trust its new one", authority_file)
        authority = _make_authority(key_type)
        _write_pair(authority_file, authority_key_file, *authority)
    wanted = _subject_names((*LOCAL_NAMES, socket.gethostname(), *names))
    current = _read_pair(certificate, key)
    if current is None or not _still_good(current[0], authority[0], wanted):
        _write_pair(certificate, key, *_make_certificate(wanted, *authority, key_type))
    bundle = folder / f"ca{kind}-bundle.pem"
    trusted = _system_authorities(bundle) + _pem(authority[0])
    if not bundle.is_file() or bundle.read_bytes() != trusted:
        replace_file(bundle, trusted, 0o644)
    return Certificates(certificate, key, authority_file, bundle)


Pair = tuple[x509.Certificate, PrivateKey]


def _new_key(key_type: KeyType) -> PrivateKey:
    match key_type:
        case "ecdsa":
            return ec.generate_private_key(ec.SECP256R1())
        case "rsa":
            return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)


def _make_authority(key_type: KeyType) -> Pair:
    key = _new_key(key_type)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "kouyu"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"kouyu local authority on {socket.gethostname()}"[:64]),
        ]
    )
    usage = _key_usage(key_cert_sign=True, crl_sign=True)
    certificate = (
        _builder(name, name, key.public_key(), AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def _make_certificate(
    names: frozenset[x509.GeneralName], authority: x509.Certificate, signer: PrivateKey, key_type: KeyType
) -> Pair:
    key = _new_key(key_type)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kouyu")])
    certificate = (
        _builder(subject, authority.subject, key.public_key(), CERTIFICATE_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True, key_encipherment=key_type == "rsa"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(sorted(names, key=repr)), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return certificate, key


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    lifetime: datetime.timedelta,
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now - CLOCK_SKEW + lifetime)
    )


def _key_usage(
    *,
    digital_signature: bool = False,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _subject_names(names: Sequence[str]) -> frozenset[x509.GeneralName]:
    return frozenset(name for name in map(_subject_name, names) if name is not None)


def _subject_name(name: str) -> x509.GeneralName | None:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        # A certificate cannot hold a host name with an underscore or beyond ASCII; no client would ask for one.
        return x509.DNSName(name) if name.isascii() and name else None
    return None if address.is_unspecified else x509.IPAddress(address)


def _still_good(certificate: x509.Certificate, authority: x509.Certificate, names: frozenset[x509.GeneralName]) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    present = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return frozenset(present) == names and not _expires_soon(certificate)


def _expires_soon(certificate: x509.Certificate) -> bool:
    return certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC) < RENEW_BEFORE_EXPIRY


def _read_pair(certificate: Path, key: Path) -> Pair | None:
    """Read both files; None if one is missing or damaged, or they are not a pair."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        read = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
        if isinstance(private, PrivateKey) and read.public_key() == private.public_key():
            return read, private
    return None


def _write_pair(certificate_file: Path, key_file: Path, certificate: x509.Certificate, key: PrivateKey) -> None:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    replace_file(key_file, private, 0o600)
    replace_file(certificate_file, _pem(certificate), 0o644)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _system_authorities(bundle: Path) -> bytes:
    """The authorities Python trusts by default on this machine, else those of certifi (a dependency of httpx).

    Where SSL_CERT_FILE names our own ``bundle``, as the trust line sets it, that file is skipped: it would grow.
    """
    paths = ssl.get_default_verify_paths()
    for path in (paths.cafile, paths.openssl_cafile, certifi.where()):
        if path is None or Path(path).resolve() == bundle.resolve():
            continue
        with contextlib.suppress(OSError):
            content = Path(path).read_bytes()
            return content if content.endswith(b"\n") else content + b"\n"
    return b""


def _no_password() -> str:
    raise ValueError("the key has a password; give a key without one")


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
