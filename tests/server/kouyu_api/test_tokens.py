"""Tokens administered over REST."""

import httpx
import pytest

from kouyu.store.token_records import CLIENT_PERMISSIONS, TokenLimits
from tests.server.conftest import Running

TOKENS = "/v1/kouyu/tokens"


@pytest.fixture
async def administrator(server: Running) -> httpx.AsyncClient:
    _, secret = await server.store.tokens.create("root", permissions=("administration",))
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", headers=headers, trust_env=False)


async def test_a_token_is_created_changed_listed_and_revoked(server: Running, administrator: httpx.AsyncClient) -> None:
    async with administrator as rest:
        body = {"name": "app", "owner": "shop", "limits": {"conversations": 2}, "expires_in_s": 60}
        made = (await rest.post(TOKENS, json=body)).json()["data"]
        token_id, secret = made["token"]["id"], made["access_token"]
        record = await server.store.tokens.verify(secret)
        assert record is not None
        assert (record.owner, record.permissions) == ("shop", CLIENT_PERMISSIONS)
        assert record.limits == TokenLimits(conversations=2)
        assert record.expires_at is not None
        changes = {"permissions": ["text"], "limits": {"conversations": 0, "requests_a_minute": 5}}
        changed = (await rest.put(f"{TOKENS}/{token_id}", json=changes)).json()["data"]
        assert (changed["permissions"], changed["limits"]) == (["text"], {"requests_a_minute": 5})
        kept = (await rest.put(f"{TOKENS}/{token_id}", json={})).json()["data"]
        assert kept | {"last_used_at": 0} == changed | {"last_used_at": 0}
        listed = await rest.get(TOKENS)
        assert [each["name"] for each in listed.json()["data"]] == ["ada", "root", "app"]
        assert secret not in listed.text
        assert "digest" not in listed.text
        assert (await rest.delete(f"{TOKENS}/{token_id}")).status_code == 200
        assert await server.store.tokens.verify(secret) is None
        entries = await server.store.audit.list()
    actions = [(each.actor, each.action, each.subject, each.owner) for each in reversed(entries)]
    assert actions[:2] == [("root", "token.created", "app", "shop"), ("root", "token.changed", "app", "shop")]
    assert actions[-1] == ("root", "token.revoked", "app", "shop")
    assert [each.detail for each in reversed(entries)][:2] == [
        "opens everything but administration; limits: 2 conversations",
        "opens text; limits: 5 requests/min",
    ]


async def test_what_cannot_be_is_told(administrator: httpx.AsyncClient) -> None:
    async with administrator as rest:
        for body in ({}, {"name": "a b"}, {"name": "root"}, {"name": "x", "permissions": ["login"]}):
            refused = await rest.post(TOKENS, json=body)
            assert (refused.status_code, refused.json()["code"]) == (400, 4000)
        for method in ("PUT", "DELETE"):
            unknown = await rest.request(method, f"{TOKENS}/77", json={})
            assert (unknown.status_code, unknown.json()["code"]) == (404, 4200)


async def test_others_may_not(server: Running) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as rest:
        assert (await rest.get(TOKENS, headers=server.header)).status_code == 403
