"""Apps of every kind on a running server, and what cozepy needs to sign in as them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from cozepy import SyncHTTPClient
from cozepy.auth import OAuthApp

from kouyu.cli.app_keys import new_key_pair
from kouyu.store.apps import AppKind, AppRecord
from tests.server.conftest import Running

KEY_ID = "key1"
PRIVATE_KEY, PUBLIC_KEYS = new_key_pair(KEY_ID)
REDIRECT_URI = "https://app.example.org/callback"
SCRIPTABLE = "com.example.app:/callback?from=kouyu"


class SignedUp:
    """A registered app, and the server that knows it."""

    def __init__(self, server: Running, app: AppRecord, secret: str) -> None:
        self.server = server
        self.app = app
        self.secret = secret
        self.base_url = f"http://127.0.0.1:{server.port}"

    async def post(self, path: str, **given: Any) -> httpx.Response:
        """A request of the app, or of its user's browser."""
        async with httpx.AsyncClient(base_url=self.base_url, trust_env=False) as client:
            return await client.post(path, **given)

    async def get(self, path: str, **given: Any) -> httpx.Response:
        """The same with GET."""
        async with httpx.AsyncClient(base_url=self.base_url, trust_env=False) as client:
            return await client.get(path, **given)

    async def administrator(self) -> dict[str, str]:
        """The header of the page of an administrator."""
        exchanged = await self.server.store.tokens.exchange_login(await self.server.store.tokens.create_login())
        assert exchanged is not None
        return {"Authorization": f"Bearer {exchanged[1]}"}


SignUp = Callable[..., Awaitable[SignedUp]]


@pytest.fixture
def sign_up(server: Running) -> SignUp:
    """Registers an app of a kind."""

    async def register(kind: AppKind, **given: Any) -> SignedUp:
        if kind == "service":
            given.setdefault("public_keys", PUBLIC_KEYS)
        if kind in ("web", "pkce"):
            given.setdefault("redirect_uris", (REDIRECT_URI, SCRIPTABLE))
        app, secret = await server.store.apps.create(f"{kind}-app", kind, **given)
        return SignedUp(server, app, secret)

    return register


async def called(program: OAuthApp, method: str, *given: Any) -> Any:
    """What a method of one of cozepy's apps returns. cozepy never closes its connections; this does."""

    def call() -> Any:
        with SyncHTTPClient() as http:
            program._requester._sync_client = http
            return getattr(program, method)(*given)

    return await asyncio.to_thread(call)
