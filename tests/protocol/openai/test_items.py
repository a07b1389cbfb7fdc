"""Items are acknowledged once their message is saved, in the client's order and under its ids."""

from typing import Any

import pytest

from kouyu.domain import events as core
from kouyu.domain.ids import NO_ID
from kouyu.domain.requests import RemoveMessage, ReportPlayback, WriteMessage
from tests.protocol.openai.session import Json, Session, completed, only, types


def create(role: str, *parts: Json, item_id: str | None = None, **fields: Any) -> Json:
    item: Json = {"type": "message", "role": role, "content": list(parts)}
    return {"type": "conversation.item.create", "item": item | ({"id": item_id} if item_id else {}), **fields}


def written(session: Session) -> WriteMessage:
    (request,) = session.requests
    assert isinstance(request, WriteMessage)
    return request


def save(session: Session) -> list[Json]:
    """The core carries out the message that was asked for last."""
    request = written(session)
    message = session.message(None, "question", request.content)
    return session.tell(core.MessageWritten(message, request.origin))


TEXT: Json = {"type": "input_text", "text": "Hello."}


def test_a_message_is_saved_before_it_is_acknowledged() -> None:
    session = Session()
    assert session.send(create("user", TEXT, item_id="mine")) == []
    request = written(session)
    assert (request.role, request.content, request.answer, request.after) == ("user", "Hello.", False, None)
    added, done = save(session)
    assert (added["type"], done["type"]) == ("conversation.item.added", "conversation.item.done")
    assert (added["item"]["id"], added["previous_item_id"]) == ("mine", None)
    assert added["item"]["content"] == [TEXT]
    assert added["item"]["status"] == "completed"


@pytest.mark.parametrize(
    ("role", "part", "content"),
    [
        ("system", {"type": "input_text", "text": "Be kind."}, "Be kind."),
        ("assistant", {"type": "output_text", "text": "Hi."}, "Hi."),
        ("assistant", {"type": "output_audio", "transcript": "Hi there."}, "Hi there."),
        ("assistant", {"type": "text", "text": "As the beta spells it."}, "As the beta spells it."),
        ("user", {"type": "input_audio", "audio": "AAAA", "transcript": "Said before."}, "Said before."),
    ],
)
def test_what_a_message_says(role: str, part: Json, content: str) -> None:
    session = Session()
    session.send(create(role, part))
    assert (written(session).role, written(session).content) == (role, content)
    assert save(session)[0]["item"]["content"][0]["type"] in (part["type"], "output_text")


def test_an_image_by_its_address() -> None:
    session = Session()
    session.send(create("user", TEXT, {"type": "input_image", "image_url": "https://example.com/a.png"}))
    request = written(session)
    assert request.content_type == "object_string"
    assert "https://example.com/a.png" in request.content
    assert "Hello." in request.content


@pytest.mark.parametrize(
    ("event", "param"),
    [
        (create("user", {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}), "content[0].image_url"),
        (create("user", {"type": "input_audio", "audio": "AAAA"}), "content[0].transcript"),
        (create("user", {"type": "output_text", "text": "x"}), "content[0].type"),
        (create("user", {"type": "input_text"}), "content[0].text"),
        (create("robot", TEXT), "role"),
        (create("user"), "content"),
        ({"type": "conversation.item.create", "item": {"type": "mcp_call"}}, "type"),
    ],
)
def test_an_item_that_cannot_be_used_is_refused(event: Json, param: str) -> None:
    session = Session()
    (refused,) = session.send({**event, "event_id": "e5"})
    assert refused["error"]["param"] == f"item.{param}"
    assert refused["error"]["event_id"] == "e5"
    assert session.requests == []
    assert session.send({"type": "conversation.item.create"})[0]["error"]["code"] == "missing_required_parameter"


def test_the_order_of_items_is_the_clients() -> None:
    session = Session()
    for item_id in ("a", "b"):
        session.send(create("user", TEXT, item_id=item_id))
        save(session)
    session.send(create("system", TEXT, item_id="first", previous_item_id="root"))
    assert written(session).after == NO_ID
    assert save(session)[0]["previous_item_id"] is None
    session.send(create("system", TEXT, item_id="between", previous_item_id="a"))
    after = written(session).after
    assert save(session)[0]["previous_item_id"] == "a"
    known = session.translation._items.get("a")
    assert known is not None
    assert after == known.message_id
    session.send(create("user", TEXT, item_id="last"))
    assert save(session)[0]["previous_item_id"] == "b"
    assert session.rules.items == ["first", "a", "between", "b", "last"]


def test_an_unknown_place_and_a_known_id_are_refused() -> None:
    session = Session()
    session.send(create("user", TEXT, item_id="a"))
    save(session)
    assert session.send(create("user", TEXT, previous_item_id="b"))[0]["error"]["param"] == "previous_item_id"
    assert session.send(create("user", TEXT, item_id="a"))[0]["error"]["code"] == "item_create_duplicate_item_id"


def test_no_item_is_called_as_the_place_in_front_of_all() -> None:
    session = Session()
    item = {"id": "root", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
    (refused,) = session.send({"type": "conversation.item.create", "item": item})
    assert refused["error"]["param"] == "item.id"
    assert session.requests == []


def test_a_message_that_the_core_refuses_is_no_item() -> None:
    session = Session()
    session.send(create("user", TEXT, item_id="a", event_id="e1"))
    (refused,) = session.tell(core.RequestRefused(4000, "too much", origin=written(session).origin))
    assert (refused["error"]["message"], refused["error"]["event_id"]) == ("too much", "e1")
    session.send(create("user", TEXT, item_id="a"))
    assert save(session)[0]["previous_item_id"] is None


def test_an_empty_text_is_an_item_and_no_message() -> None:
    session = Session()
    assert len(session.send(create("user", {"type": "input_text", "text": ""}))) == 2
    assert session.requests == []


def test_an_item_can_be_retrieved_with_its_text() -> None:
    session = Session()
    sent = session.tell(*session.says("Where is Paris?"))
    item_id = only(sent, "conversation.item.added")["item"]["id"]
    chat = session.chat()
    answer = session.tell(*session.answers(chat, "In France."), completed(chat))[-1]["response"]["output"][0]["id"]
    for wanted, text in ((item_id, "Where is Paris?"), (answer, "In France.")):
        (retrieved,) = session.send({"type": "conversation.item.retrieve", "item_id": wanted})
        assert retrieved["item"]["content"][0]["transcript"] == text


@pytest.mark.parametrize("verb", ["retrieve", "delete"])
def test_an_unknown_item_is_refused_with_the_code_for_it(verb: str) -> None:
    event = {"type": f"conversation.item.{verb}", "item_id": "none", "event_id": "e2"}
    (refused,) = Session().send(event)
    assert refused["error"]["code"] == f"item_{verb}_invalid_item_id"
    assert refused["error"]["event_id"] == "e2"


def test_deleting_an_item_removes_its_message() -> None:
    session = Session()
    session.send(create("user", TEXT, item_id="a"))
    save(session)
    known = session.translation._items.get("a")
    assert known is not None
    assert session.send({"type": "conversation.item.delete", "item_id": "a"}) == []
    (request,) = session.requests
    assert isinstance(request, RemoveMessage)
    assert request.message_id == known.message_id
    (deleted,) = session.tell(core.MessageRemoved(request.message_id, request.origin))
    assert deleted["item_id"] == "a"


def test_an_interrupted_answer_is_truncated_at_what_was_played() -> None:
    session = Session()
    chat = session.chat()
    sent = session.tell(*session.answers(chat, "One.", "Two.")[:-2], core.OutputInterrupted("speech"))
    item_id = sent[-1]["response"]["output"][0]["id"]
    event = {"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0, "audio_end_ms": 80}
    assert session.send(event) == []
    (request,) = session.requests
    assert isinstance(request, ReportPlayback)
    assert request.played_ms == 80
    (truncated,) = session.tell(core.AnswerCut(request.message_id, 80, request.origin))
    assert (truncated["item_id"], truncated["audio_end_ms"], truncated["content_index"]) == (item_id, 80, 0)


def test_a_late_or_unknown_truncation_is_acknowledged_and_does_nothing() -> None:
    session = Session()
    event = {"type": "conversation.item.truncate", "item_id": "gone", "content_index": 0, "audio_end_ms": 80}
    (truncated,) = session.send(event)
    assert (truncated["type"], session.requests) == ("conversation.item.truncated", [])
    chat = session.chat()
    sent = session.tell(*session.answers(chat, "One."), completed(chat))
    session.send({**event, "item_id": sent[-1]["response"]["output"][0]["id"]})
    (request,) = session.requests
    assert isinstance(request, ReportPlayback)
    assert types(session.tell(core.RequestRefused(4000, "too late", origin=request.origin))) == [
        "conversation.item.truncated"
    ]


def test_a_message_written_elsewhere_is_an_item_too() -> None:
    session = Session()
    added, done = session.tell(core.MessageCompleted(session.message(None, "question", "Typed.")))
    assert (added["item"]["role"], added["item"]["content"][0]["text"]) == ("user", "Typed.")
    assert done["type"] == "conversation.item.done"
