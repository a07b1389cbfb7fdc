"""The keys of service apps: the app has the private one, the server the public one alone."""

import hashlib
from pathlib import Path
from typing import Final

import click
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from kouyu.server.process.private_file import write_new_file
from kouyu.server.sign_in.assertions import algorithms_of

_KEY_BITS: Final = 2048


def public_keys_in(files: tuple[Path, ...], key_ids: tuple[str, ...]) -> dict[str, str]:
    """The public keys (PEM) in these files, by key id; without ``key_ids`` by their fingerprints.

    Raises ClickException.
    """
    keys = {}
    for number, file in enumerate(files):
        try:
            text = file.read_text(encoding="ascii")
            if "PRIVATE KEY" in text:
                raise ValueError("it holds a private key, which is the app's to keep: give its public key")
            algorithms_of(text)
            public = load_pem_public_key(text.encode())
        except (ValueError, OSError) as error:
            raise click.ClickException(f"{file} is no public key that apps can sign in with: {error}") from error
        keys[key_ids[number] if key_ids else _fingerprint(public)] = _pem(public)
    if len(keys) < len(files):
        raise click.UsageError("two public keys have the same id")
    return keys


def new_key_pair(key_id: str = "") -> tuple[bytes, dict[str, str]]:
    """A new private key (PEM, PKCS #8), and its public key by key id. RSA, which all SDKs sign with."""
    key = rsa.generate_private_key(65537, _KEY_BITS)
    public = key.public_key()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private, {key_id or _fingerprint(public): _pem(public)}


def write_private_key(file: Path, pem: bytes) -> None:
    """Write it where only the user can read it. Raises ClickException, also if the file exists."""
    try:
        write_new_file(file, pem)
    except FileExistsError as error:
        raise click.ClickException(f"{file} exists already; name another file with --private-key") from error
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error


def _pem(key: PublicKeyTypes) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _fingerprint(key: PublicKeyTypes) -> str:
    """The first 128 bits of the SHA-256 of a public key, in hexadecimal."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()[:32]
