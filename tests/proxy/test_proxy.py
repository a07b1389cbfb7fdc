"""The proxy between real clients and servers: nothing is changed, everything is recorded, no secret is written."""

import asyncio
import functools
import json
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cozepy import (
    Coze,
    InputTextBufferAppendEvent,
    SpeechAudioCompletedEvent,
    SpeechAudioUpdateEvent,
    TokenAuth,
    WebsocketsAudioSpeechEventHandler,
)
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.typing import Subprotocol

from kouyu.cassettes.events import message_of
from kouyu.cassettes.format import Body, Cassette, Close, Exchange, Header
from kouyu.cassettes.listening import listening
from kouyu.cassettes.reading import read_cassette
from kouyu.cassettes.secrets import Secrets
from kouyu.cassettes.writing import CassetteWriter
from kouyu.player.http_connection import serve_http
from kouyu.player.local_tls import local_tls
from kouyu.player.played_cassette import PlayedCassette
from kouyu.proxy.relay import Recording, relay
from kouyu.proxy.upstream import BadUpstream, Upstreams, read_upstream, rest_of

SERVICE = Path(__file__).parents[1] / "traces" / "cassette"
TOKEN = "a-token-of-the-user"
MESSAGE = {"role": "user", "content_type": "text", "content": "今天天气真不错"}


@asynccontextmanager
async def recording(folder: Path, upstream: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A proxy; gives its address."""
    target = read_upstream(upstream)
    secrets = Secrets()
    writer = CassetteWriter(folder, Header(), secrets)
    upstreams = Upstreams(target, target, ssl.create_default_context())
    made = Recording(upstreams, writer, secrets, asyncio.get_running_loop().time)
    async with listening(functools.partial(relay, made), "127.0.0.1", 0, tls) as port:
        yield f"127.0.0.1:{port}"
    writer.close()


@asynccontextmanager
async def playing(cassette: Cassette) -> AsyncIterator[str]:
    """A player, in which there must be no difference at the end; gives its address."""
    played = PlayedCassette(cassette, fast=True, report=lambda _: None)
    async with listening(functools.partial(serve_http, played), "127.0.0.1", 0) as port:
        yield f"127.0.0.1:{port}"
    assert played.differences == []


@asynccontextmanager
async def socket_server(handler: Any, **options: Any) -> AsyncIterator[str]:
    async with serve(handler, "127.0.0.1", 0, **options) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


def exchange(method: str, path: str, body: Body, media_type: str, answer: Body) -> Exchange:
    headers = {"Content-Type": media_type}
    return Exchange(at=0.0, method=method, path=path, body=body, status=200, answer_headers=headers, answer_body=answer)


def written(folder: Path) -> str:
    return "".join(file.read_bytes().decode("latin-1") for file in folder.iterdir())


async def ask(at: str) -> list[str | bytes]:
    """Run the recorded typed question; gives all messages."""
    messages: list[str | bytes] = []
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with connect(f"ws://{at}/v1/chat?bot_id=", additional_headers=headers) as socket:
        await socket.send(json.dumps({"event_type": "conversation.message.create", "data": MESSAGE}))
        while not messages or json.loads(messages[-1])["event_type"] != "conversation.chat.completed":
            messages.append(await socket.recv())
    return messages


async def test_a_recording_of_a_player_is_the_cassette_that_it_plays(tmp_path: Path) -> None:
    service = read_cassette(SERVICE)
    async with playing(service) as at, recording(tmp_path / "made", f"ws://{at}") as proxy:
        through = await ask(proxy)
    (made,) = read_cassette(tmp_path / "made").connections
    assert [message_of(entry, made.audio) for entry in made.entries if entry.sender == "server"] == through
    assert [entry.event for entry in made.entries[:1]] != []
    (sent,) = [entry.event for entry in made.entries if entry.sender == "client" and entry.event]
    assert sent == {"event_type": "conversation.message.create", "data": MESSAGE}
    original = service.connections[1]
    assert made.audio == original.audio
    assert made.entries[-1].close == Close(1000)
    async with playing(read_cassette(tmp_path / "made")) as at:  # and it can be played in turn
        assert await ask(at) == through


async def test_cozepy_is_recorded_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = read_cassette(SERVICE)
    tls = local_tls(tmp_path / "tls")
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.authority))
    async with playing(service) as at, recording(tmp_path / "made", f"ws://{at}", tls.context) as proxy:
        sound = await asyncio.to_thread(speak_with_cozepy, f"https://{proxy}")
    (made,) = read_cassette(tmp_path / "made").connections
    assert sound == made.audio == service.connections[2].audio
    assert TOKEN not in written(tmp_path / "made")


def speak_with_cozepy(url: str) -> bytes:
    """Have the recorded text spoken; gives the sound."""
    over, sound = threading.Event(), bytearray()

    class Heard(WebsocketsAudioSpeechEventHandler):
        def on_speech_audio_update(self, cli: Any, event: SpeechAudioUpdateEvent) -> None:
            sound.extend(event.data.delta)

        def on_speech_audio_completed(self, cli: Any, event: SpeechAudioCompletedEvent) -> None:
            over.set()

    coze = Coze(auth=TokenAuth(TOKEN), base_url=url)
    with coze.websockets.audio.speech.create(on_event=Heard())() as speech:
        speech.input_text_buffer_append(InputTextBufferAppendEvent.Data(delta="今天天气不错"))
        speech.input_text_buffer_complete()
        assert over.wait(60)
    return bytes(sound)


async def test_messages_pings_fragments_binaries_compression_and_close_codes_pass_unchanged(tmp_path: Path) -> None:
    seen: list[Any] = []

    async def handler(socket: ServerConnection) -> None:
        assert socket.request is not None
        seen.append((socket.request.path, list(socket.request.headers.raw_items())))
        async for message in socket:
            seen.append(message)
            if message == "ping me":
                await (await socket.ping(b"from the server"))
            await socket.send(message)
            if message == b"\x00\xff":
                await socket.close(4321, "enough")

    extensions = [ServerPerMessageDeflateFactory(server_max_window_bits=11, client_max_window_bits=11)]
    offered = [Subprotocol("coze-protocol"), Subprotocol(TOKEN)]
    async with (
        socket_server(handler, extensions=extensions, compression=None, subprotocols=offered) as upstream,
        recording(tmp_path / "made", f"{upstream}/prefix") as proxy,
    ):
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Odd-CASE": "1"}
        url = f"ws://{proxy}/v1/chat?bot_id=7&access_token={TOKEN}"
        async with connect(url, additional_headers=headers, subprotocols=offered) as socket:
            assert socket.response is not None
            assert "permessage-deflate" in socket.response.headers["Sec-WebSocket-Extensions"]
            for text in ("ping me", "x" * 100_000, "x" * 100_000):
                await socket.send(text)
                assert await socket.recv() == text
            await socket.send(iter(["in ", "three ", "parts"]))
            assert await socket.recv() == "in three parts"
            await (await socket.ping(b"from the client"))
            await socket.send(b"\x00\xff")
            assert await socket.recv() == b"\x00\xff"
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        assert (socket.close_code, socket.close_reason) == (4321, "enough")
        assert socket.subprotocol == "coze-protocol"
    path, given = seen[0]
    assert path == f"/prefix/v1/chat?bot_id=7&access_token={TOKEN}"
    assert ("X-Odd-CASE", "1") in given
    assert ("Authorization", f"Bearer {TOKEN}") in given
    (host,) = [value for name, value in given if name.lower() == "host"]
    assert f"ws://{host}" == upstream
    (made,) = read_cassette(tmp_path / "made").connections
    assert made.opening.query == (("bot_id", "7"),)
    assert (made.opening.subprotocol, made.opening.compressed) == (0, True)
    messages = [message_of(each, made.audio) for each in made.entries if not each.close and each.sender == "client"]
    assert messages == ["ping me", "x" * 100_000, "x" * 100_000, "in three parts", b"\x00\xff"]
    assert (made.entries[-1].sender, made.entries[-1].close) == ("server", Close(4321, "enough"))
    assert TOKEN not in written(tmp_path / "made")


async def test_requests_pass_with_their_bodies_and_are_recorded_without_secrets(tmp_path: Path) -> None:
    stream = Body(pieces=((0.0, "event: a\n\n"), (0.01, "event: done\n\n")))
    asked = {"grant_type": "refresh_token", "refresh_token": "the-refresh-token-1"}
    given = {"access_token": "the-access-token-1", "expires_in": 900}
    path = "/api/permission/oauth2/token"
    upstream = Cassette(
        header=Header(),
        exchanges=(
            exchange("POST", path, Body(json=asked), "application/json", Body(json=given)),
            exchange("POST", "/v3/chat", Body(json={"a": 1}), "text/event-stream", stream),
            exchange("POST", "/v1/files/upload", Body(bytes=300_000), "text/plain", Body(text="thanks")),
            exchange("GET", "/sound", Body(), "audio/mpeg", Body(file="s.bin", bytes=3)),
        ),
        answer_files={"s.bin": b"\xff\x01\x02"},
    )
    async with (
        playing(upstream) as at,
        recording(tmp_path / "made", f"http://{at}") as proxy,
        httpx.AsyncClient(base_url=f"http://{proxy}", headers={"Authorization": f"Bearer {TOKEN}"}) as client,
    ):
        assert (await client.post(path, json=asked)).json() == given
        assert (await client.post("/v3/chat", json={"a": 1})).text == "event: a\n\nevent: done\n\n"
        upload = await client.post("/v1/files/upload", files={"file": b"\xff" * 300_000})
        assert upload.text == "thanks"
        assert (await client.get("/sound")).content == b"\xff\x01\x02"
    made = read_cassette(tmp_path / "made")
    assert [(each.method, each.path, each.status) for each in made.exchanges] == [
        ("POST", path, 200),
        ("POST", "/v3/chat", 200),
        ("POST", "/v1/files/upload", 200),
        ("GET", "/sound", 200),
    ]
    assert made.exchanges[0].answer_body.json == {"access_token": "[redacted]", "expires_in": 900}
    assert "".join(text for _, text in made.exchanges[1].answer_body.pieces) == "event: a\n\nevent: done\n\n"
    assert 290_000 < made.exchanges[2].body.bytes < 310_000
    assert list(made.answer_files.values()) == [b"\xff\x01\x02"]
    for secret in (TOKEN, "the-refresh-token-1", "the-access-token-1"):
        assert secret not in written(tmp_path / "made")


async def test_a_refused_handshake_a_lost_server_and_a_missing_one_reach_the_client(tmp_path: Path) -> None:
    async def lose(socket: ServerConnection) -> None:
        await socket.send("bye")
        socket.transport.abort()

    def refuse(socket: ServerConnection, request: Any) -> Any:
        return socket.respond(401, "no\n") if "refuse" in request.path else None

    async with (
        socket_server(lose, process_request=refuse) as upstream,
        recording(tmp_path / "made", upstream) as proxy,
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"ws://{proxy}/refuse"):
                pass
        assert refused.value.response.status_code == 401
        async with connect(f"ws://{proxy}/v1/chat") as socket:
            assert await socket.recv() == "bye"
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        assert socket.close_code == 1006
    made = read_cassette(tmp_path / "made")
    assert [(each.path, each.status) for each in made.exchanges] == [("/refuse", 401)]
    assert made.connections[0].entries[-1].close == Close(1006)
    async with recording(tmp_path / "other", upstream) as proxy, httpx.AsyncClient() as client:
        answer = await client.get(f"http://{proxy}/v1/bots")
    assert answer.status_code == 502
    assert "cannot be reached" in answer.json()["msg"]


@asynccontextmanager
async def silent_server() -> AsyncIterator[tuple[str, bytearray, asyncio.Event, asyncio.Event]]:
    """A server that answers nothing: its address, what it got, and the events that something came and that it was
    left."""
    got, came, left = bytearray(), asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            got.extend(data)
            came.set()
        writer.close()
        left.set()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", got, came, left


async def raw(at: str, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = at.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    return reader, writer


@pytest.mark.parametrize(
    "request_", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"]
)
async def test_a_client_that_leaves_before_its_answer_is_left_by_the_proxy(tmp_path: Path, request_: bytes) -> None:
    async with silent_server() as (server, _, came, left), recording(tmp_path / "made", server) as proxy:
        _, writer = await raw(proxy, request_)
        await asyncio.wait_for(came.wait(), 30)
        writer.close()
        await asyncio.wait_for(left.wait(), 30)


async def test_a_request_that_becomes_unreadable_is_refused_on_both_sides(tmp_path: Path) -> None:
    async with silent_server() as (server, _, _, left), recording(tmp_path / "made", server) as proxy:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        reader, writer = await raw(proxy, head + b"no chunk\r\n")
        assert (await asyncio.wait_for(reader.read(), 30)).startswith(b"HTTP/1.1 400")
        await asyncio.wait_for(left.wait(), 30)
        writer.close()


async def test_the_server_is_given_one_length_of_a_body(tmp_path: Path) -> None:
    async with silent_server() as (server, got, came, left), recording(tmp_path / "made", server) as proxy:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        _, writer = await raw(proxy, head + b"5\r\nhello\r\n0\r\n\r\n")
        await asyncio.wait_for(came.wait(), 30)
        writer.close()
        await asyncio.wait_for(left.wait(), 30)
    assert b"transfer-encoding: chunked" in got.lower()
    assert b"content-length" not in got.lower()


async def test_an_app_that_takes_it_for_an_http_proxy_is_told_what_it_is(tmp_path: Path) -> None:
    async with silent_server() as (server, got, _, _), recording(tmp_path / "made", server) as proxy:
        reader, writer = await raw(proxy, b"CONNECT ws.coze.com:443 HTTP/1.1\r\nHost: ws.coze.com:443\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 30)
        writer.close()
    assert answer.startswith(b"HTTP/1.1 405")
    assert b"in the server's place" in answer
    assert got == b""


async def test_an_answer_that_cannot_be_read_is_the_servers_fault(tmp_path: Path) -> None:
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(broken, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with recording(tmp_path / "made", f"http://127.0.0.1:{port}") as proxy, httpx.AsyncClient() as client:
            answer = await client.get(f"http://{proxy}/")
    assert (answer.status_code, "answer cannot be read" in answer.json()["msg"]) == (502, True)


async def test_codings_that_a_secret_could_hide_in_are_not_asked_for(tmp_path: Path) -> None:
    seen: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        seen.append(next(line for line in head.splitlines() if line.lower().startswith("accept-encoding")))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-LENGTH: 2\r\nX-Tt-Logid: 1\r\n\r\nok")
        await writer.drain()
        writer.close()

    async with (
        listening(answer, "127.0.0.1", 0) as port,
        recording(tmp_path / "made", f"http://127.0.0.1:{port}") as proxy,
    ):
        host, _, its_port = proxy.partition(":")
        reader, writer = await asyncio.open_connection(host, int(its_port))
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip, br;q=0.9, zstd\r\n\r\n")
        raw = await reader.readuntil(b"ok")
        writer.close()
    assert seen == ["Accept-Encoding: gzip"]
    assert b"content-LENGTH: 2\r\nX-Tt-Logid: 1" in raw


def test_the_clouds_requests_go_to_its_other_host_and_a_bad_address_is_refused() -> None:
    assert rest_of("wss://ws.coze.cn") == "https://api.coze.cn"
    assert rest_of("ws://127.0.0.1:8080") == "ws://127.0.0.1:8080"
    assert (read_upstream("wss://ws.coze.com").port, read_upstream("ws://[::1]:81/p/").host_header) == (443, "[::1]:81")
    for bad in ("ftp://a", "ws.coze.com", "ws://a:99999"):
        with pytest.raises(BadUpstream):
            read_upstream(bad)
