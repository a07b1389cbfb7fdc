"""The page's files as browsers get them."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from kouyu.server.pages import page_routes


@pytest.fixture
async def built(tmp_path: Path) -> AsyncIterator[AsyncTestClient[Litestar]]:
    """A server with a page."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>page</title>")
    (tmp_path / "assets" / "main-1a2b.js").write_text("export {};")
    (tmp_path / "assets" / "codec-1a2b.wasm").write_bytes(b"\0asm")
    (tmp_path.parent / "secret.txt").write_text("no")
    async with AsyncTestClient(Litestar(page_routes(tmp_path), openapi_config=None, logging_config=None)) as client:
        yield client


async def test_the_page_is_revalidated_each_time(built: AsyncTestClient[Litestar]) -> None:
    answer = await built.get("/")
    assert answer.text == "<!doctype html><title>page</title>"
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("name", "media_type"), [("main-1a2b.js", "text/javascript"), ("codec-1a2b.wasm", "application/wasm")]
)
async def test_what_has_a_hash_in_its_name_is_kept_for_ever(
    built: AsyncTestClient[Litestar], name: str, media_type: str
) -> None:
    answer = await built.get(f"/assets/{name}")
    assert answer.headers["content-type"].startswith(media_type)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_page_talks_to_nobody_but_this_server(built: AsyncTestClient[Litestar]) -> None:
    policy = (await built.get("/", headers={"Host": "box.local:8443"})).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "connect-src 'self' ws://box.local:8443 wss://box.local:8443;" in policy


async def test_a_host_that_is_none_does_not_get_into_the_policy(built: AsyncTestClient[Litestar]) -> None:
    policy = (await built.get("/", headers={"Host": "a;script-src"})).headers["content-security-policy"]
    assert "connect-src 'self';" in policy


@pytest.mark.parametrize("path", ["/../secret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt", "/nothing.js"])
async def test_what_is_no_file_of_the_page_is_not_found(built: AsyncTestClient[Litestar], path: str) -> None:
    assert (await built.get(httpx.URL("http://testserver.local", raw_path=path.encode()))).status_code == 404


async def test_without_a_page_there_is_a_welcome(tmp_path: Path) -> None:
    async with AsyncTestClient(Litestar(page_routes(tmp_path), openapi_config=None, logging_config=None)) as client:
        assert "voice conversation server" in (await client.get("/")).text
