"""Pictures and audio inside items: prepared by the session first, then an item like others."""

import json
from base64 import b64encode

import pytest

from kouyu.domain.client_json import LARGEST_MESSAGE, MOST_CHARACTERS
from kouyu.domain.options import GivenMessage
from kouyu.domain.requests import AnswerNow
from kouyu.protocol.openai.client_events import CreateItem, parse
from kouyu.protocol.openai.faults import RefusedEvent
from kouyu.protocol.openai.inline_media import LONGEST_AUDIO_S, MOST_BYTES
from kouyu.protocol.openai.items import LONGEST_SHOWN
from kouyu.protocol.wire import Heard, Loaded, Picture, Saved, Speech, StoredPicture
from tests.protocol.openai.session import Json, Session, only, save, types, written

PNG = b"\x89PNG\r\n\x1a\n and so on"
JPEG = b"\xff\xd8\xff and so on"
TEXT: Json = {"type": "input_text", "text": "What is it?"}


def picture(content: bytes, **fields: str) -> Json:
    uri = f"data:image/png;base64,{b64encode(content).decode()}"
    return {"type": "input_image", "image_url": uri, **fields}


def audio(content: bytes) -> Json:
    return {"type": "input_audio", "audio": b64encode(content).decode()}


PICTURE = picture(PNG)


def create(*parts: Json, item_id: str = "mine", **fields: str) -> Json:
    item = {"id": item_id, "type": "message", "role": "user", "content": list(parts)}
    return {"type": "conversation.item.create", "item": item, **fields}


def test_a_picture_is_saved_as_an_upload_before_the_core_gets_its_id() -> None:
    session = Session()
    assert session.send(create(TEXT, picture(PNG, detail="low"), picture(JPEG))) == []
    assert session.requests == []
    assert session.media == (
        Picture(PNG, "item.content[1].image_url"),
        Picture(JPEG, "item.content[2].image_url"),
    )
    assert session.prepare(Saved("71"), Saved("72")) == []
    assert written(session).content_type == "object_string"
    assert json.loads(written(session).content) == [
        {"type": "text", "text": "What is it?"},
        {"type": "image", "file_id": "71", "detail": "low"},
        {"type": "image", "file_id": "72"},
    ]
    added, done = save(session)
    assert added["item"]["content"] == [TEXT, picture(PNG, detail="low"), picture(JPEG)]
    assert done["item"] == added["item"]


def test_a_picture_comes_back_when_the_item_is_retrieved() -> None:
    session = Session()
    session.send(create(picture(PNG, detail="auto"), TEXT, picture(JPEG)))
    session.prepare(Saved("71"), Saved("72"))
    save(session)
    assert session.send({"type": "conversation.item.retrieve", "item_id": "mine"}) == []
    assert session.media == (StoredPicture("71"), StoredPicture("72"))
    (retrieved,) = session.prepare(Loaded(PNG), Loaded(b""))
    assert retrieved["item"]["content"] == [picture(PNG, detail="auto"), TEXT, {"type": "input_image"}]


def test_a_picture_that_clients_may_not_take_in_is_left_out_of_what_acknowledges_it() -> None:
    session = Session()
    large = PNG + bytes(LONGEST_SHOWN * 3 // 4)
    session.send(create(picture(large), PICTURE))
    session.prepare(Saved("71"), Saved("72"))
    assert save(session)[0]["item"]["content"] == [{"type": "input_image"}, PICTURE]


def test_audio_without_a_transcript_is_recognised_and_the_item_says_what_it_is() -> None:
    session = Session()
    session.send(create(TEXT, audio(b"\1\2\3")))
    assert session.media == (Speech(b"\1\2", "item.content[1].audio"),), "whole samples"
    session.prepare(Heard("Where is Paris?"))
    assert (written(session).content, written(session).content_type) == ("What is it?\nWhere is Paris?", "text")
    sent = save(session)
    assert types(sent) == ["conversation.item.added", "conversation.item.done"]
    assert sent[0]["item"]["content"][1] == {"type": "input_audio", "transcript": "Where is Paris?"}
    (retrieved,) = session.send({"type": "conversation.item.retrieve", "item_id": "mine"})
    assert retrieved["item"]["content"][1]["transcript"] == "Where is Paris?"


def test_audio_in_which_nothing_is_said_is_an_item_that_says_nothing() -> None:
    session = Session()
    session.send(create(audio(bytes(2))))
    sent = session.prepare(Heard(""))
    assert session.requests == []
    assert sent[0]["item"]["content"] == [{"type": "input_audio", "transcript": ""}]


@pytest.mark.parametrize(("kind", "bytes_per_second"), [("audio/pcm", 48_000), ("audio/pcmu", 8_000)])
def test_the_length_of_audio_is_limited_in_the_format_of_the_session(kind: str, bytes_per_second: int) -> None:
    session = Session()
    session.update(audio={"input": {"format": {"type": kind}}})
    most = min(MOST_BYTES, LONGEST_AUDIO_S * bytes_per_second)
    session.send(create(audio(b"\7" * most)))
    assert len(session.media) == 1
    (refused,) = session.send(create(audio(b"\7" * (most + 1)), event_id="e1"))
    assert refused["error"]["param"] == "item.content[0].audio"
    assert f"{most + 1} bytes" in refused["error"]["message"]
    assert f"1 to {most} bytes of {kind}, the session's input format, in base64" in refused["error"]["message"]


@pytest.mark.parametrize(
    ("part", "param", "shown"),
    [
        (picture(b"%PDF-1.7"), "image_url", "a PNG, JPEG, GIF or WebP picture"),
        (picture(PNG + bytes(MOST_BYTES)), "image_url", f"at most {MOST_BYTES} bytes"),
        ({"type": "input_image", "image_url": "data:image/png;base64,?"}, "image_url", "base64"),
        ({"type": "input_image", "image_url": 7}, "image_url", "data URI"),
        (picture(PNG, detail="huge"), "detail", "auto, low, high"),
        ({"type": "input_audio"}, "audio", "a transcript"),
        ({"type": "input_audio", "audio": "§"}, "audio", "base64"),
        ({"type": "input_audio", "audio": 7}, "audio", "1 to"),
        (audio(b"\1"), "audio", "1 to"),
    ],
)
def test_media_at_fault_are_refused_by_name_with_what_is_allowed(part: Json, param: str, shown: str) -> None:
    session = Session()
    (refused,) = session.send(create(TEXT, part, event_id="e1"))
    assert (refused["error"]["param"], refused["error"]["event_id"]) == (f"item.content[1].{param}", "e1")
    assert shown in refused["error"]["message"]
    assert (session.media, session.requests) == ((), [])
    session.send(create(PICTURE))
    session.prepare(Saved("71"))
    assert types(save(session)) == ["conversation.item.added", "conversation.item.done"]


def test_what_became_impossible_while_media_were_prepared_is_an_error() -> None:
    session = Session()
    session.send(create(TEXT, item_id="a"))
    save(session)
    session.send(create(PICTURE, previous_item_id="a", event_id="e1"))
    session.translation._items.remove("a")  # as of a conversation with very many items
    (refused,) = session.prepare(Saved("71"))
    assert (refused["error"]["param"], refused["error"]["event_id"]) == ("previous_item_id", "e1")
    assert session.requests == []


def test_the_input_of_one_answer_may_hold_pictures_and_audio() -> None:
    session = Session()
    session.send(create(PICTURE))
    session.prepare(Saved("71"))
    save(session)
    known = session.translation._items.get("mine")
    assert known is not None
    given = [create(PICTURE, audio(b"\1\2"))["item"], {"type": "item_reference", "id": "mine"}]
    session.send({"type": "response.create", "response": {"input": given}})
    where = "response.input[0].content"
    assert session.media == (Picture(PNG, f"{where}[0].image_url"), Speech(b"\1\2", f"{where}[1].audio"))
    session.prepare(Saved("72"), Heard("Two of them."))
    (asked,) = session.requests
    assert isinstance(asked, AnswerNow)
    first, second = asked.options.context or ()
    assert json.loads(first.content) == [{"type": "image", "file_id": "72"}, {"type": "text", "text": "Two of them."}]
    assert second == GivenMessage(
        role="user",
        content='[{"type": "image", "file_id": "71"}]',
        content_type="object_string",
        message_id=known.message_id,
    )


def test_only_events_that_may_hold_media_are_as_large_as_a_message() -> None:
    largest = json.dumps(create(picture(PNG + bytes(MOST_BYTES - len(PNG)))))
    assert MOST_CHARACTERS < len(largest) <= LARGEST_MESSAGE
    assert isinstance(parse(largest), CreateItem)
    for text in (largest.replace("conversation.item.create", "session.update"), "[" * (MOST_CHARACTERS + 1)):
        with pytest.raises(RefusedEvent, match="too large"):
            parse(text)


def test_an_item_with_media_keeps_its_place() -> None:
    session = Session()
    for item_id in ("a", "b"):
        session.send(create(TEXT, item_id=item_id))
        save(session)
    session.send(create(PICTURE, item_id="between", previous_item_id="a"))
    session.prepare(Saved("71"))
    assert only(save(session), "conversation.item.added")["previous_item_id"] == "a"
    assert session.rules.items == ["a", "between", "b"]
