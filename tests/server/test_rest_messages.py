"""Files and messages over REST: asked by the unmodified cozepy, and by requests no SDK makes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import httpx
import pytest
from cozepy import Coze, CozeAPIError, SyncHTTPClient, TokenAuth

from kouyu.domain.chats import Chat
from kouyu.domain.messages import Message
from kouyu.store.chats import PutChat
from kouyu.store.conversations import CreateConversation
from kouyu.store.message_writes import AddMessage
from tests.server.conftest import Running

T = TypeVar("T")
IDS = {"conversation_id": "c", "bot_id": "kouyu", "chat_id": "t", "section_id": "c"}


def message(number: int, role: str, kind: str, **fields: Any) -> AddMessage:
    said = {"role": role, "type": kind, "content": f"words {number}", "content_type": "text"} | fields
    return AddMessage(Message(id=f"m{number}", **IDS, **said), 100 + number)  # type: ignore[arg-type]


@pytest.fixture
async def talked(server: Running) -> Running:
    """A server with one chat of a conversation in its store."""
    meta_data = {"order": "42"}
    chat = Chat(
        id="t",
        conversation_id="c",
        bot_id="kouyu",
        created_at=100,
        status="completed",
        section_id="c",
        meta_data=meta_data,
    )
    await server.store.of("").write(
        CreateConversation(id="c", bot_id="kouyu", created_at=100),
        CreateConversation(id="other", bot_id="kouyu", created_at=100),
        PutChat(chat),
        message(1, "user", "question", meta_data=meta_data),
        message(2, "assistant", "answer", meta_data=meta_data),
        message(3, "assistant", "verbose", meta_data=meta_data),
    )
    return server


@pytest.fixture
async def coze(server: Running, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Coze], Any]], Any]:
    """Runs something with cozepy, on a thread since it blocks."""

    async def run(ask: Callable[[Coze], T]) -> T:
        with SyncHTTPClient(trust_env=False) as http:
            client = Coze(TokenAuth(server.token), base_url=f"http://127.0.0.1:{server.port}", http_client=http)
            return await asyncio.to_thread(ask, client)

    return run


@pytest.fixture
async def http(server: Running) -> AsyncIterator[httpx.AsyncClient]:
    base_url = f"http://127.0.0.1:{server.port}"
    async with httpx.AsyncClient(base_url=base_url, headers=server.header, trust_env=False) as client:
        yield client


async def test_cozepy_uploads_a_file_and_finds_it_again(server: Running, coze: Any) -> None:
    content = bytes(range(256))
    uploaded = await coze(lambda client: client.files.upload(file=("picture.png", content)))
    assert (uploaded.file_name, uploaded.bytes) == ("picture.png", 256)
    found = await coze(lambda client: client.files.retrieve(file_id=uploaded.id))
    assert found.model_dump() == uploaded.model_dump()
    record = await server.store.of("").files.get(uploaded.id)
    assert record is not None
    assert await server.store.of("").files.content(record) == content


async def test_cozepy_uploads_bytes_without_a_name(coze: Any) -> None:
    assert (await coze(lambda client: client.files.upload(file=b"\xff\x00\xfe"))).bytes == 3


async def test_cozepy_lists_a_conversations_messages_with_their_meta_data(talked: Running, coze: Any) -> None:
    found = await coze(lambda client: list(client.conversations.messages.list(conversation_id="c", limit=1)))
    assert [(each.id, each.role.value, each.content) for each in found] == [
        ("m2", "assistant", "words 2"),
        ("m1", "user", "words 1"),
    ]
    assert found[0].meta_data == {"order": "42"}
    assert found[0].created_at == 102


async def test_cozepy_lists_an_empty_conversation(talked: Running, coze: Any) -> None:
    assert await coze(lambda client: list(client.conversations.messages.list(conversation_id="other"))) == []


async def test_cozepy_retrieves_one_message(talked: Running, coze: Any) -> None:
    found = await coze(lambda client: client.conversations.messages.retrieve(conversation_id="c", message_id="m1"))
    assert (found.content, found.chat_id, found.type.value) == ("words 1", "t", "question")


async def test_cozepy_lists_a_chats_messages_without_the_question(talked: Running, coze: Any) -> None:
    found = await coze(lambda client: list(client.chat.messages.list(conversation_id="c", chat_id="t")))
    assert [each.type.value for each in found] == ["answer", "verbose"]
    assert found[0].meta_data == {"order": "42"}


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda client: client.files.upload(file=("a", b"")), 4300),
        (lambda client: client.files.upload(file=("a", b"x" * 1001)), 4302),
        (lambda client: client.files.upload(file=("a", b"x" * 1_000_000)), 4302),
        (lambda client: client.files.retrieve(file_id="9"), 4200),
        (lambda client: list(client.conversations.messages.list(conversation_id="nobody")), 4002),
        (lambda client: list(client.conversations.messages.list(conversation_id="c", limit=51)), 4000),
        (lambda client: list(client.conversations.messages.list(conversation_id="c", after_id="9")), 4005),
        (lambda client: client.conversations.messages.retrieve(conversation_id="c", message_id="9"), 4005),
        (lambda client: client.conversations.messages.retrieve(conversation_id="other", message_id="m1"), 4005),
        (lambda client: client.chat.messages.list(conversation_id="other", chat_id="t"), 4200),
    ],
)
async def test_cozepy_hears_of_errors(talked: Running, coze: Any, ask: Callable[[Coze], Any], code: int) -> None:
    with pytest.raises(CozeAPIError) as refused:
        await coze(ask)
    assert refused.value.code == code
    assert refused.value.logid


async def test_a_body_that_is_too_large_is_told_the_limit(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/files/upload", files={"file": b"x" * 100_000})
    assert answer.status_code == 413
    assert answer.json()["msg"] == f"the body is larger than {1000 + 64 * 1024} bytes"


async def test_one_file_at_a_time(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/files/upload", files=[("file", b"a"), ("file", b"b")])
    assert (answer.status_code, answer.json()["code"]) == (400, 4301)


@pytest.mark.parametrize("part", [("", b"hello"), (None, b"hello")])
async def test_a_file_may_come_without_a_name(http: httpx.AsyncClient, part: Any) -> None:
    answer = await http.post("/v1/files/upload", files={"file": part})
    assert answer.json()["data"]["bytes"] == 5


@pytest.mark.parametrize("body", [{}, {"json": {"file": "a"}}, {"content": b"nonsense"}])
async def test_a_body_without_a_file_is_refused(http: httpx.AsyncClient, body: Any) -> None:
    answer = await http.post("/v1/files/upload", **body)
    assert (answer.status_code, answer.json()["code"]) == (400, 4304)


@pytest.mark.parametrize("body", [b"", b"null", b'{"order": "", "chat_id": null, "limit": 0, "bot_id": "7"}'])
async def test_a_list_may_be_asked_for_without_saying_more(
    talked: Running, http: httpx.AsyncClient, body: bytes
) -> None:
    answer = (await http.post("/v1/conversation/message/list?conversation_id=c", content=body)).json()
    assert [each["id"] for each in answer["data"]] == ["m2", "m1"]
    assert (answer["code"], answer["first_id"], answer["last_id"], answer["has_more"]) == (0, "m2", "m1", False)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/files/upload"),
        ("GET", "/v1/files/retrieve?file_id=1"),
        ("POST", "/v1/conversation/message/list?conversation_id=c"),
        ("GET", "/v1/conversation/message/retrieve?conversation_id=c&message_id=m1"),
        ("GET", "/v3/chat/message/list?conversation_id=c&chat_id=t"),
    ],
)
async def test_nothing_is_returned_without_a_token(
    talked: Running, http: httpx.AsyncClient, method: str, path: str
) -> None:
    for headers in ({"Authorization": "Bearer wrong"}, {"Authorization": ""}):
        answer = await http.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, 4100)
        assert answer.json()["detail"]["logid"] == answer.headers["X-Tt-Logid"]


async def test_a_token_with_the_chat_permission_alone_is_refused(server: Running, http: httpx.AsyncClient) -> None:
    _, secret = await server.store.tokens.create("talker", permissions=("voice",))
    answer = await http.get("/v1/files/retrieve?file_id=1", headers={"Authorization": f"Bearer {secret}"})
    assert (answer.status_code, answer.json()["code"]) == (403, 4101)


@pytest.mark.usefixtures("failures_stay_counted")
async def test_an_address_that_keeps_failing_is_slowed_down(http: httpx.AsyncClient) -> None:
    answers = [await http.get("/v1/files/retrieve", headers={"Authorization": "Bearer wrong"}) for _ in range(32)]
    assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, 4013)
