import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from kouyu.agents.agent import AgentRequest, ContextMessage
from kouyu.agents.attachments import Attachments, spoken_text
from kouyu.agents.bot import BotDefinition, LanguageModelBot
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.fetching import Fetched, Fetcher, FetchingOptions
from kouyu.workers.limited import LimitedWorkers
from tests.agents.http_server import Asked, http_server, whole
from tests.standins.openai_server import OpenAIStandIn

PNG = b"\x89PNG\r\n\x1a\n and so on"
UPLOADED = {"1": Fetched("notes.txt", b"The code is 1234."), "2": Fetched("p.png", PNG), "3": Fetched("x", b"\0\1")}


class Uploads:
    """Counts what is read."""

    def __init__(self) -> None:
        self.reads: list[str] = []

    async def read(self, file_id: str) -> Fetched | None:
        self.reads.append(file_id)
        return UPLOADED.get(file_id)


@pytest.fixture
def uploads() -> Uploads:
    return Uploads()


@pytest.fixture
async def attachments(uploads: Uploads, workers: LimitedWorkers) -> AsyncIterator[Attachments]:
    fetcher = Fetcher(FetchingOptions(allow_private=True))
    yield Attachments(uploads.read, fetcher, workers)
    await fetcher.close()


def message(*parts: dict[str, Any]) -> ContextMessage:
    return ContextMessage(role="user", content=json.dumps(parts), content_type="object_string")


async def shown(
    attachments: Attachments, *messages: ContextMessage, images: bool = False, document_tokens: int = 1000
) -> list[list[dict[str, str]]]:
    resolved = await attachments.resolved(messages, images=images, document_tokens=document_tokens)
    return [json.loads(each.content) for each in resolved]


async def test_a_document_becomes_its_text(attachments: Attachments) -> None:
    ((words, file),) = await shown(
        attachments, message({"type": "text", "text": "Read it."}, {"type": "file", "file_id": "1"})
    )
    assert words["text"] == "Read it."
    assert file["text"] == "[the file notes.txt]\nThe code is 1234.\n[end of the file]"


async def test_a_picture_becomes_a_data_url_for_models_that_take_it(attachments: Attachments) -> None:
    ((picture,),) = await shown(attachments, message({"type": "image", "file_id": "2"}), images=True)
    assert picture == {"type": "image", "file_url": "data:image/png;base64,iVBORw0KGgogYW5kIHNvIG9u"}


async def test_of_large_pictures_the_latest_are_shown(
    attachments: Attachments, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = b"\x89PNG\r\n\x1a\n" + bytes(8_000_000)
    monkeypatch.setitem(UPLOADED, "large", Fetched("large.png", large))
    pictures = [{"type": "image", "file_id": "large"} for _ in range(3)]
    earlier, later = await shown(attachments, message(*pictures[:2]), message(*pictures[2:]), images=True)
    assert [part["type"] for part in earlier] == ["text", "image"]
    assert "left out" in earlier[0]["text"]
    assert later[0]["file_url"] == f"data:image/png;base64,{base64.b64encode(large).decode()}"


async def test_a_picture_is_a_note_for_models_that_take_none(attachments: Attachments, uploads: Uploads) -> None:
    ((note,),) = await shown(attachments, message({"type": "image", "file_id": "2"}))
    assert note["text"] == "[an image that you cannot see]"
    assert uploads.reads == []


async def test_a_file_by_address_is_fetched(attachments: Attachments) -> None:
    import asyncio

    async def respond(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(whole(b"<html><p>From afar"))

    async with http_server(respond) as port:
        ((file,),) = await shown(attachments, message({"type": "file", "file_url": f"http://127.0.0.1:{port}/page"}))
    assert file["text"] == "[the file page]\nFrom afar\n[end of the file]"


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"type": "file", "file_id": "9"}, "there is no uploaded file with this id"),
        ({"type": "file", "file_id": "3"}, "it is of an unknown form"),
        ({"type": "image", "file_id": "1"}, "it is no PNG, JPEG, GIF or WebP image"),
        ({"type": "file", "file_url": "file:///etc/passwd"}, "only http and https"),
    ],
)
async def test_what_cannot_be_read_becomes_a_note(attachments: Attachments, part: dict[str, str], reason: str) -> None:
    ((note,),) = await shown(attachments, message(part), images=True)
    assert note["text"].startswith(f"[a file that could not be read: {reason}")


async def test_a_long_document_is_cut(attachments: Attachments) -> None:
    ((file,),) = await shown(attachments, message({"type": "file", "file_id": "1"}), document_tokens=2)
    assert "(cut off here)" in file["text"]
    assert "1234" not in file["text"]


async def test_the_latest_files_are_read_and_read_once(attachments: Attachments, uploads: Uploads) -> None:
    section = [message({"type": "file", "file_id": "1"}) for _ in range(12)]
    files = await shown(attachments, *section)
    assert [file["text"] for (file,) in files[:4]] == ["[an earlier file, left out]"] * 4
    assert all("1234" in file["text"] for (file,) in files[4:])
    assert uploads.reads == ["1"]


async def test_other_messages_stay_as_they_are(attachments: Attachments) -> None:
    plain = ContextMessage(role="user", content="Hi")
    malformed = ContextMessage(role="user", content="[", content_type="object_string")
    assert await attachments.resolved([plain, malformed], images=True, document_tokens=9) == (plain, malformed)


def test_the_words_of_a_message() -> None:
    assert spoken_text(message({"type": "text", "text": "a"}, {"type": "file", "file_id": "1"})) == "a"
    assert spoken_text(ContextMessage(role="user", content="b")) == "b"


async def test_a_bot_shows_them_to_its_model(
    attachments: Attachments, model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    import msgspec

    for images in (True, False):
        seeing = msgspec.structs.replace(endpoint, images=images)
        bot = LanguageModelBot(BotDefinition(id="7", name="", model=seeing, prompt=""), attachments=attachments)
        question = message({"type": "text", "text": "What is it?"}, {"type": "image", "file_id": "2"})
        assert [event async for event in bot.reply(AgentRequest(messages=(question,)))]
        await bot.close()
    seen, told = (request.messages[0]["content"] for request in model.requests)
    assert seen[1]["image_url"]["url"].startswith("data:image/png;base64,")
    assert told == "What is it?\n[an image that you cannot see]"


async def test_of_many_files_in_one_message_the_latest_eight_are_read(
    attachments: Attachments, uploads: Uploads
) -> None:
    many = [{"type": "file", "file_id": str(index)} for index in range(100, 130)]
    (told,) = await shown(attachments, message({"type": "text", "text": "Read them."}, *many))
    assert sorted(uploads.reads) == [str(index) for index in range(122, 130)]
    assert told[0]["text"] == "Read them."
    assert [each["text"] for each in told].count("[an earlier file, left out]") == 22


async def test_files_of_one_message_leave_no_room_for_those_of_earlier_ones(
    attachments: Attachments, uploads: Uploads
) -> None:
    earlier = message({"type": "file", "file_id": "early"})
    latest = message(*({"type": "file", "file_id": str(index)} for index in range(9)))
    await shown(attachments, earlier, latest)
    assert "early" not in uploads.reads
    assert len(uploads.reads) == 8
