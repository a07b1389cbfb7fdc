"""``/openai/v1/realtime``: who may open it, what the session begins with, and how a client is refused."""

import json
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from kouyu.domain import events as core
from kouyu.domain.configuration import ChatConfig, Configuration, OutputAudio
from kouyu.protocol.wire import Reconfigure, Wire
from kouyu.serving.socket import Socket, SocketClosed
from tests.server.conftest import Running, Start, until

BROWSER = {"Origin": "http://localhost:5173"}
PATH = "/openai/v1/realtime"


async def beginning_session(socket: Socket, *, bot_id: str, wire: Wire[Any] | None, **_: Any) -> None:
    """Stands in for a conversation: tells what the session begins with, under the bot's name, and no more."""
    assert wire is not None
    opening = wire.opening()
    assert isinstance(opening, Reconfigure)
    asked = opening.read(Configuration(), lambda value: None).configuration
    chat = ChatConfig(conversation_id=bot_id)
    voice = OutputAudio(voice_id=asked.output_audio.voice_id or "joe")
    configured = core.Configured(Configuration(input_audio=asked.input_audio, output_audio=voice, chat_config=chat))
    with suppress(SocketClosed):
        for told in wire.told(configured):
            await socket.send(wire.encoded(told))
    while await socket.receive() is not None:
        pass


@pytest.fixture
async def realtime(start: Start) -> Running:
    """A server whose sessions tell what they begin with."""
    return await start(beginning_session)


async def session_of(client: ClientConnection) -> tuple[dict[str, Any], str]:
    """The session, and the bot that it is with."""
    created = json.loads(await client.recv())
    assert created["type"] == "session.created"
    conversation = json.loads(await client.recv())["conversation"]
    return created["session"], conversation["id"].removeprefix("conv_")


async def refused(url: str, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """The status and the error of a client that is refused before the upgrade."""
    with pytest.raises(InvalidStatus) as told:
        async with connect(url, additional_headers=headers):
            pass
    return told.value.response.status_code, json.loads(told.value.response.body)["error"]


@pytest.mark.parametrize("path", [PATH, "/v1/realtime", "/realtime", "//openai/v1/realtime"])
async def test_every_path_is_served_and_no_subprotocol_is_needed(realtime: Running, path: str) -> None:
    async with connect(realtime.url(path), additional_headers=realtime.header) as client:
        assert client.subprotocol is None
        session, bot = await session_of(client)
        assert (session["model"], bot) == ("kouyu", "kouyu")


@pytest.mark.parametrize(
    ("query", "model", "bot"),
    [
        ("?model=tutor", "tutor", "tutor"),
        ("?model=gpt-realtime", "gpt-realtime", "kouyu"),
        ("?model=tutor&call_id=7&x=y", "tutor", "tutor"),
        ("?model=", "kouyu", "kouyu"),
    ],
)
async def test_the_model_names_a_bot_and_another_one_is_answered_by_the_default_bot(
    realtime: Running, query: str, model: str, bot: str
) -> None:
    async with connect(realtime.url(PATH + query), additional_headers=realtime.header) as client:
        session, answering = await session_of(client)
        assert (session["model"], answering) == (model, bot)


async def test_the_intent_begins_a_session_that_transcribes(realtime: Running) -> None:
    async with connect(realtime.url(PATH + "?intent=transcription"), additional_headers=realtime.header) as client:
        session, _ = await session_of(client)
        assert session["type"] == "transcription"


@pytest.mark.parametrize("headers", [{}, BROWSER])
async def test_a_browser_sends_its_key_as_a_subprotocol(realtime: Running, headers: dict[str, str]) -> None:
    offered: Any = ["realtime", f"openai-insecure-api-key.{realtime.token}", "openai-organization.none"]
    async with connect(realtime.url(PATH), subprotocols=offered, additional_headers=headers) as client:
        assert client.subprotocol == "realtime"
        await session_of(client)


@pytest.mark.parametrize("headers", [{"OpenAI-Beta": "realtime=v1"}, {"OpenAI-Beta": "assistants=v2, realtime=v1"}])
async def test_a_client_of_the_beta_is_told_so(realtime: Running, headers: dict[str, str]) -> None:
    async with connect(realtime.url(PATH), additional_headers=realtime.header | headers) as client:
        session, _ = await session_of(client)
        assert session["input_audio_format"] == "pcm16"


async def test_a_browser_of_the_beta_says_so_by_a_subprotocol(realtime: Running) -> None:
    offered: Any = ["realtime", f"openai-insecure-api-key.{realtime.token}", "openai-beta.realtime-v1"]
    async with connect(realtime.url(PATH), subprotocols=offered) as client:
        session, _ = await session_of(client)
        assert session["output_audio_format"] == "pcm16"


@pytest.mark.parametrize(
    "prepared",
    [
        {"type": "realtime", "model": "tutor", "instructions": "Be brief.", "audio": {"output": {"voice": "alpha"}}},
        {"model": "tutor", "instructions": "Be brief.", "voice": "alpha"},
    ],
)
async def test_an_ephemeral_key_begins_the_session_that_it_was_made_with(
    realtime: Running, prepared: dict[str, Any]
) -> None:
    token = await realtime.store.tokens.verify(realtime.token)
    assert token is not None
    made = await realtime.store.client_secrets.create(token.id, prepared, 60)
    assert made is not None
    async with connect(realtime.url(PATH), additional_headers={"Authorization": f"Bearer {made[0]}"}) as client:
        session, bot = await session_of(client)
        assert (session["instructions"], session["audio"]["output"]["voice"]) == ("Be brief.", "alpha")
        assert (session["model"], bot) == ("tutor", "tutor")
    status, _ = await refused(realtime.url("/openai/v1/realtime"), {"Authorization": f"Bearer {made[0][:-1]}"})
    assert status == 401


async def test_an_ephemeral_key_with_a_session_at_fault_is_refused_with_the_field(realtime: Running) -> None:
    token = await realtime.store.tokens.verify(realtime.token)
    assert token is not None
    made = await realtime.store.client_secrets.create(token.id, {"type": "realtime", "instructions": 5}, 60)
    assert made is not None
    status, error = await refused(realtime.url(PATH), {"Authorization": f"Bearer {made[0]}"})
    assert status == 400
    assert "session.instructions" in error["message"]


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer wrong"}, {}, BROWSER])
async def test_a_wrong_key_is_refused_before_the_upgrade_browsers_too(
    realtime: Running, headers: dict[str, str]
) -> None:
    status, error = await refused(realtime.url(PATH), headers)
    assert (status, error["code"], error["type"]) == (401, "invalid_api_key", "invalid_request_error")


async def test_a_key_without_the_permission_is_refused(realtime: Running) -> None:
    _, secret = await realtime.store.tokens.create("rest-only", permissions=("text",))
    status, error = await refused(realtime.url(PATH), {"Authorization": f"Bearer {secret}"})
    assert (status, error["code"]) == (403, "insufficient_permissions")


async def test_a_full_server_refuses_before_the_upgrade(start: Start) -> None:
    server = await start(beginning_session, max_sessions=1)
    async with connect(server.url(PATH), additional_headers=server.header) as client:
        await session_of(client)
        status, error = await refused(server.url(PATH), server.header)
        assert (status, error["code"]) == (503, "server_overloaded")
    await until(lambda: not server.sessions.refusal())


async def test_a_session_whose_token_is_deleted_is_told_in_the_protocols_words(realtime: Running) -> None:
    record, secret = await realtime.store.tokens.create("short")
    async with connect(realtime.url(PATH), additional_headers={"Authorization": f"Bearer {secret}"}) as client:
        await session_of(client)
        await realtime.store.tokens.revoke(record.id)
        error = json.loads(await client.recv())
        assert (error["type"], error["error"]["type"]) == ("error", "invalid_request_error")
        assert error["error"]["code"] == "invalid_api_key", "a client dials again with another code"
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1008
