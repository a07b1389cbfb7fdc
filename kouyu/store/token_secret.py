"""Makes the secrets of access tokens."""

import secrets
from typing import Final

from kouyu.store.secret_digest import digest_of

SECRET_PREFIX: Final = "kouyu_"
"""Not ``pat_``, which coze-js refuses in browsers; what follows is [A-Za-z0-9_-] (websocket.md 1.2)."""


def new_secret() -> tuple[str, str]:
    """A new secret, and its digest."""
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    return secret, digest_of(secret)
