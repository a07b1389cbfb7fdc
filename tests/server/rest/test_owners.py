"""One owner's data is invisible to another owner's token: every endpoint that the server describes, and /v1/chat.

Each request is sent with the ids of another owner's data, and with ids that nobody has: the answers are the same.
"""

import asyncio
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import text
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from kouyu.domain.ids import IdFactory
from kouyu.domain.messages import Message
from kouyu.store.chats import PutChat
from kouyu.store.conversations import CreateConversation
from kouyu.store.message_writes import AddMessage
from kouyu.store.sound_bounds import Bounds
from kouyu.store.sounds import SoundRecord
from kouyu.store.store import Store
from kouyu.store.voiceprint_writes import Enrolment
from tests.end_to_end.running_server import RunningServer
from tests.server.openapi.test_document import operations
from tests.store.said import chat

pytestmark = pytest.mark.models

WAV: Final = b"RIFF" + bytes(100)
QUESTION: Final = {"role": "user", "content_type": "text", "content": "Where to?"}


@dataclass(frozen=True)
class Ask:
    """A request. ``{conversation}`` and the like stand for ids; ``mine`` is the status of the owner's own request."""

    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    form: dict[str, str] | None = None
    file: bool = True
    mine: int = 200


CONVERSATION: Final = {"conversation_id": "{conversation}"}
MESSAGE: Final = {**CONVERSATION, "message_id": "{message}"}
CHAT: Final = {**CONVERSATION, "chat_id": "{chat}"}
NO_SPEECH: Final = 400
SETTLED: Final = "scripted"
OWNED: Final = ("conversations", "files", "bots", "variables", "voiceprint_groups")
"""The tables with an owner."""

ASKS: Final[dict[str, list[Ask]]] = {
    "GET /v1/files/retrieve": [Ask({"file_id": "{file}"})],
    "POST /v1/files/upload": [Ask(form={})],
    "GET /v1/conversation/retrieve": [Ask(CONVERSATION)],
    "GET /v1/conversations": [Ask({"bot_id": SETTLED}), Ask({"bot_id": "{bot}"})],
    "POST /v1/conversation/create": [Ask(body={}), Ask(body={"bot_id": "{bot}"})],
    "PUT /v1/conversations/{conversation_id}": [Ask(body={"name": "taken"}), Ask(body={})],
    "POST /v1/conversations/{conversation_id}/clear": [Ask()],
    "POST /v1/conversation/message/list": [
        Ask(CONVERSATION, {}),
        Ask(CONVERSATION, {"chat_id": "{chat}", "before_id": "{message}"}),
    ],
    "GET /v1/conversation/message/retrieve": [Ask(MESSAGE)],
    "POST /v1/conversation/message/retrieve": [Ask(MESSAGE)],
    "POST /v1/conversation/message/create": [Ask(CONVERSATION, QUESTION)],
    "POST /v1/conversation/message/modify": [Ask(MESSAGE, {"content": "changed", "content_type": "text"})],
    "POST /v1/conversations/{conversation_id}/messages/{message_id}/feedback": [Ask(body={"feedback_type": "like"})],
    "DELETE /v1/conversations/{conversation_id}/messages/{message_id}/feedback": [Ask()],
    "POST /v3/chat": [
        Ask(CONVERSATION, {"bot_id": SETTLED, "additional_messages": [QUESTION]}, mine=409),
        Ask({}, {"bot_id": "{bot}"}, mine=400),
    ],
    "GET /v3/chat/retrieve": [Ask(CHAT)],
    "POST /v3/chat/retrieve": [Ask(CHAT)],
    "GET /v3/chat/message/list": [Ask(CHAT)],
    "POST /v3/chat/cancel": [Ask(body=CHAT, mine=409)],
    "POST /v3/chat/submit_tool_outputs": [Ask(CHAT, {"tool_outputs": []}, mine=400)],
    "POST /v1/workflows/chat": [Ask(body={"workflow_id": "none", "bot_id": "{bot}"}, mine=404)],
    "GET /v1/audio/voices": [Ask()],
    "POST /v1/audio/speech": [Ask(body={"input": "", "voice_id": "none"}, mine=400)],
    "POST /v1/audio/transcriptions": [Ask(form={}, mine=400)],
    "POST /v1/audio/voices/clone": [Ask(form={}, mine=400)],
    "POST /v1/audio/rooms": [Ask(mine=404)],
    "GET /v1/audio/voiceprint_groups": [Ask(), Ask({"group_id": "{group}"}), Ask({"user_id": "{token}"})],
    "POST /v1/audio/voiceprint_groups": [Ask(body={"name": "new"})],
    "PUT /v1/audio/voiceprint_groups/{group_id}": [Ask(body={"name": "changed"})],
    "GET /v1/audio/voiceprint_groups/{group_id}/features": [Ask()],
    "POST /v1/audio/voiceprint_groups/{group_id}/features": [Ask(form={"name": "Bob"}, mine=NO_SPEECH)],
    "PUT /v1/audio/voiceprint_groups/{group_id}/features/{feature_id}": [
        Ask(form={"name": "Bob"}, mine=NO_SPEECH),
        Ask(form={"name": "Bob"}, file=False),
    ],
    "GET /v1/audio/voiceprint_groups/{group_id}/features/{feature_id}/audio": [Ask()],
    "POST /v1/audio/voiceprint_groups/{group_id}/speaker_identify": [Ask(form={}, mine=NO_SPEECH)],
    "GET /v1/bots": [Ask({"publish_status": "all"}), Ask({"publish_status": "published_online"})],
    "GET /v1/space/published_bots_list": [Ask({"space_id": "1"})],
    "GET /v1/bots/{bot_id}": [Ask(), Ask({"is_published": "false"})],
    "GET /v1/bot/get_online_info": [Ask({"bot_id": "{bot}"})],
    "POST /v1/bot/create": [
        Ask(body={"space_id": "1", "name": "new"}),
        Ask(body={"space_id": "1", "name": "new", "icon_file_id": "{picture}"}),
    ],
    "POST /v1/bot/update": [Ask(body={"bot_id": "{bot}", "name": "changed"})],
    "POST /v1/bot/publish": [Ask(body={"bot_id": "{bot}", "connector_ids": ["1024"]})],
    "GET /v1/workspaces": [Ask()],
    "GET /v1/users/me": [Ask()],
    "GET /v1/variables": [
        Ask({"bot_id": SETTLED, "connector_uid": "ada"}),
        Ask({"bot_id": "{bot}", "connector_uid": "ada"}),
    ],
    "PUT /v1/variables": [
        Ask(body={"bot_id": SETTLED, "connector_uid": "ada", "data": [{"keyword": "city", "value": "Rome"}]})
    ],
    "GET /v1/kouyu/audio/list": [Ask(CONVERSATION)],
    "GET /v1/kouyu/audio": [Ask(MESSAGE)],
    "GET /v1/kouyu/configuration": [Ask()],
    "GET /v1/kouyu/status": [Ask()],
    "GET /v1/kouyu/metrics": [Ask()],
    "GET /v1/diagnostics/turns": [Ask({"log_id": "{message}"}, mine=404)],
    "POST /v1/kouyu/logout": [Ask(mine=403)],
    "GET /metrics": [Ask()],
    "GET /v1/kouyu/tokens": [Ask(mine=403)],
    "POST /v1/kouyu/tokens": [Ask(body={"name": "new"}, mine=403)],
    "PUT /v1/kouyu/tokens/{token_id}": [Ask(body={}, mine=403)],
    "DELETE /v1/kouyu/tokens/{token_id}": [Ask(mine=403)],
    "GET /v1/kouyu/user": [Ask({"user_id": "ada"}, mine=403)],
    "DELETE /v1/kouyu/user": [Ask({"user_id": "ada"}, mine=403)],
    "GET /v1/apps": [Ask()],
    "GET /v1/apps/{app_id}": [Ask(mine=404)],
    "GET /v1/workflows": [Ask()],
    "GET /v1/workflows/{workflow_id}": [Ask(mine=404)],
    "GET /v1/workflows/{workflow_id}/versions": [Ask(mine=404)],
    "GET /v1/workflows/{workflow_id}/run_histories/{execute_id}": [Ask(mine=404)],
    "GET /v1/workflows/{workflow_id}/run_histories/{execute_id}/execute_nodes/{node_execute_uuid}": [Ask(mine=404)],
    "POST /v1/workflow/run": [Ask(body={"workflow_id": "none", "bot_id": "{bot}"}, mine=404)],
    "POST /v1/workflow/stream_run": [Ask(body={"workflow_id": "none", "bot_id": "{bot}"}, mine=404)],
    "POST /v1/workflow/stream_resume": [Ask(body={"workflow_id": "none", "event_id": "1"}, mine=404)],
    "GET /v1/diagnostics/sessions": [Ask()],
    "GET /v1/kouyu/bots/choices": [Ask()],
    "POST /v1/kouyu/bots/try": [Ask(body={"message": "", "bot_id": "{bot}"}, mine=400)],
    "GET /v1/kouyu/conversations": [Ask({"text": "talk of"}), Ask({"bot_id": "{bot}"})],
    "GET /v1/kouyu/conversations/{conversation_id}/export": [Ask({"format": "json"}), Ask({"format": "txt"})],
    "GET /v1/kouyu/endpoints": [Ask()],
    "GET /v1/kouyu/failures": [Ask()],
    "GET /v1/kouyu/sign_ins/{user_code}": [Ask(mine=404)],
    "POST /v1/kouyu/sign_ins": [Ask(body={}, mine=400)],
    "POST /v1/kouyu/sign_ins/{user_code}": [Ask(body={"allow": True}, mine=404)],
    "POST /openai/v1/audio/speech": [Ask(body={"input": "", "voice": "none"}, mine=400)],
    "POST /openai/v1/audio/transcriptions": [Ask(form={}, mine=400)],
    "POST /openai/v1/audio/translations": [Ask(form={}, mine=400)],
    "POST /openai/v1/chat/completions": [Ask(body={"model": "{bot}", "messages": [QUESTION], "n": 2}, mine=400)],
    "POST /openai/v1/realtime/client_secrets": [Ask(body={"session": {"type": "none"}}, mine=400)],
    "POST /openai/v1/realtime/sessions": [Ask(body={})],
    "POST /openai/v1/realtime/calls": [Ask(mine=400)],
    "GET /openai/v1/models": [Ask()],
    "GET /openai/v1/models/{bot_id}": [Ask()],
    # Last, in this order: what they delete, the others need.
    "DELETE /v1/kouyu/audio": [Ask(MESSAGE)],
    "POST /v1/conversation/message/delete": [Ask(MESSAGE)],
    "DELETE /v1/conversations/{conversation_id}": [Ask()],
    "DELETE /v1/audio/voiceprint_groups/{group_id}/features/{feature_id}": [Ask()],
    "DELETE /v1/audio/voiceprint_groups/{group_id}": [Ask()],
    "POST /v1/bots/{bot_id}/unpublish": [Ask(body={})],
}
"""What is asked of each endpoint that needs a token."""
CHANGES_BY_ITSELF: Final = {
    "GET /v1/kouyu/status",
    "GET /v1/kouyu/metrics",
    "GET /metrics",
    "GET /v1/conversations",
    "POST /openai/v1/realtime/sessions",
}
"""Answers with times, counts and new ids, of which only what they must not hold is compared."""


@dataclass
class Owner:
    """A token, and what belongs to its owner."""

    name: str
    headers: dict[str, str]
    ids: dict[str, str]


async def furnish(server: RunningServer, name: str) -> Owner:
    """Make a token of a new owner, and something of each kind."""
    data = server.folder / "data"
    async with await Store.open(data / "kouyu.db", recover=False, files_folder=data / "files") as store:
        token, secret = await store.tokens.create(name, owner=name)
        new, mine = IdFactory().next_id, store.of(name)
        ids = {"conversation": new(), "message": new(), "chat": new(), "token": token.id}
        place: Any = {"conversation_id": ids["conversation"], "section_id": ids["conversation"], "bot_id": SETTLED}
        said: Any = {"role": "user", "type": "question", "content": f"said by {name}", "content_type": "text"}
        await mine.write(
            CreateConversation(id=ids["conversation"], bot_id=SETTLED, created_at=1, name=f"talk of {name}"),
            AddMessage(Message(id=ids["message"], chat_id=ids["chat"], **place, **said), 1),
            PutChat(chat(ids["chat"], "in_progress", conversation_id=ids["conversation"])),
        )
        sound = SoundRecord(
            message_id=ids["message"],
            conversation_id=ids["conversation"],
            role="user",
            media_type="audio/ogg",
            duration_ms=1,
            size=1,
            created_at=2**31,
        )
        await mine.sounds.keep(sound, b"o", Bounds(days=10_000, max_bytes=10**9))
        ids["file"] = (await mine.files.add("notes.txt", f"written by {name}".encode())).id
        ids["picture"] = (await mine.files.add("a.gif", b"GIF89a")).id
        await mine.variables.set(SETTLED, "ada", {"city": f"city of {name}"})
        ids["group"] = await mine.voiceprints.create_group(f"group of {name}", creator_id=token.id)
        voice = Enrolment(model="test", vector=bytes(1024), speech_ms=3000, audio=WAV)
        ids["feature"] = await mine.voiceprints.enrol(ids["group"], f"voice of {name}", voice, creator_id=token.id)
    headers = {"Authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=server.http, headers=headers, trust_env=False) as rest:
        bot = {"space_id": "1", "name": f"bot of {name}"}
        ids["bot"] = (await rest.post("/v1/bot/create", json=bot)).json()["data"]["bot_id"]
        publish = {"bot_id": ids["bot"], "connector_ids": ["1024"]}
        assert (await rest.post("/v1/bot/publish", json=publish)).json()["code"] == 0
    return Owner(name, headers, ids)


@pytest.fixture(scope="module")
def ada(scripted_server: RunningServer) -> Owner:
    return asyncio.run(furnish(scripted_server, f"ada-{secrets.token_hex(4)}"))


@pytest.fixture(scope="module")
def bob(scripted_server: RunningServer) -> Owner:
    return asyncio.run(furnish(scripted_server, f"bob-{secrets.token_hex(4)}"))


@pytest.fixture(scope="module")
def nobody(ada: Owner) -> dict[str, str]:
    """Ids like those of ada that nobody has."""
    new = IdFactory().next_id
    return {kind: new() for kind in ada.ids}


@pytest.fixture(scope="module")
def client(scripted_server: RunningServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=scripted_server.http, timeout=30, trust_env=False) as opened:
        yield opened


def filled(value: Any, ids: dict[str, str]) -> Any:
    """``value`` with ids in the places for them."""
    match value:
        case str():
            return re.sub(r"\{(\w+?)(_id)?\}", lambda place: ids.get(place[1], place[0]), value)
        case dict():
            return {name: filled(each, ids) for name, each in value.items()}
        case list():
            return [filled(each, ids) for each in value]
        case _:
            return value


def answered(client: httpx.Client, operation: str, asked: Ask, owner: Owner, ids: dict[str, str]) -> tuple[int, str]:
    """The status, and the answer with names in place of the ids that were sent."""
    method, path = operation.split(" ")
    content: dict[str, Any] = {"json": filled(asked.body, ids)}
    if asked.form is not None:
        content = {"data": asked.form} | ({"files": {"file": ("a.wav", WAV)}} if asked.file else {})
    answer = client.request(
        method, filled(path, ids), params=filled(asked.query, ids), headers=owner.headers, **content
    )
    return answer.status_code, named(answer.text, ids)


def named(told: str, ids: dict[str, str]) -> str:
    for kind, given in ids.items():
        told = told.replace(given, f"<{kind}>")
    return re.sub(r"\"logid\":\"\w+\"", "", told)


def without_new_ids(told: str) -> str:
    """An answer in which what the request made has no id or time."""
    return re.sub(r"\b\d{10}\b|\b\d{19}\b", "new", told)


def test_every_endpoint_that_needs_a_token_is_asked(client: httpx.Client) -> None:
    described = operations(client.get("/docs/openapi.json").json())
    guarded = {name for name, operation in described.items() if operation.get("security") != []}
    assert guarded == ASKS.keys()
    with_ids = re.compile(r"\{\w+\}")
    for name in guarded:
        asked = ASKS[name]
        says = json.dumps([described[name].get("parameters", []), described[name].get("requestBody", {})])
        for kind in ("conversation_id", "message_id", "chat_id", "file_id", "group_id", "feature_id", "bot_id"):
            if f'"name": "{kind}"' in says and kind not in name:
                assert any(kind in each.query and with_ids.search(each.query[kind]) for each in asked), (name, kind)


@pytest.mark.parametrize("operation", ASKS)
def test_what_is_anothers_is_as_if_it_did_not_exist(
    client: httpx.Client, operation: str, ada: Owner, bob: Owner, nobody: dict[str, str]
) -> None:
    for asked in ASKS[operation]:
        anothers = answered(client, operation, asked, bob, ada.ids)
        unknown = answered(client, operation, asked, bob, nobody)
        for told in (anothers, unknown):
            assert ada.name not in told[1]
            assert not [kind for kind, given in ada.ids.items() if given in told[1]]
        if operation not in CHANGES_BY_ITSELF:
            assert without_new_ids(anothers[1]) == without_new_ids(unknown[1])
        assert anothers[0] == unknown[0]


async def rows_of(server: RunningServer, owner: Owner) -> list[Any]:
    """All that is stored of an owner."""
    async with await Store.open(server.folder / "data" / "kouyu.db", recover=False) as store:
        found: list[Any] = []
        in_conversation = f"conversation_id IN (SELECT id FROM conversations WHERE owner = '{owner.name}')"
        for table, of_owner in {
            **dict.fromkeys(OWNED, f"owner = '{owner.name}'"),
            **dict.fromkeys(("messages", "chats", "sounds"), in_conversation),
            "voiceprint_features": f"group_id = '{owner.ids['group']}'",
        }.items():
            query = text(f"SELECT * FROM {table} WHERE {of_owner}")
            found.append(await store._database._reading.run(lambda open_: [tuple(r) for r in open_.execute(query)]))  # noqa: B023
        return found


def test_nothing_of_it_was_changed_and_its_owner_may_do_all_of_that(
    client: httpx.Client, scripted_server: RunningServer, bob: Owner
) -> None:
    carol = asyncio.run(furnish(scripted_server, f"carol-{secrets.token_hex(4)}"))
    before = asyncio.run(rows_of(scripted_server, carol))
    assert all(before)
    for operation, asked in ASKS.items():
        for each in asked:
            answered(client, operation, each, bob, carol.ids)
    assert asyncio.run(rows_of(scripted_server, carol)) == before
    refused = {
        operation: (status, told)
        for operation, asked in ASKS.items()
        for each in asked
        if (status := (mine := answered(client, operation, each, carol, carol.ids))[0]) != each.mine
        and (told := mine[1])
    }
    assert refused == {}
    noted = asyncio.run(audit_of(scripted_server, carol))
    assert noted == [
        "bot.created",
        "bot.published",
        "bot.created",
        "bot.created",
        "bot.changed",
        "bot.published",
        "bot.unpublished",
    ]


async def audit_of(server: RunningServer, owner: Owner) -> list[str]:
    """What this owner's token administered, in order."""
    async with await Store.open(server.folder / "data" / "kouyu.db", recover=False) as store:
        return [entry.action for entry in reversed(await store.audit.list()) if entry.actor == owner.name]


def talked(server: RunningServer, owner: Owner, ids: dict[str, str], query: str, *events: dict[str, Any]) -> list[str]:
    """The events up to the answer to the last of ``events``, which is ``conversation.clear``."""
    told: list[str] = []
    url = f"{server.http.replace('http', 'ws')}/v1/chat{filled(query, ids)}"
    with connect(url, additional_headers=owner.headers) as socket:
        with suppress(ConnectionClosed):  # a client that is refused reads why below
            for event in (*events, {"event_type": "conversation.clear"}):
                socket.send(json.dumps({"id": "1", **filled(event, ids)}))
        while True:
            event = json.loads(socket.recv(timeout=30))
            told.append(without_new_ids(named(json.dumps(event.get("data", {}) | {"type": event["event_type"]}), ids)))
            if event["event_type"] in ("conversation.cleared", "error"):
                return [re.sub(r'"event_\w+"|"[0-9a-f-]{36}"', "", each) for each in told]


@pytest.mark.parametrize(
    ("query", "update"),
    [
        ("?bot_id={bot}", {}),
        ("", {"chat_config": {"conversation_id": "{conversation}"}}),
        ("", {"voice_print_config": {"group_id": "{group}", "score": 40}}),
        ("", {"voice_processing_config": {"enable_pdns": True, "voice_print_feature_id": "{feature}"}}),
    ],
    ids=["bot", "conversation", "group", "speaker"],
)
def test_a_conversation_knows_nothing_of_others(
    scripted_server: RunningServer, ada: Owner, bob: Owner, nobody: dict[str, str], query: str, update: dict[str, Any]
) -> None:
    event = {"event_type": "chat.update", "data": update}
    anothers = talked(scripted_server, bob, ada.ids, query, event)
    assert anothers == talked(scripted_server, bob, nobody, query, event)
    mine = talked(scripted_server, ada, ada.ids, query, event)
    assert mine != anothers or "group" in str(update)
