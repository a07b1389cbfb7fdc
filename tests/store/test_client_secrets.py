"""Ephemeral keys: valid for a while, on every server, as long as the token with which they were made."""

from pathlib import Path

import pytest

from kouyu.store import client_secrets
from kouyu.store.client_secrets import KEY_PREFIX, ClientSecrets
from kouyu.store.store import Store
from tests.store.clock import Clock

SESSION = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}


async def made(keys: ClientSecrets, token_id: str, valid_s: int = 60) -> str:
    found = await keys.create(token_id, SESSION, valid_s)
    assert found is not None
    return found[0]


async def test_a_key_stands_for_its_token_and_knows_its_session_until_it_expires(store: Store, clock: Clock) -> None:
    token, _ = await store.tokens.create("backend", owner="ada")
    found = await store.client_secrets.create(token.id, SESSION, 60)
    assert found is not None
    key, expires_at = found
    assert key.startswith(KEY_PREFIX)
    assert expires_at == int(clock()) + 60
    seen = await store.client_secrets.token_of(key)
    assert seen is not None
    assert (seen.id, seen.owner) == (token.id, "ada")
    assert await store.client_secrets.session_of(key) == SESSION
    clock.now += 60
    assert await store.client_secrets.token_of(key) is None
    assert await store.client_secrets.session_of(key) is None


async def test_other_secrets_are_no_keys(store: Store) -> None:
    _, secret = await store.tokens.create("backend")
    for wrong in (secret, KEY_PREFIX, f"{KEY_PREFIX}{'0' * 64}"):
        assert await store.client_secrets.token_of(wrong) is None
        assert await store.client_secrets.session_of(wrong) is None


async def test_a_key_ends_with_its_token(store: Store, clock: Clock) -> None:
    expiring, _ = await store.tokens.create("expiring", expires_at=int(clock()) + 30)
    revoked, _ = await store.tokens.create("revoked")
    first, second = await made(store.client_secrets, expiring.id), await made(store.client_secrets, revoked.id)
    assert await store.client_secrets.token_of(first)
    await store.tokens.revoke("revoked")
    assert await store.client_secrets.session_of(second) is None
    clock.now += 30
    assert await store.client_secrets.token_of(first) is None


async def test_a_key_of_one_server_is_known_to_another(location: str | Path) -> None:
    async with await Store.open(location) as one, await Store.open(location) as other:
        token, _ = await one.tokens.create("backend")
        key = await made(one.client_secrets, token.id)
        assert await other.client_secrets.session_of(key) == SESSION


async def test_a_token_has_so_many_keys_and_expired_ones_do_not_count(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_secrets, "MOST_OF_A_TOKEN", 2)
    token, _ = await store.tokens.create("backend")
    other, _ = await store.tokens.create("other")
    for _ in range(2):
        await made(store.client_secrets, token.id)
    assert await store.client_secrets.create(token.id, SESSION, 60) is None
    await made(store.client_secrets, other.id)
    clock.now += 60
    await made(store.client_secrets, token.id)
