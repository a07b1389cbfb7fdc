"""Makes the secrets of access tokens and refresh tokens."""

import secrets
from typing import Final

from kouyu.store.secret_digest import digest_of

SECRET_PREFIX: Final = "kouyu_"
"""Not ``pat_``, which coze-js refuses in browsers; what follows is [A-Za-z0-9_-] (websocket.md 1.2)."""

_RANDOM_BYTES: Final = 32
_FAMILY_LENGTH: Final = len(SECRET_PREFIX) + 43
"""In characters: 32 bytes take 43 of them."""


def new_secret() -> tuple[str, str]:
    """A new secret, and its digest."""
    secret = _random()
    return secret, digest_of(secret)


def new_refresh_secret(before: str = "") -> tuple[str, str, str]:
    """A new secret of a refresh token, its digest, and the digest of its family: of what it begins with, as do all
    refresh tokens that were renewed from one another. ``before``: the one that it replaces, if any."""
    family = _family(before) or _random()
    secret = family + secrets.token_urlsafe(_RANDOM_BYTES)
    return secret, digest_of(secret), digest_of(family)


def family_digest_of(refresh_secret: str) -> str:
    """The digest of the family that this secret says it is of; "" if it has none."""
    family = _family(refresh_secret)
    return digest_of(family) if family else ""


def _random() -> str:
    return SECRET_PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def _family(refresh_secret: str) -> str:
    """The family of a secret; "" of one that was made by kouyu before refresh tokens had families."""
    return refresh_secret[:_FAMILY_LENGTH] if len(refresh_secret) > _FAMILY_LENGTH else ""
