"""Likely mistakes of a client: reported once, and not to the client."""

import msgspec
import pytest

from kouyu.conversation.effects import Hint
from kouyu.conversation.inputs import ClientFault, ClientJoined, NotOpened, ReferenceUnknown
from kouyu.domain.client_words import ClientWords
from kouyu.domain.errors import BAD_REQUEST, InvalidField, ProtocolError
from kouyu.domain.requests import ClearBuffer, UnknownRequest
from kouyu.protocol.coze.misspelt import meant_event
from kouyu.protocol.coze.uplink import KNOWN_EVENTS
from tests.conversation.simulation import Simulation


def hints(talk: Simulation) -> list[str]:
    return [hint.message for hint in talk.all(Hint)]


def test_an_unknown_event_is_reported_once_for_each_type_and_answered_with_nothing() -> None:
    talk = Simulation()
    for event_type in ("conversation.message.creat", "ping", "ping", "conversation.message.creat"):
        talk.give(UnknownRequest(event_type, meant_event(event_type, KNOWN_EVENTS)))
    assert hints(talk) == [
        "unknown event_type 'conversation.message.creat': it is ignored; conversation.message.create may be meant",
        "unknown event_type 'ping': it is ignored",
    ]
    assert talk.event_types == ["chat.created"]


def test_a_client_that_invents_names_without_end_is_told_of_a_few() -> None:
    talk = Simulation()
    for number in range(1000):
        talk.give(UnknownRequest(f"{'x' * 10_000}{number}"))
        talk.give(UnknownRequest(f"{number}{'x' * 10_000}"))
    assert len(hints(talk)) == 50
    assert max(map(len, hints(talk))) < 200


def test_what_cannot_be_read_is_an_error_each_time_and_a_hint_once_without_the_value() -> None:
    talk = Simulation()
    for _ in range(3):
        talk.give(ClientFault(InvalidField("data.delta", "a secret", "base64"), "the message"))
        talk.give(ClientFault(ProtocolError(BAD_REQUEST, "not JSON"), "{"))
    assert talk.event_types == ["chat.created", *["error"] * 6]
    assert talk.events[1].origin_message == "the message"
    assert hints(talk) == ["error 4000: data.delta is not allowed", "error 4000: not JSON"]


def test_each_refused_object_of_an_update_is_reported_and_so_are_misspelt_fields() -> None:
    talk = Simulation()
    update = {"asr_config": {"context": 5}, "output_audio": {"voice_id": "nobody"}}
    talk.give(msgspec.structs.replace(talk.update(update), misspelt=("data.x may be y",)))
    talk.configure(**update)
    assert hints(talk) == [
        "error 4000: chat.update, asr_config stays as it was: data.asr_config.context is not allowed",
        "data.x may be y",
        "there is no voice 'nobody' here: joe speaks; engines.voice_aliases can name one for it",
    ]


def test_a_conversation_that_was_begun_instead_of_the_one_named_is_reported() -> None:
    talk = Simulation()
    unknown = {"chat_config": {"conversation_id": "77"}}
    talk.give(talk.update(unknown, conversation=NotOpened("does not exist")))
    begun = talk.conversation.conversation_id
    assert hints(talk) == [f"conversation_id '77' does not exist: the new conversation {begun} was begun"]


def test_a_reference_to_what_is_not_there_is_reported_once_and_is_no_error() -> None:
    talk = Simulation()
    for _ in range(2):
        talk.give(ReferenceUnknown("no uploaded file '7'"))
    assert hints(talk) == ["there is no uploaded file '7' here"]
    assert talk.event_types == ["chat.created"]


def test_push_to_talk_that_is_never_completed_is_reported() -> None:
    talk = Simulation()
    talk.upload(59_000, 0.9)
    assert hints(talk) == []
    talk.upload(2_000, 0.9)
    (hint,) = hints(talk)
    assert "without input_audio_buffer.complete" in hint


@pytest.mark.parametrize("event", ["complete", "clear"])
def test_events_about_the_buffer_in_free_talk_are_reported(event: str) -> None:
    talk = Simulation()
    talk.free_talk()
    for _ in range(2):
        talk.complete() if event == "complete" else talk.give(ClearBuffer())
    assert hints(talk) == [f"input_audio_buffer.{event} has no effect under turn_detection server_vad"]
    assert talk.event_types == ["chat.created", "chat.updated"]


def test_a_buffer_that_is_completed_empty_is_reported() -> None:
    talk = Simulation()
    talk.complete()
    assert hints(talk) == ["input_audio_buffer.complete came without any input_audio_buffer.append before it"]
    assert talk.event_types[-1] == "input_audio_buffer.completed"


def test_hints_have_the_words_of_the_clients_protocol() -> None:
    talk = Simulation()
    talk.give(ClientJoined(ClientWords(event_type="type", complete="input_audio_buffer.commit")))
    talk.give(UnknownRequest("ping"))
    talk.complete()
    assert hints(talk) == [
        "unknown type 'ping': it is ignored",
        "input_audio_buffer.commit came without any audio before it",
    ]
