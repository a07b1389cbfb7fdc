import asyncio
import gzip
import ipaddress
import socket
from typing import Any

import pytest

from kouyu.agents.fetching import Fetcher, FetchError, FetchingOptions, is_public
from tests.agents.http_server import Asked, Respond, http_server, whole


def answering(answer: bytes) -> Respond:
    async def respond(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return respond


async def fetched(url: str, **options: Any) -> Any:
    fetcher = Fetcher(FetchingOptions(**{"allow_private": True} | options))
    try:
        return await fetcher.fetch(url)
    finally:
        await fetcher.close()


async def test_a_file_comes_with_its_name() -> None:
    async with http_server(answering(whole(b"hello"))) as port:
        file = await fetched(f"http://127.0.0.1:{port}/a/my%20file.txt?x=1")
    assert (file.name, file.content) == ("my file.txt", b"hello")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/a",
        "gopher://127.0.0.1/",
        "http://",
        "data:text/plain,a",
        "",
        "http://[::",
    ],
)
async def test_nothing_but_http_is_fetched(url: str) -> None:
    with pytest.raises(FetchError):
        await fetched(url)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f000001", "127.1"]
)
async def test_this_machine_is_not_reached(host: str) -> None:
    asked: list[Asked] = []

    async def respond(request: Asked, writer: asyncio.StreamWriter) -> None:
        asked.append(request)
        writer.write(whole(b"secret"))

    async with http_server(respond) as port:
        with pytest.raises(FetchError):
            await fetched(f"http://{host}:{port}/", allow_private=False)
    assert asked == []


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "64:ff9b:1::a00:1",
        "100::1",
        "2001:db8::1",
        "2001:2::1",
        "3fff::1",
        "5f00::1",
        "fec0::1",
        "::10.0.0.1",
        "4000::1",
        "192.0.0.8",
        "192.88.99.1",
        "198.18.0.1",
        "203.0.113.1",
        "240.0.0.1",
    ],
)
def test_private_addresses_are_recognised(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_recognised(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


async def test_a_host_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def both(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 80)) for host in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", both)
    with pytest.raises(FetchError, match="private"):
        await fetched("http://rebinding.test/", allow_private=False)


async def test_the_host_is_looked_up_once_and_named_to_its_server(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts: list[str] = []
    loop = asyncio.get_running_loop()
    real = loop.getaddrinfo

    async def look_up(host: str, port: int, **more: Any) -> Any:
        hosts.append(host)
        return await real("127.0.0.1" if host == "pictures.test" else host, port, **more)

    async def respond(request: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(whole(request.headers["host"].encode()))

    monkeypatch.setattr(loop, "getaddrinfo", look_up)
    async with http_server(respond) as port:
        file = await fetched(f"http://user:word@pictures.test:{port}/")
    assert file.content.decode() == f"pictures.test:{port}"
    assert hosts.count("pictures.test") == 1


async def test_redirects_are_followed() -> None:
    async def respond(request: Asked, writer: asyncio.StreamWriter) -> None:
        moved = whole(b"", "location: /there/b.txt", status="302 Found")
        writer.write(whole(b"here") if request.path == "/there/b.txt" else moved)

    async with http_server(respond) as port:
        assert (await fetched(f"http://127.0.0.1:{port}/a")).name == "b.txt"


async def test_redirects_are_checked_like_the_first_address(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = whole(b"", "location: http://169.254.169.254/latest", status="302 Found")
    monkeypatch.setattr("kouyu.agents.fetching.is_public", lambda address: address == ipaddress.ip_address("127.0.0.1"))
    async with http_server(answering(moved)) as port:
        with pytest.raises(FetchError, match="private"):
            await fetched(f"http://127.0.0.1:{port}/a", allow_private=False)


async def test_redirects_without_end_are_given_up() -> None:
    async with http_server(answering(whole(b"", "location: /", status="302 Found"))) as port:
        with pytest.raises(FetchError, match="redirects"):
            await fetched(f"http://127.0.0.1:{port}/a")


async def test_a_file_that_is_too_large_is_not_read_to_its_end() -> None:
    async with http_server(answering(whole(b"x" * 200_000))) as port:
        with pytest.raises(FetchError, match="larger than 1000 bytes"):
            await fetched(f"http://127.0.0.1:{port}/a", max_bytes=1000)


async def test_a_compressed_answer_is_refused() -> None:
    async with http_server(answering(whole(gzip.compress(b"x" * 10_000), "content-encoding: gzip"))) as port:
        with pytest.raises(FetchError, match="compressed"):
            await fetched(f"http://127.0.0.1:{port}/a")


async def test_a_server_that_takes_too_long_is_given_up() -> None:
    async def respond(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.02)

    async with http_server(respond) as port:
        with pytest.raises(FetchError, match=r"longer than 0\.3 s"):
            await fetched(f"http://127.0.0.1:{port}/a", timeout_s=0.3)


async def test_errors_of_the_server_are_reported() -> None:
    async with http_server(answering(whole(b"", status="404 Not Found"))) as port:
        with pytest.raises(FetchError, match="404"):
            await fetched(f"http://127.0.0.1:{port}/a")


async def test_sixteen_files_are_fetched_at_once_and_the_others_wait_for_their_turn() -> None:
    at_once, most = 0, 0
    sixteen, go_on = asyncio.Event(), asyncio.Event()

    async def respond(asked: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        if asked.path == "/behind":
            writer.write(whole(b""))
            return
        at_once += 1
        most = max(most, at_once)
        if at_once == 16:
            sixteen.set()
        await go_on.wait()
        at_once -= 1
        writer.write(whole(asked.path.encode()))

    fetcher, others = (
        Fetcher(FetchingOptions(allow_private=True, timeout_s=60)),
        Fetcher(FetchingOptions(allow_private=True)),
    )
    async with http_server(respond) as port:
        fetches = [asyncio.create_task(fetcher.fetch(f"http://127.0.0.1:{port}/{number}")) for number in range(40)]
        await sixteen.wait()
        for _ in range(16):  # what had been begun with the first sixteen would have come before these
            await others.fetch(f"http://127.0.0.1:{port}/behind")
        assert (at_once, most) == (16, 16)
        go_on.set()
        files = await asyncio.gather(*fetches)
    await fetcher.close()
    await others.close()
    assert [file.content for file in files] == [f"/{number}".encode() for number in range(40)]
    assert most == 16
