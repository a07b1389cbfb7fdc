"""A player over real sockets: cassettes are served to clients of HTTP and WebSockets."""

import asyncio
import functools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from kouyu.cassettes.differences import Difference
from kouyu.cassettes.format import Body, Cassette, Connection, Exchange, Header, Opening
from kouyu.cassettes.listening import listening
from kouyu.cassettes.reading import read_cassette
from kouyu.player.http_connection import serve_http
from kouyu.player.played_cassette import PlayedCassette
from tests.cassettes.recorded import down, end, recording, up

SERVICE = Path(__file__).parents[1] / "traces" / "cassette"
MESSAGE = {"role": "user", "content_type": "text", "content": "今天天气真不错"}


@asynccontextmanager
async def playing(cassette: Cassette, **options: Any) -> AsyncIterator[tuple[PlayedCassette, str]]:
    played = PlayedCassette(cassette, **{"fast": True, "report": lambda _: None, **options})
    async with listening(functools.partial(serve_http, played), "127.0.0.1", 0) as port:
        yield played, f"127.0.0.1:{port}"


def of(*connections: Connection, exchanges: tuple[Exchange, ...] = ()) -> Cassette:
    return Cassette(header=Header(), connections=connections, exchanges=exchanges)


async def send(socket: ClientConnection, event_type: str, data: Any = None) -> None:
    await socket.send(json.dumps({"event_type": event_type, "id": "mine", "data": data}))


async def until_closed(socket: ClientConnection) -> list[Any]:
    messages = []
    try:
        while True:
            messages.append(await socket.recv())
    except ConnectionClosed:
        return messages


async def test_a_recorded_session_of_the_service_is_served_with_its_audio() -> None:
    cassette = read_cassette(SERVICE)
    async with playing(cassette) as (played, at), connect(f"ws://{at}/v1/chat") as socket:
        await send(socket, "chat.update", {"output_audio": {"codec": "pcm"}})
        await send(socket, "conversation.message.create", MESSAGE)
        events: list[Any] = []
        while not events or events[-1]["event_type"] != "conversation.chat.completed":
            events.append(json.loads(await socket.recv()))
    assert {"chat.created", "chat.updated"} == {event["event_type"] for event in events[:2]}
    sound = [event["data"]["content"] for event in events if event["event_type"] == "conversation.audio.delta"]
    assert sum(len(piece) for piece in sound) * 3 // 4 >= len(cassette.connections[1].audio)
    assert played.differences == []


async def test_a_difference_is_an_error_event_a_close_and_a_report() -> None:
    reported: list[Difference] = []
    recorded = of(recording(up(0.0, "conversation.message.create", MESSAGE)))
    async with playing(recorded, report=reported.append) as (played, at), connect(f"ws://{at}/v1/chat") as socket:
        await send(socket, "conversation.message.create", {**MESSAGE, "content": "Hello"})
        messages = await until_closed(socket)
    error = json.loads(messages[-1])
    (difference,) = reported
    assert difference.got == '"Hello"'
    assert error["event_type"] == "error"
    assert str(difference) in error["data"]["msg"]
    assert socket.close_code == 1008
    assert played.differences == reported


async def test_a_client_that_leaves_early_is_reported_and_one_that_leaves_at_the_end_is_not() -> None:
    recorded = recording(down(0.0, "chat.created"), up(1.0, "conversation.clear"), down(1.1, "conversation.cleared"))
    async with playing(of(recorded)) as (played, at):
        async with connect(f"ws://{at}/v1/chat") as socket:
            await send(socket, "conversation.clear")
            assert json.loads(await socket.recv())["event_type"] == "chat.created"
            assert json.loads(await socket.recv())["event_type"] == "conversation.cleared"
        await played.wait_until_over()
        assert (played.differences, played.played) == ([], True)
        played.changed.clear()
        async with connect(f"ws://{at}/v1/chat") as socket:
            await socket.recv()
        await played.changed.wait()
    assert played.differences[0].expected == "conversation.clear"


async def test_the_servers_close_subprotocol_and_headers_are_those_of_the_recording() -> None:
    opening = Opening(path="/v1/chat", subprotocol=1, answer_headers={"X-Tt-Logid": "log-1"}, compressed=True)
    recorded = Connection(
        name="connection-0001.jsonl", opening=opening, entries=(down(0.0, "a"), end(0.1, "server", 4001))
    )
    offered = [Subprotocol("first"), Subprotocol("second")]
    async with playing(of(recorded)) as (_, at), connect(f"ws://{at}/v1/chat", subprotocols=offered) as socket:
        assert len(await until_closed(socket)) == 1
    assert socket.subprotocol == "second"
    assert socket.response is not None
    assert socket.response.headers["X-Tt-Logid"] == "log-1"
    assert "permessage-deflate" in socket.response.headers["Sec-WebSocket-Extensions"]
    assert socket.close_code == 4001


async def test_many_clients_are_served_at_once() -> None:
    recorded = [
        recording(down(0.0, "chat.created"), up(0.1, "question", {"n": n}), down(0.2, "answer", {"n": n}), name=f"c{n}")
        for n in range(20)
    ]

    async def ask(at: str, n: int) -> Any:
        async with connect(f"ws://{at}/v1/chat") as socket:
            await socket.recv()
            await send(socket, "question", {"n": n})
            return json.loads(await socket.recv())["data"]

    async with playing(of(*recorded), once=True) as (played, at):
        answers = await asyncio.gather(*(ask(at, n) for n in reversed(range(20))))
        await played.wait_until_over()
    assert answers == [{"n": n} for n in reversed(range(20))]
    assert played.differences == []


async def test_requests_get_their_answers_on_one_connection_streams_in_pieces_and_files_whole() -> None:
    stream = Body(pieces=((0.0, "event: a\n\n"), (0.01, "event: done\n\n")))
    cassette = Cassette(
        header=Header(),
        exchanges=(
            Exchange(
                at=0.0,
                method="POST",
                path="/v1/conversation/create",
                body=Body(json={"user_id": "recorded"}),
                status=201,
                answer_headers={"Content-Type": "application/json", "X-Tt-Logid": "log-1"},
                answer_body=Body(json={"code": 0, "data": {"for": "recorded"}}),
            ),
            Exchange(at=1.0, method="GET", path="/v3/chat", status=200, answer_body=stream),
            Exchange(at=2.0, method="GET", path="/sound", status=200, answer_body=Body(file="answer.bin", bytes=3)),
        ),
        answer_files={"answer.bin": b"\0\1\2"},
    )
    async with playing(cassette, fast=False) as (played, at), httpx.AsyncClient(base_url=f"http://{at}") as client:
        created = await client.post("/v1/conversation/create", json={"user_id": "this-user"})
        assert (created.status_code, created.json()) == (201, {"code": 0, "data": {"for": "this-user"}})
        assert created.headers["x-tt-logid"] == "log-1"
        assert (await client.get("/v3/chat")).text == "event: a\n\nevent: done\n\n"
        assert (await client.get("/sound")).content == b"\0\1\2"
        assert (await client.options("/v1/conversation/create")).status_code == 204
        assert played.differences == []
        missing = await client.delete("/v1/conversations/1")
        assert missing.status_code == 404
        assert "got DELETE /v1/conversations/1" in missing.json()["msg"]
    assert len(played.differences) == 1


async def test_a_client_that_waits_for_the_word_to_go_on_gets_it() -> None:
    recorded = Exchange(at=0.0, method="PUT", path="/", body=Body(text="ab"), status=200)
    cassette = Cassette(header=Header(), exchanges=(recorded,))
    head = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    async with playing(cassette) as (_, at):
        host, _, port = at.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(head)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        writer.write(b"ab")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.close()


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
async def test_what_is_no_http_is_refused_and_others_are_served(garbage: bytes) -> None:
    async with playing(of(recording(down(0.0, "chat.created")))) as (played, at):
        host, _, port = at.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(garbage + b"\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
        writer.close()
        async with connect(f"ws://{at}/v1/chat") as socket:
            assert json.loads(await socket.recv())["event_type"] == "chat.created"
    assert played.differences == []
