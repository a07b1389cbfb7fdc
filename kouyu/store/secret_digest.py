"""The digest under which a secret is stored.

A secret is 256 random bits and cannot be guessed, so its plain SHA-256 is stored, without the salt or slow hash that
passwords need.
"""

import hashlib


def digest_of(secret: str) -> str:
    """The SHA-256 of a secret, in hexadecimal."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
