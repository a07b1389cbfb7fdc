"""Conversations are found by bot, time and words, and exported as text, subtitles and JSON."""

import json
from typing import Any

import httpx
import pytest

from kouyu.domain.messages import Message
from kouyu.store import conversation_search
from kouyu.store.conversations import CreateConversation
from kouyu.store.message_writes import AddMessage
from kouyu.store.store import Store
from tests.server.conftest import Running

DAY = 86_400


async def get(server: Running, path: str, secret: str = "", **query: Any) -> httpx.Response:
    here = f"http://127.0.0.1:{server.port}"
    async with httpx.AsyncClient(base_url=here, trust_env=False, timeout=60) as client:
        return await client.get(path, params=query, headers={"Authorization": f"Bearer {secret or server.token}"})


async def found(server: Running, secret: str = "", **query: Any) -> Any:
    return (await get(server, "/v1/kouyu/conversations", secret, **query)).json()["data"]


async def talk(store: Store, key: str, *said: str, at: int, bot_id: str = "kouyu", owner: str = "") -> None:
    """Save a conversation whose messages are the user's and the agent's in turn, 10 s apart."""
    begin = CreateConversation(id=key, bot_id=bot_id, created_at=at)
    saved = [
        AddMessage(
            Message(
                id=f"{key}-{place}",
                conversation_id=key,
                bot_id=bot_id,
                role="assistant" if place % 2 else "user",
                type="answer" if place % 2 else "question",
                content=text,
                content_type="object_string" if text.startswith("[") else "text",
                chat_id=f"chat-{key}-{place // 2}",
                section_id=key,
            ),
            at + 10 * place,
        )
        for place, text in enumerate(said)
    ]
    await store.of(owner).write(begin, *saved)


async def some(server: Running) -> None:
    store = server.store
    await talk(store, "1", "What is the capital of France?", "Paris.", at=10 * DAY)
    await talk(store, "2", "今天天气怎么样？", "PARIS is sunny, 100%.", at=11 * DAY, bot_id="tutor")
    file = '[{"type":"text","text":"Read the Seine_file"},{"type":"file","file_id":"7"}]'
    await talk(store, "3", file, "It is about a river.", at=12 * DAY)
    await talk(store, "9", "Paris, secretly", "Yes.", at=12 * DAY, owner="shop")


@pytest.mark.parametrize("query", [{"before": "9" * 40 + ".1"}, {"before": "9" * 40, "text": "a"}])
async def test_a_page_that_no_search_gave_is_refused_by_name(server: Running, query: dict[str, str]) -> None:
    answer = await get(server, "/v1/kouyu/conversations", **query)
    assert (answer.status_code, "before" in answer.json()["msg"]) == (400, True)


def ids(page: Any) -> list[str]:
    return [each["id"] for each in page["conversations"]]


async def test_without_words_they_are_listed_newest_first_of_the_owner_alone(server: Running) -> None:
    await some(server)
    page = await found(server)
    assert ids(page) == ["3", "2", "1"]
    assert [each["title"] for each in page["conversations"]] == [
        "Read the Seine_file [file]",
        "今天天气怎么样？",
        "What is the capital of France?",
    ]
    assert ids(await found(server, bot_id="tutor")) == ["2"]
    assert ids(await found(server, since=11 * DAY, until=12 * DAY)) == ["2"]
    first = await found(server, limit=2)
    assert ids(first) == ["3", "2"]
    assert ids(await found(server, limit=2, before=first["next"])) == ["1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("paris", ["2", "1"]),
        ("天气", ["2"]),
        ("seine_FILE", ["3"]),
        ("100%", ["2"]),
        ("1%0", []),
        ("Pa_is", []),
        ("file_id", []),
    ],
)
async def test_words_are_found_in_any_case_and_as_they_are(server: Running, text: str, expected: list[str]) -> None:
    await some(server)
    assert ids(await found(server, text=text)) == expected


async def test_what_is_found_is_shown_with_what_is_around_it(server: Running) -> None:
    await talk(server.store, "1", "a" * 300 + " needle " + "b" * 300, "Yes.", at=DAY)
    (only,) = (await found(server, text="NEEDLE"))["conversations"]
    assert only["found"]["text"] == "…" + "a" * 59 + " needle " + "b" * 59 + "…"
    assert (only["found"]["role"], only["found"]["chat_id"]) == ("user", "chat-1-0")


async def test_a_search_looks_through_a_bounded_number_of_messages(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation_search, "MESSAGES_A_STEP", 4)
    for place in range(6):
        await talk(server.store, str(place), "needle" if place in (0, 4) else "hay", "Yes.", at=DAY + place)
    seen: list[str] = []
    before, steps = "", 0
    while steps == 0 or before:
        page = await found(server, text="needle", before=before)
        seen, before, steps = seen + ids(page), page["next"], steps + 1
    assert seen == ["4", "0"]
    assert steps == 3


async def test_bad_queries_are_refused_with_field_and_range(server: Running) -> None:
    for query in ({"limit": 51}, {"since": -1}, {"text": "a" * 201}, {"before": "x"}, {"before": "x", "text": "a"}):
        answer = await get(server, "/v1/kouyu/conversations", **query)
        assert answer.status_code == 400
        assert next(reversed([*query][:1])) in answer.json()["msg"]
    _, secret = await server.store.tokens.create("phone", permissions=("voice",))
    assert (await get(server, "/v1/kouyu/conversations", secret)).status_code == 403


async def export(server: Running, key: str, file_format: str, secret: str = "") -> httpx.Response:
    return await get(server, f"/v1/kouyu/conversations/{key}/export", secret, format=file_format)


async def test_an_export_has_everything_and_its_name(server: Running) -> None:
    await talk(server.store, "1", "What is the capital of France?", "Paris.", at=0)
    text = await export(server, "1", "txt")
    assert text.headers["content-disposition"] == 'attachment; filename="conversation-1.txt"'
    assert "[1970-01-01 00:00:10 UTC] Agent:\nParis.\n" in text.text
    data = json.loads((await export(server, "1", "json")).text)
    assert (data["format"], data["conversation"]["id"]) == ("kouyu.conversation", "1")
    assert [message["content"] for message in data["messages"]] == ["What is the capital of France?", "Paris."]


async def test_subtitles_follow_one_another_and_hold_what_was_heard(server: Running) -> None:
    await talk(server.store, "1", "Tell me. " * 40, "Once upon a time, there was a dog.", at=0)
    await server.store.of("").messages.trim("1-1", "Once upon")
    cues = (await export(server, "1", "srt")).text.strip().split("\n\n")
    assert [int(cue.splitlines()[0]) for cue in cues] == list(range(1, len(cues) + 1))
    times = [cue.splitlines()[1].split(" --> ") for cue in cues]
    assert times[0][0] == "00:00:00,000"
    assert all(begin < end for begin, end in times)
    assert [end for _, end in times[:-1]] == [begin for begin, _ in times[1:]]
    assert cues[-1].splitlines()[2:] == ["Agent: Once upon"]
    assert max(len(line) for cue in cues for line in cue.splitlines()[2:]) <= 42


async def test_a_long_conversation_is_exported_whole(server: Running) -> None:
    await talk(server.store, "1", *(f"message {place}" for place in range(450)), at=0)
    data = json.loads((await export(server, "1", "json")).text)
    assert [message["content"] for message in data["messages"]] == [f"message {place}" for place in range(450)]


async def test_nobody_exports_what_is_not_theirs(server: Running) -> None:
    await some(server)
    assert (await export(server, "9", "txt")).status_code == 404
    assert (await export(server, "1", "pdf")).status_code == 400
