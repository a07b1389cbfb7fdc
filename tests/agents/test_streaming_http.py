import asyncio
import gzip

import httpx
import pytest

from kouyu.agents.agent import AgentError
from kouyu.agents.streaming_http import in_time, streaming_client
from tests.agents.http_server import Asked, http_server, whole

MANY = 105


async def test_no_answer_waits_for_another_to_end() -> None:
    arrived = 0
    all_are_there = asyncio.Event()

    async def respond(_: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        arrived += 1
        if arrived == MANY:
            all_are_there.set()
        await all_are_there.wait()
        writer.write(whole(b"Yes."))

    async with http_server(respond) as port:
        url = f"http://127.0.0.1:{port}/"
        async with streaming_client(url, {}) as http, asyncio.timeout(30):
            answers = await asyncio.gather(*(http.post(url) for _ in range(MANY)))
    assert {answer.text for answer in answers} == {"Yes."}


async def test_a_server_on_this_machine_is_asked_without_a_proxy_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    async def respond(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(whole(b"Yes."))

    async with http_server(respond) as port:
        url = f"http://127.0.0.1:{port}/"
        async with streaming_client(url, {}) as http:
            assert (await http.post(url)).text == "Yes."


async def test_a_step_that_fails_or_takes_too_long_is_reported_in_the_agents_words() -> None:
    async with streaming_client("http://127.0.0.1:1", {}) as http:
        with pytest.raises(AgentError, match=r"cannot be reached.*ConnectError"):
            await in_time(http.get("http://127.0.0.1:1"), 5, lambda what, detail: AgentError(f"{what}, {detail}"))
    with pytest.raises(AgentError, match=r"nothing came for 0\.01 s"):
        await in_time(asyncio.Event().wait(), 0.01, AgentError)


async def test_an_answer_that_is_compressed_unasked_is_refused() -> None:
    asked: list[str] = []

    async def respond(request: Asked, writer: asyncio.StreamWriter) -> None:
        asked.append(request.headers["accept-encoding"])
        body = gzip.compress(b"a" * 1_000_000)
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)

    async with http_server(respond) as port:
        url = f"http://127.0.0.1:{port}/"
        async with streaming_client(url, {}) as http:
            with pytest.raises(httpx.DecodingError, match="compressed"):
                await http.get(url)
    assert asked == ["identity"]
