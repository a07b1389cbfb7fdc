"""Items are acknowledged once their message is saved, in the client's order and under its ids."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from kouyu.domain import events as core
from kouyu.domain.content import MOST_PARTS
from kouyu.domain.ids import NO_ID
from kouyu.domain.requests import RemoveMessage, ReportPlayback
from kouyu.protocol.openai.client_events import CreateItem
from kouyu.protocol.openai.conversation_items import MOST_CHARACTERS
from kouyu.protocol.openai.items import LONGEST_OUTPUT
from kouyu.protocol.openai.server_events import ItemAdded, ItemDone
from tests.protocol.openai.session import Json, Session, completed, only, save, types, written


def create(role: str, *parts: Json, item_id: str | None = None, **fields: Any) -> Json:
    item: Json = {"type": "message", "role": role, "content": list(parts)}
    return {"type": "conversation.item.create", "item": item | ({"id": item_id} if item_id else {}), **fields}


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
    image = {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "high"}
    session.send(create("user", TEXT, image))
    request = written(session)
    assert request.content_type == "object_string"
    assert json.loads(request.content) == [
        {"type": "text", "text": "Hello."},
        {"type": "image", "file_url": "https://example.com/a.png", "detail": "high"},
    ]
    assert save(session)[0]["item"]["content"] == [TEXT, image]


@pytest.mark.parametrize(
    ("event", "param"),
    [
        (create("user", {"type": "input_image", "image_url": "ftp://example.com/a.png"}), "content[0].image_url"),
        (create("user", {"type": "input_image"}), "content[0].image_url"),
        (create("assistant", {"type": "output_audio", "audio": "AAAA"}), "content[0].transcript"),
        (create("user", {"type": "output_text", "text": "x"}), "content[0].type"),
        (create("user", {"type": "input_text"}), "content[0].text"),
        (create("robot", TEXT), "role"),
        (create("user"), "content"),
        (create("user", *[TEXT] * (MOST_PARTS + 1)), "content"),
        ({"type": "conversation.item.create", "item": create("user")["item"] | {"content": ["Hello."]}}, "content[0]"),
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


CALL: Json = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}


def _speaks(session: Session) -> list[Json]:
    return session.tell(*session.says("What now?"))


def _is_answered(session: Session) -> list[Json]:
    return session.tell(*session.answers(session.chat(), "This."))


def _calls(session: Session) -> list[Json]:
    return session.send({"type": "conversation.item.create", "item": CALL})


@pytest.mark.parametrize("shown", [_speaks, _is_answered, _calls])
def test_an_item_that_is_not_acknowledged_yet_is_no_previous_item(shown: Callable[[Session], list[Json]]) -> None:
    session = Session()
    session.send(create("user", TEXT, item_id="first"))
    save(session)
    session.send(create("user", TEXT, item_id="waits"))
    waiting = written(session)
    added = only(shown(session), "conversation.item.added")
    assert added["previous_item_id"] == "first"
    acknowledged, done = session.tell(core.MessageWritten(session.message(None, "question"), waiting.origin))
    assert (acknowledged["previous_item_id"], done["previous_item_id"]) == ("first", "first")
    assert session.rules.items == ["first", "waits", added["item"]["id"]]


def test_an_item_may_be_put_behind_one_that_is_not_acknowledged_yet() -> None:
    session = Session()
    session.send(create("user", TEXT, item_id="a"))
    first = written(session)
    session.send({"type": "conversation.item.create", "item": CALL | {"id": "call"}, "previous_item_id": "a"})
    session.send(create("user", TEXT, item_id="b", previous_item_id="a"))
    second = written(session)
    for asked in (first, second):
        session.tell(core.MessageWritten(session.message(None, "question"), asked.origin))
    assert session.rules.items == ["a", "b", "call"]


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


@pytest.mark.parametrize(
    "event",
    [
        core.MessageWritten(Session().message(None, "question", "Hello.")),
        core.MessageRemoved("1"),
        core.AnswerCut("1", 80, "another's"),
    ],
)
def test_what_this_client_did_not_ask_for_is_not_acknowledged(event: core.Event) -> None:
    session = Session()
    session.send(create("user", TEXT, item_id="a"))
    waiting = written(session)
    assert session.tell(event) == []
    added, _ = session.tell(core.MessageWritten(session.message(None, "question", "Hello."), waiting.origin))
    assert added["item"]["id"] == "a"


def test_a_long_conversation_forgets_an_item_before_it_is_saved_and_acknowledges_it_nevertheless() -> None:
    session = Session()
    session.send(create("user", TEXT, item_id="a"))
    waiting = written(session)
    call = {"type": "function_call", "name": "f", "arguments": "x" * LONGEST_OUTPUT}
    for _ in range(MOST_CHARACTERS // LONGEST_OUTPUT):
        session.translation.read(CreateItem(item=call))
    assert session.send({"type": "conversation.item.retrieve", "item_id": "a"})[0]["type"] == "error"
    told = session.translation.tell(core.MessageWritten(session.message(None, "question"), waiting.origin))
    assert [type(one) for one in told] == [ItemAdded, ItemDone]
    assert all(isinstance(one, ItemAdded | ItemDone) and one.item.id == "a" for one in told)


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


def test_an_item_is_not_deleted_before_its_message_is_saved() -> None:
    session = Session()
    session.send(create("user", TEXT, item_id="a"))
    waiting = written(session)
    event = {"type": "conversation.item.delete", "item_id": "a", "event_id": "e2"}
    (refused,) = session.send(event)
    assert (refused["error"]["code"], refused["error"]["event_id"]) == ("item_delete_invalid_item_id", "e2")
    assert "not saved yet" in refused["error"]["message"]
    session.tell(core.MessageWritten(session.message(None, "question", "Hello.", "m"), waiting.origin))
    assert session.send(event) == []
    assert [getattr(request, "message_id", "") for request in session.requests] == ["m"]


def test_an_answer_deleted_while_it_is_spoken_ends_and_stays_deleted() -> None:
    session = Session()
    session.send(create("user", TEXT, item_id="a"))
    save(session)
    chat = session.chat()
    *begun, spoken = session.answers(chat, "One.")
    item_id = only(session.tell(*begun), "conversation.item.added")["item"]["id"]
    session.send({"type": "conversation.item.delete", "item_id": item_id})
    (request,) = session.requests
    assert isinstance(request, RemoveMessage)
    session.tell(core.MessageRemoved(request.message_id, request.origin))
    sent = session.tell(spoken, completed(chat))
    assert only(sent, "conversation.item.done")["previous_item_id"] == "a"
    assert sent[-1]["response"]["output"][0]["content"][0]["transcript"] == "One."
    assert session.send({"type": "conversation.item.retrieve", "item_id": item_id})[0]["type"] == "error"
    session.rules.check_end()


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
    cut = core.AnswerCut(request.message_id, request.played_ms, request.origin)
    assert types(session.tell(cut)) == ["conversation.item.truncated"]


def test_a_message_written_elsewhere_is_an_item_too() -> None:
    session = Session()
    added, done = session.tell(core.MessageCompleted(session.message(None, "question", "Typed.")))
    assert (added["item"]["role"], added["item"]["content"][0]["text"]) == ("user", "Typed.")
    assert done["type"] == "conversation.item.done"
