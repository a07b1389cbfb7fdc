import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from kouyu.agents.agent import AgentRequest, ContextMessage
from kouyu.agents.attachments import Attachments, spoken_text
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import BotDefinition
from kouyu.agents.context import chat_messages
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.fetching import Fetched, Fetcher, FetchingOptions
from kouyu.agents.tool_history import as_message
from kouyu.domain.tool_calls import Function, ToolCall, ToolOutput
from kouyu.domain.tool_round import ToolRound
from kouyu.workers.limited import LimitedWorkers
from tests.agents.http_server import Asked, http_server, whole
from tests.standins.openai_server import OpenAIStandIn, fault_of

OWNER = "acme"
PNG = b"\x89PNG\r\n\x1a\n and so on"
UPLOADED = {"1": Fetched("notes.txt", b"The code is 1234."), "2": Fetched("p.png", PNG), "3": Fetched("x", b"\0\1")}


PICTURE_ID, NOTES_ID, NOBODYS_ID = "7426720361733144585", "7426720361733144586", "7426720361733144587"
UPLOADED |= {PICTURE_ID: UPLOADED["2"], NOTES_ID: UPLOADED["1"]}


class Uploads:
    """Counts what is read."""

    def __init__(self) -> None:
        self.reads: list[str] = []

    async def read(self, owner: str, file_id: str) -> Fetched | None:
        self.reads.append(file_id)
        return UPLOADED.get(file_id) if owner == OWNER else None


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
    resolved = await attachments.resolved(messages, OWNER, images=images, document_tokens=document_tokens)
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
    large = b"\x89PNG\r\n\x1a\n" + bytes(5_000_000)
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


async def test_a_file_in_a_data_url_is_read(attachments: Attachments) -> None:
    text = "data:text/plain;base64," + base64.b64encode(b"The code is 1234.").decode()
    picture = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
    parts = [{"type": "file", "file_url": text}, {"type": "image", "file_url": picture}]
    ((file, seen),) = await shown(attachments, message(*parts), images=True)
    assert "The code is 1234." in file["text"]
    assert seen == {"type": "image", "file_url": picture}


@pytest.mark.parametrize("url", ["data:text/plain,hello", "data:;base64", "data:;base64,?"])
async def test_a_data_url_that_cannot_be_read_is_a_note(attachments: Attachments, url: str) -> None:
    ((file,),) = await shown(attachments, message({"type": "file", "file_url": url}))
    assert "base64" in file["text"]


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
        ({"type": "image", "file_id": "1"}, "it is not a PNG, JPEG, GIF or WebP image"),
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
    assert await attachments.resolved([plain, malformed], OWNER, images=True, document_tokens=9) == (plain, malformed)


def test_the_words_of_a_message() -> None:
    assert spoken_text(message({"type": "text", "text": "a"}, {"type": "file", "file_id": "1"})) == "a"
    assert spoken_text(ContextMessage(role="user", content="b")) == "b"


async def test_a_bot_shows_them_to_its_model(
    attachments: Attachments, model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    import msgspec

    for images in (True, False):
        seeing = msgspec.structs.replace(endpoint, images=images)
        bot = LanguageModelBot(BotDefinition(id="7", name="", prompt=""), seeing, attachments=attachments)
        question = message({"type": "text", "text": "What is it?"}, {"type": "image", "file_id": "2"})
        assert [event async for event in bot.reply(AgentRequest(owner=OWNER, messages=(question,)))]
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


# What tools' outputs name


async def told(attachments: Attachments, *outputs: str, images: bool = True) -> list[dict[str, Any]]:
    """What a model is sent of one round of tools with these outputs."""
    calls = tuple(ToolCall(id=f"call{n:05}", function=Function("look", "{}")) for n in range(len(outputs)))
    given = tuple(ToolOutput(tool_call_id=call.id, output=text) for call, text in zip(calls, outputs, strict=True))
    round_message = as_message(ToolRound(calls=calls, outputs=given))
    return chat_messages(await attachments.resolved([round_message], OWNER, images=images, document_tokens=1000))


@pytest.mark.parametrize(
    "output",
    [
        f'{{"image": "{PICTURE_ID}"}}',
        f'{{"photo_of_the_day": "{PICTURE_ID}", "note": "left eye"}}',
        f'{{"data": {{"images": ["{PICTURE_ID}"]}}}}',
        f'{{"file_id": "{PICTURE_ID}"}}',
        f'[{{"type": "text", "text": "Look."}}, {{"type": "image", "file_id": "{PICTURE_ID}"}}]',
    ],
)
async def test_a_picture_that_a_tool_names_is_shown_by_the_user_behind_its_output(
    attachments: Attachments, output: str
) -> None:
    asked, tool, between, shown = await told(attachments, output)
    assert [asked["role"], tool["role"], between["role"], shown["role"]] == ["assistant", "tool", "assistant", "user"]
    assert tool["content"] == output
    assert shown["content"][1]["image_url"]["url"].startswith("data:image/png;base64,")


async def test_a_model_that_does_not_see_is_told_that_there_is_a_picture(attachments: Attachments) -> None:
    for output in (f'{{"image": "{PICTURE_ID}"}}', f'{{"snapshot": "{PICTURE_ID}"}}'):
        _, tool = await told(attachments, output, images=False)
        assert tool["content"] == f"{output}\n[an image that you cannot see]"


async def test_a_document_that_a_tool_names_stands_behind_its_output(attachments: Attachments) -> None:
    _, first, second = await told(attachments, "no file", f'{{"report": "{NOTES_ID}"}}')
    assert first["content"] == "no file"
    assert second["content"].endswith("[the file notes.txt]\nThe code is 1234.\n[end of the file]")


async def test_a_number_that_is_no_upload_is_a_number_and_an_id_without_an_upload_is_reported(
    attachments: Attachments, uploads: Uploads
) -> None:
    other = f'{{"order": "{NOBODYS_ID}", "price": 7, "image": "https://example.com/a.png"}}'
    missing = f'{{"image": "{NOBODYS_ID}"}}'
    _, first, second = await told(attachments, other, missing)
    assert first["content"] == other
    assert second["content"] == f"{missing}\n[a file that could not be read: there is no uploaded file with this id]"


async def test_pictures_of_several_tools_come_behind_all_their_outputs_and_count_with_other_files(
    attachments: Attachments,
) -> None:
    outputs = [f'{{"image": "{PICTURE_ID}"}}'] * 10
    shown = await told(attachments, *outputs)
    assert [each["role"] for each in shown] == ["assistant", *["tool"] * 10, "assistant", "user"]
    assert [part["type"] for part in shown[-1]["content"]] == ["text", *["image_url"] * 8]
    assert shown[-3]["content"].endswith("[an earlier file, left out]")
    assert fault_of({"model": "m", "messages": shown}) == ""


async def test_a_bot_shows_its_model_what_tools_gave_in_this_turn_and_in_those_before(
    model: OpenAIStandIn, endpoint: ModelEndpoint, attachments: Attachments
) -> None:
    seeing = msgspec.structs.replace(endpoint, images=True)
    bot = LanguageModelBot(BotDefinition(id="7", name="Bot"), seeing, attachments=attachments)
    call = ToolCall(id="a", function=Function("look", "{}"))
    ran = ToolRound(calls=(call,), outputs=(ToolOutput(tool_call_id="a", output=f'{{"image": "{PICTURE_ID}"}}'),))
    question = ContextMessage(role="user", content="What is this?")
    answer = ContextMessage(role="assistant", content="A cat.")
    requests = [
        AgentRequest(owner=OWNER, messages=(question,), tool_rounds=(ran,)),
        AgentRequest(owner=OWNER, messages=(question, as_message(ran), answer, question)),
    ]
    for request in requests:
        _ = [event async for event in bot.reply(request)]
    await bot.close()
    during, later = (received.messages for received in model.requests)
    assert during[-1]["content"][-1]["image_url"]["url"].startswith("data:image/png;base64,")
    assert later[: len(during)] == during
