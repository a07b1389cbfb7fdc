"""Ephemeral keys: a backend makes one with its access token, and gives it to a browser or device that must not have the
token. With it that client opens conversations of the token, set up as the backend has said, until it expires.

They are in the database, so that a key made by one server opens a conversation on another. A key whose token is deleted
is deleted with it. Of a key the store has a digest.
"""

import secrets
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select

from kouyu.store.database import Database
from kouyu.store.secret_digest import digest_of
from kouyu.store.tables import client_secrets, tokens
from kouyu.store.token_records import TokenRecord

KEY_PREFIX: Final = "ek_"
SHORTEST_S: Final = 10
LONGEST_S: Final = 3_600
"""Seconds that a key may be valid."""
MOST_OF_A_TOKEN: Final = 1_000
"""Most keys of one token that may be valid at once."""


class ClientSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its secret."""

    digest: str
    token_id: str
    """The access token with which it was made."""
    session: dict[str, Any]
    """How its conversations are set up: the ``session`` object of OpenAI's Realtime protocol as the backend sent it."""
    expires_at: int
    """Unix seconds."""


class _Insert(msgspec.Struct, frozen=True):
    secret: ClientSecret
    now: int

    def apply(self, connection: Connection) -> bool:
        """False if the token has too many keys. Deletes expired ones."""
        connection.execute(delete(client_secrets).where(client_secrets.c.expires_at <= self.now))
        of_token = select(func.count()).where(client_secrets.c.token_id == self.secret.token_id)
        if connection.execute(of_token).scalar_one() >= MOST_OF_A_TOKEN:
            return False
        connection.execute(insert(client_secrets).values(msgspec.structs.asdict(self.secret)))
        return True


class ClientSecrets:
    """The ephemeral keys that are valid."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def create(self, token_id: str, session: dict[str, Any], valid_s: int) -> tuple[str, int] | None:
        """Make a key; return it with its end in Unix seconds, or None if the token has MOST_OF_A_TOKEN of them.

        ``valid_s``: SHORTEST_S to LONGEST_S seconds. Raises StoreError.
        """
        assert SHORTEST_S <= valid_s <= LONGEST_S
        key = KEY_PREFIX + secrets.token_hex(32)
        now = int(self._clock())
        made = ClientSecret(digest=digest_of(key), token_id=token_id, session=session, expires_at=now + valid_s)
        return (key, made.expires_at) if await self._database.write_one(_Insert(made, now)) else None

    async def token_of(self, key: str) -> TokenRecord | None:
        """The access token with which a valid key was made; None for another key, or when either has expired.

        Raises StoreError.
        """
        made = await self._find(key)
        if made is None:
            return None
        token = await self._database.record(select(tokens).where(tokens.c.id == made.token_id), TokenRecord)
        return token if token is not None and not token.expired(self._clock()) else None

    async def session_of(self, key: str) -> dict[str, Any] | None:
        """The session that a valid key was made with; None for another key. Raises StoreError."""
        made = await self._find(key)
        return made.session if made is not None else None

    async def _find(self, key: str) -> ClientSecret | None:
        if not key.startswith(KEY_PREFIX):
            return None
        query = select(client_secrets).where(
            client_secrets.c.digest == digest_of(key), client_secrets.c.expires_at > int(self._clock())
        )
        return await self._database.record(query, ClientSecret)
