"""The page's login: a link, exchanged once for an access token."""

import httpx
import pytest

from kouyu.server.kouyu_api.link import login_link
from kouyu.store.token_records import ALL_PERMISSIONS
from kouyu.store.tokens import PAGE_SECONDS
from tests.server.conftest import Running


@pytest.fixture
async def login(server: Running) -> str:
    return await server.store.tokens.create_login()


async def post(server: Running, path: str, **given: object) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        return await client.post(path, **given)  # type: ignore[arg-type]


async def test_a_login_is_exchanged_once(server: Running, login: str) -> None:
    first = await post(server, "/v1/kouyu/login", json={"login": login})
    secret = first.json()["data"]["access_token"]
    record = await server.store.tokens.verify(secret)
    assert record is not None
    assert record.permissions == ALL_PERMISSIONS
    assert record.expires_at == first.json()["data"]["expires_at"] == record.created_at + PAGE_SECONDS
    again = await post(server, "/v1/kouyu/login", json={"login": login})
    assert (again.status_code, again.json()["code"]) == (401, 4100)


async def test_a_body_may_have_a_byte_order_mark_and_a_nul_around_it(server: Running, login: str) -> None:
    answer = await post(server, "/v1/kouyu/login", content=f'\ufeff{{"login": "{login}"}}\0'.encode())
    assert answer.status_code == 200


async def test_a_login_is_no_access_token(server: Running, login: str) -> None:
    answer = await post(server, "/v1/files/upload", headers={"Authorization": f"Bearer {login}"})
    assert answer.status_code == 403


async def test_an_access_token_is_no_login(server: Running) -> None:
    assert (await post(server, "/v1/kouyu/login", json={"login": server.token})).status_code == 401
    assert await server.store.tokens.verify(server.token) is not None


@pytest.mark.parametrize("body", [b"", b"{}", b'{"login": 1}', b"[", b'{"login": null}'])
async def test_a_body_without_a_login_is_refused_by_name(server: Running, body: bytes) -> None:
    answer = await post(server, "/v1/kouyu/login", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, 4000)


@pytest.mark.usefixtures("failures_stay_counted")
async def test_whoever_keeps_guessing_is_slowed_down(server: Running) -> None:
    statuses = [(await post(server, "/v1/kouyu/login", json={"login": f"guess {n}"})).status_code for n in range(40)]
    assert (statuses[0], statuses[-1]) == (401, 429)


async def test_logging_out_revokes_the_pages_token_alone(server: Running, login: str) -> None:
    secret = (await post(server, "/v1/kouyu/login", json={"login": login})).json()["data"]["access_token"]
    assert (await post(server, "/v1/kouyu/logout", headers=server.header)).status_code == 403
    assert (await post(server, "/v1/kouyu/logout", headers={"Authorization": f"Bearer {secret}"})).status_code == 200
    assert await server.store.tokens.verify(secret) is None
    assert await server.store.tokens.verify(server.token) is not None


def test_the_login_stands_where_browsers_send_it_to_nobody() -> None:
    assert login_link("http://127.0.0.1:8080", "kouyu_a-b") == "http://127.0.0.1:8080/#login=kouyu_a-b"


@pytest.mark.usefixtures("failures_stay_counted")
async def test_behind_a_proxy_one_guesser_does_not_slow_down_the_others(server: Running) -> None:
    guesser, other = {"X-Forwarded-For": "198.51.100.1"}, {"X-Forwarded-For": "198.51.100.2"}
    for _ in range(40):
        last = await post(server, "/v1/kouyu/login", json={"login": "guess"}, headers=guesser)
    assert last.status_code == 429
    assert (await post(server, "/v1/kouyu/login", json={"login": "guess"}, headers=other)).status_code == 401
