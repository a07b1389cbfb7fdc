"""Everything of a user over REST, for administrators."""

import io
import zipfile

import httpx
import pytest

from tests.server.conftest import Running


@pytest.fixture
async def administrator(server: Running) -> httpx.AsyncClient:
    _, secret = await server.store.tokens.create("root", permissions=("administration",))
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", headers=headers, trust_env=False)


async def test_a_user_is_exported_and_deleted(server: Running, administrator: httpx.AsyncClient) -> None:
    for owner in ("", "shop"):
        await server.store.of(owner).conversations.create_if_missing(f"7{owner}", "bot", "a/d&a")
    async with administrator as rest:
        for owner, conversation_id in (("", "7"), ("shop", "7shop")):
            which = {"user_id": "a/d&a"} | ({"owner": owner} if owner else {})
            answer = await rest.get("/v1/kouyu/user", params=which)
            assert answer.headers["content-type"] == "application/zip"
            with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
                assert f"conversations/{conversation_id}.json" in archive.namelist()
            deleted = (await rest.delete("/v1/kouyu/user", params=which)).json()["data"]
            assert deleted["conversations"] == 1
            assert await server.store.of(owner).conversations.get(conversation_id) is None
        entries = await server.store.audit.list()
        assert [(each.actor, each.action, each.subject, each.owner) for each in reversed(entries)] == [
            ("root", "user.exported", "a/d&a", ""),
            ("root", "user.deleted", "a/d&a", ""),
            ("root", "user.exported", "a/d&a", "shop"),
            ("root", "user.deleted", "a/d&a", "shop"),
        ]
        missing = await rest.get("/v1/kouyu/user")
        assert (missing.status_code, missing.json()["code"]) == (400, 4000)


async def test_nobody_else_may(server: Running) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as rest:
        for method in ("GET", "DELETE"):
            answer = await rest.request(method, "/v1/kouyu/user?user_id=ada", headers=server.header)
            assert (answer.status_code, answer.json()["code"]) == (403, 4101)
