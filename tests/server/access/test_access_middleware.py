"""What every answer has, checked on the raw wire: clients read it there."""

import json
import logging
import re
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.server.conftest import Running

LOG_ID = re.compile(r"\r\nX-Tt-Logid: (02\d{13}[0-9a-f]{38})\r\n")

UPGRADE = """Host: localhost
Connection: Upgrade
Upgrade: websocket
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
"""


def get(path: str, headers: str = "Host: localhost\n") -> str:
    return f"GET {path} HTTP/1.1\n{headers}Connection: close\n\n"


def upgrade(path: str, headers: str = "") -> str:
    return f"GET {path} HTTP/1.1\n{UPGRADE}{headers}\n"


@pytest.mark.parametrize("path", ["/health", "/", "/v1/nothing", "/v1/chat"])
async def test_every_http_answer_has_the_log_id_spelled_exactly(server: Running, path: str) -> None:
    assert LOG_ID.search(await server.raw(get(path)))


async def test_the_answer_101_has_the_log_id_spelled_exactly(server: Running) -> None:
    answer = await server.raw(upgrade("/v1/chat", f"Authorization: Bearer {server.token}\n"))
    assert answer.startswith("HTTP/1.1 101 ")
    assert LOG_ID.search(answer)
    assert "Sec-WebSocket-Extensions" not in answer


@pytest.mark.parametrize(("path", "status"), [("/v1/chat", 401), ("/v1/nothing", 404)])
async def test_a_refused_handshake_has_the_log_id_and_a_json_body(server: Running, path: str, status: int) -> None:
    answer = await server.raw(upgrade(path))
    assert answer.startswith(f"HTTP/1.1 {status} ")
    log_id = LOG_ID.search(answer)
    assert log_id
    body = json.loads(answer.partition("\r\n\r\n")[2])
    assert body["detail"]["logid"] == log_id[1]
    assert body["code"] > 0
    assert body["msg"]


async def test_a_malformed_handshake_has_the_log_id(server: Running) -> None:
    answer = await server.raw("GET /v1/chat HTTP/1.1\nHost: localhost\nConnection: Upgrade\nUpgrade: websocket\n\n")
    assert answer.startswith("HTTP/1.1 4")
    assert LOG_ID.search(answer)


async def test_an_unknown_path_is_json_with_code_and_msg(server: Running) -> None:
    answer = await server.raw(get("/v1/nothing"))
    assert answer.startswith("HTTP/1.1 404 ")
    assert "content-type: application/json" in answer.lower()
    body = json.loads(answer.partition("\r\n\r\n")[2])
    assert body["code"] == 4200
    assert body["msg"] == "this server has no GET /v1/nothing"


async def test_health_tells_how_full_it_is(server: Running) -> None:
    async with connect(server.url(), additional_headers=server.header) as client:
        await client.recv()
        body = json.loads((await server.raw(get("//health"))).partition("\r\n\r\n")[2])
    assert body.pop("version")
    assert body == {"status": "ok", "engines": "ok", "sessions": 1, "max_sessions": 10}


async def test_a_browser_may_call_from_anywhere_with_any_header(server: Running) -> None:
    preflight = (
        "OPTIONS /v1/audio/voices HTTP/1.1\nHost: localhost\nOrigin: http://localhost:5173\n"
        "Access-Control-Request-Method: GET\nAccess-Control-Request-Headers: authorization,x-my-own\n"
        "Connection: close\n\n"
    )
    answer = (await server.raw(preflight)).lower()
    assert answer.startswith("http/1.1 204 ")
    assert "access-control-allow-origin: *" in answer
    allowed = re.search(r"access-control-allow-headers: (.*)\r\n", answer)
    assert allowed
    assert {"authorization", "x-my-own"} <= {name.strip() for name in allowed[1].split(",")}


@pytest.mark.parametrize("path", ["/health", "/v1/nothing"])
async def test_a_browser_may_read_the_log_id(server: Running, path: str) -> None:
    answer = await server.raw(get(path, "Host: localhost\nOrigin: http://localhost:5173\n"))
    assert "access-control-expose-headers: x-tt-logid" in answer.lower()
    assert "access-control-allow-origin: *" in answer.lower()


async def test_no_log_line_holds_a_token(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        query = f"?authorization=Bearer%20{server.token}"
        async with connect(server.url("/v1/chat" + query), logger=logging.getLogger("test-client")) as client:
            await client.recv()
            await client.send("hello")
            await client.recv()
        await server.raw(upgrade("/v1/chat?authorization=Bearer%20not-" + server.token))
        await server.raw(get(f"/health{query}", f"Host: localhost\nAuthorization: Bearer {server.token}\n"))
    ours = [record for record in caplog.records if record.name != "test-client"]
    assert any("'/v1/chat' 101" in record.getMessage() for record in ours)
    assert any("'/health' 200" in record.getMessage() for record in ours)
    assert not [record for record in ours if server.token in record.getMessage()]


async def test_a_path_cannot_forge_a_log_line(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "kouyu.server.access"):
        await server.raw(get("/x%0AERROR%20forged"))
    assert all("\n" not in record.getMessage() for record in caplog.records)


async def test_a_store_that_fails_is_one_line_in_the_log(
    server: Running, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "files").write_bytes(b"where the folder of files should be")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        answer = await client.post("/v1/files/upload", files={"file": ("a.txt", b"hello")}, headers=server.header)
    assert (answer.status_code, answer.json()["code"]) == (500, 5000)
    (told,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "could not be written: File exists" in told.getMessage()
    assert answer.json()["detail"]["logid"] in told.getMessage()
    assert told.exc_info is None


@pytest.mark.parametrize("path", ["/health", "/", "/docs", "/v1/audio/voices"])
async def test_head_is_answered_as_get_is_without_the_body(server: Running, path: str) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as rest:
        read, asked = await rest.get(path, headers=server.header), await rest.head(path, headers=server.header)
        assert asked.status_code == read.status_code == 200
        assert asked.headers["content-length"] == str(len(read.content))
        assert asked.content == b""
        assert (await rest.head("/v1/nothing", headers=server.header)).status_code == 404


async def test_the_documentation_loads_nothing_and_is_framed_by_nobody(server: Running) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as rest:
        policy = (await rest.get("/docs")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
