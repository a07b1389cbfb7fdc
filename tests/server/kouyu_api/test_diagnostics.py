"""Who may watch which session, what a watcher gets, and what happens when it does not read."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from kouyu.conversation.conversation import Conversation
from kouyu.conversation.identity import Identity
from kouyu.conversation.inputs import ConfigurationUpdate
from kouyu.conversation.limits import Limits
from kouyu.diagnostics.facts.session import SessionSeen
from kouyu.diagnostics.facts.turn import TurnStarted
from kouyu.diagnostics.live_session import LiveSession, OpenedBy
from kouyu.diagnostics.watcher import MOST_WAITING, Wanted
from kouyu.diagnostics.watcher_hub import MOST_WATCHERS
from kouyu.diagnostics.wire_tap import Tapped, WireTap
from kouyu.domain.ids import IdFactory
from kouyu.domain.requests import WriteMessage
from kouyu.protocol.coze.merge import merge
from kouyu.store.token_records import Permission
from tests.conversation.simulation import CAPABILITIES
from tests.server.conftest import Running, until


class Talk:
    """A session of the hub, with the clock at ``now``."""

    def __init__(self, live: LiveSession, conversation: Conversation) -> None:
        self.live = live
        self._conversation = conversation

    def give(self, received: Any, now: float = 1.0) -> None:
        effects = self._conversation.receive(received, now)
        if self.live.observer is not None:
            self.live.observe(received, effects, now)

    def configure(self, **data: Any) -> None:
        self.give(ConfigurationUpdate(requested=merge(self._conversation.requested, data).configuration))

    def write(self, text: str) -> None:
        self.give(WriteMessage(role="user", content=text))


@contextmanager
def session(
    server: Running, log_id: str = "log 1", token_id: str = "", owner: str = "", wire: Tapped | None = None
) -> Iterator[Talk]:
    identity = Identity(ids=IdFactory(), bot_id="kouyu", epoch=0.0)
    conversation = Conversation(identity=identity, capabilities=CAPABILITIES, limits=Limits())
    about = SessionSeen(
        log_id=log_id, epoch_ms=1000, bot_id="kouyu", workflow_id="", software="phone/1.0", limits=Limits()
    )
    with server.watcher_hub.session(
        about,
        opened_by=OpenedBy(owner=owner, token_id=token_id, token_name=f"token {token_id}"),
        conversation=conversation,
        clock=lambda: 2.0,
        wire=wire,
    ) as live:
        yield Talk(live, conversation)


async def token(server: Running, *permissions: Permission) -> tuple[str, str]:
    record, secret = await server.store.tokens.create("watcher", permissions=permissions)
    return record.id, secret


async def facts(connection: ClientConnection, last: str) -> list[dict[str, Any]]:
    """The messages up to the first fact of type ``last``."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not found or found[-1]["fact"]["type"] != last:
            found.append(json.loads(await connection.recv()))
    return found


def watching(server: Running, query: str = "", secret: str = "") -> Any:
    header = {"Authorization": f"Bearer {secret or server.token}"}
    return connect(server.url(f"/v1/diagnostics{query}"), additional_headers=header)


@pytest.mark.parametrize("permissions", [("voice",), ("text",), ("login",)])
async def test_without_the_permission_nobody_watches(server: Running, permissions: tuple[Permission, ...]) -> None:
    _, secret = await token(server, *permissions)
    with pytest.raises(InvalidStatus) as refused:
        async with watching(server, secret=secret):
            pass
    assert refused.value.response.status_code == 403


async def test_a_watcher_gets_what_happens(server: Running) -> None:
    with session(server) as talk:
        async with watching(server) as connection:
            assert [message["fact"]["type"] for message in await facts(connection, "session.configured")] == [
                "session",
                "session.configured",
            ]
            talk.write("hello")
            got = await facts(connection, "chat")
    assert {message["session"] for message in got} == {"log 1"}
    assert [message["fact"]["type"] for message in got] == ["turn.started", "reply.asked", "chat"]
    assert got[1]["fact"]["question"] == "hello"
    assert got[1]["fact"]["at_ms"] == 1000.0


async def test_sessions_that_begin_later_are_seen_too_and_so_is_their_end(server: Running) -> None:
    async with watching(server) as connection:
        await until(lambda: server.watcher_hub.watchers == 1)
        with session(server) as talk:
            talk.write("hello")
        got = await facts(connection, "session.ended")
    assert got[0]["fact"]["log_id"] == "log 1"


async def test_nothing_is_made_while_nobody_watches(server: Running) -> None:
    with session(server) as talk:
        talk.write("hello")
        assert talk.live.observer is None
        assert talk.live.turns() == []
        async with watching(server, "?log_id=another"):
            await until(lambda: server.watcher_hub.watchers == 1)
            assert talk.live.observer is None
        async with watching(server, "?log_id=log%201"):
            await until(lambda: talk.live.observer is not None)
        await until(lambda: talk.live.observer is None)


async def test_who_comes_later_gets_the_turns_that_were_seen(server: Running) -> None:
    with session(server) as talk:
        async with watching(server) as connection:
            await facts(connection, "session.configured")
            talk.write("hello")
            await facts(connection, "chat")
        await until(lambda: talk.live.observer is None)
        async with watching(server) as connection:
            got = await facts(connection, "turn.ended")
            talk.write("again")
            after = await facts(connection, "turn.started")
    kinds = [message["fact"]["type"] for message in got]
    assert kinds == ["session", "session.configured", "turn.started", "reply.asked", "chat", "turn.ended"]
    assert after[-1]["fact"]["turn"] == 2


async def test_a_token_with_own_diagnostics_sees_what_it_opened(server: Running) -> None:
    token_id, secret = await token(server, "own_diagnostics")
    with session(server, "mine", token_id=token_id), session(server, "theirs", owner="1"):
        async with watching(server, secret=secret) as connection:
            got = await facts(connection, "session.configured")
            assert {message["session"] for message in got} == {"mine"}
            assert {live.about.log_id for live in server.watcher_hub.sessions(Wanted(token_id=token_id))} == {"mine"}
        answer = await ask(server, "?log_id=theirs", secret)
    assert answer.status_code == 404


async def test_whoever_watches_a_user_sees_the_session_from_when_it_is_theirs(server: Running) -> None:
    with session(server) as talk:
        async with watching(server, "?user_id=ada") as connection:
            await until(lambda: server.watcher_hub.watchers == 1)
            assert talk.live.observer is None
            talk.configure(chat_config={"user_id": "ada"})
            server.watcher_hub.changed(talk.live)
            got = await facts(connection, "session.configured")
    assert got[0]["fact"]["user_id"] == "ada"


class Wire:
    """The connection of a session of the hub."""

    wire_tap: WireTap | None = None

    def carries(self, *uplink: str, downlink: str) -> None:
        """Pass on messages, as a connection does."""
        if self.wire_tap is not None:
            for message in uplink:
                self.wire_tap.received(message)
            self.wire_tap.sent(downlink)


async def test_whoever_wants_events_gets_each_message_with_the_size_of_its_audio(server: Running) -> None:
    wire = Wire()
    with session(server, wire=wire):
        async with watching(server, "?events=true") as connection:
            await facts(connection, "session.configured")
            append = {
                "id": "1",
                "event_type": "input_audio_buffer.append",
                "data": {"delta": b64encode(bytes(640)).decode()},
            }
            wire.carries(json.dumps(append), "no JSON", downlink='{"event_type": "chat.updated", "data": {}}')
            got = [message["fact"] for message in await facts(connection, "event.sent")]
    assert [fact["type"] for fact in got] == ["event.received", "event.received", "event.sent"]
    assert (got[0]["audio_bytes"], got[0]["bytes"], got[0]["at_ms"]) == (640, len(json.dumps(append)), 2000.0)
    assert got[0]["event"] == {**append, "data": {"delta": "(640 bytes)"}}
    assert (got[1]["event"], got[1]["text"]) == (None, "no JSON")
    assert got[2]["event"] == {"event_type": "chat.updated", "data": {}}


async def test_messages_are_copied_only_while_somebody_wants_them(server: Running) -> None:
    wire = Wire()
    with session(server, wire=wire) as talk:
        async with watching(server) as connection:
            await facts(connection, "session.configured")
            assert wire.wire_tap is None
            async with watching(server, "?events=true") as other:
                await facts(other, "session.configured")
                wire.carries(downlink="{}")
                await facts(other, "event.sent")
            await until(lambda: wire.wire_tap is None)
            talk.write("hello")
            assert "event.sent" not in [message["fact"]["type"] for message in await facts(connection, "chat")]


async def live(server: Running, secret: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        return await client.get("/v1/diagnostics/sessions", headers={"Authorization": f"Bearer {secret}"})


async def test_live_connections_are_listed_with_their_client_format_and_state(server: Running) -> None:
    with session(server, token_id="7") as talk:
        talk.configure(input_audio={"format": "pcm", "codec": "g711a"}, output_audio={"codec": "opus"})
        talk.write("hello")
        (shown,) = (await live(server, server.token)).json()["data"]
    assert (shown["log_id"], shown["bot_id"], shown["token"]) == ("log 1", "kouyu", "token 7")
    assert (shown["software"], shown["state"], shown["turn_detection"]) == (
        "phone/1.0",
        "answering",
        "client_interrupt",
    )
    assert (shown["input_audio"]["codec"], shown["input_audio"]["sample_rate"]) == ("g711a", 8000)
    assert shown["output_audio"] == {"codec": "opus", "sample_rate": 24000}


async def test_the_list_has_only_what_the_token_may_watch(server: Running) -> None:
    token_id, secret = await token(server, "own_diagnostics")
    with session(server, "mine", token_id=token_id), session(server, "other's"), session(server, "theirs", owner="1"):
        assert [each["log_id"] for each in (await live(server, secret)).json()["data"]] == ["mine"]
        seen = [each["log_id"] for each in (await live(server, server.token)).json()["data"]]
        assert seen == ["mine", "other's"]
    _, voice = await server.store.tokens.create("voice", permissions=("voice",))
    assert (await live(server, voice)).status_code == 403


async def ask(server: Running, query: str, secret: str = "") -> httpx.Response:
    header = {"Authorization": f"Bearer {secret or server.token}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        return await client.get(f"/v1/diagnostics/turns{query}", headers=header)


async def test_a_turn_is_exported(server: Running) -> None:
    with session(server) as talk:
        talk.live.begin()
        talk.write("hello")
        answer = await ask(server, "?log_id=log%201&turn=1")
        every = await ask(server, "?log_id=log%201")
        missing = await ask(server, "?log_id=log%201&turn=2")
    turn = answer.json()["data"]
    assert (turn["format"], turn["version"], turn["turn"], turn["ended"]) == ("kouyu.turn", 1, 1, False)
    assert turn["session"]["log_id"] == "log 1"
    assert [fact["type"] for fact in turn["facts"]] == ["session.configured", "turn.started", "reply.asked", "chat"]
    assert every.json()["data"] == [turn]
    assert (missing.status_code, missing.json()["code"]) == (404, 4200)


async def test_a_watcher_that_does_not_read_loses_facts_and_gets_their_number(server: Running) -> None:
    with session(server) as talk, server.watcher_hub.watch(Wanted()) as watcher:
        for number in range(MOST_WAITING):
            talk.live.tell(TurnStarted(at_ms=0, turn=number, cause="text"))
        read = [json.loads(await watcher.get()) for _ in range(MOST_WAITING)]
        talk.live.tell(TurnStarted(at_ms=0, turn=1, cause="text"))
        after = [json.loads(await watcher.get()) for _ in range(2)]
    assert [message["fact"]["type"] for message in read[:2]] == ["session", "session.configured"]
    assert after[0] == {"session": "", "fact": {"type": "facts.dropped", "at_ms": 0.0, "turn": 0, "count": 2}}
    assert after[1]["fact"]["type"] == "turn.started"


async def test_there_may_be_only_so_many_watchers(server: Running) -> None:
    crowd = [server.watcher_hub.watch(Wanted()) for _ in range(MOST_WATCHERS)]
    for one in crowd:
        one.__enter__()
    with pytest.raises(InvalidStatus) as refused:
        async with watching(server):
            pass
    assert refused.value.response.status_code == 503
    for one in crowd:
        one.__exit__(None, None, None)


async def test_a_fault_of_the_observer_does_not_reach_the_session(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with session(server) as talk, server.watcher_hub.watch(Wanted()):
        observer = talk.live.observer
        assert observer is not None
        monkeypatch.setattr(observer, "observe", fail)
        talk.write("hello")
        assert talk.live.observer is None
        talk.write("hello again")
