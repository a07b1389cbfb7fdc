"""Messages that a client adds to the context and removes from it, without an answer."""

import pytest

from kouyu.conversation.effects import SaveMessage, Transcribe
from kouyu.conversation.inputs import ConfigurationUpdate
from kouyu.domain.configuration import ChatConfig, Configuration
from kouyu.domain.events import (
    BufferCompleted,
    ChatCompleted,
    MessageRemoved,
    MessageWritten,
    SpeechDelta,
)
from kouyu.domain.ids import NO_ID
from kouyu.domain.options import SessionOptions
from kouyu.domain.requests import CompleteBuffer, RemoveMessage
from tests.conversation.openai_talk import PUSH_TO_TALK, Talk
from tests.conversation.simulation import Engines


def test_a_message_is_told_of_and_not_saved_where_the_client_has_no_history() -> None:
    talk = Talk()
    chat_config = ChatConfig(auto_save_history=False)
    talk.give(ConfigurationUpdate(requested=Configuration(chat_config=chat_config), options=SessionOptions()))
    talk.add("first")
    (written,) = talk.told(MessageWritten)
    assert (written.message.content, written.origin) == ("first", "first")
    assert not talk.all(SaveMessage)


def test_a_message_is_put_where_the_client_wants_it() -> None:
    talk = Talk()
    talk.use()
    talk.add("first")
    first = talk.told(MessageWritten)[0].message
    talk.add("second", after=first.id)
    talk.add("before all", after=NO_ID)
    assert [save.after for save in talk.all(SaveMessage)] == [None, first.id, NO_ID]


def test_a_message_is_removed() -> None:
    talk = Talk()
    talk.use()
    talk.add("first")
    talk.add("second")
    removed = talk.told(MessageWritten)[0].message.id
    talk.give(RemoveMessage(removed, "remove"))
    assert talk.told(MessageRemoved) == [MessageRemoved(removed, "remove")]
    assert talk.context() == [("user", "second")]


def test_an_answer_that_is_removed_while_it_runs_is_not_saved_later() -> None:
    talk = Talk()
    talk.use()
    talk.write("Hi")
    talk.wait(0.5)
    talk.give(RemoveMessage(talk.told(SpeechDelta)[0].message.id))
    talk.wait(5)
    assert talk.told(ChatCompleted)
    assert talk.context() == [("user", "Hi")]


@pytest.mark.parametrize(("others", "saved"), [(63, 0), (64, 1)])
def test_of_the_messages_that_are_removed_before_they_are_saved_the_last_64_are_remembered(
    others: int, saved: int
) -> None:
    talk = Talk(Engines(transcription_s=1.0))
    talk.use(PUSH_TO_TALK)
    talk.speak(640)
    talk.give(CompleteBuffer(answer=False))
    talk.give(RemoveMessage(talk.told(BufferCompleted)[0].message_id))
    for number in range(others):
        talk.give(RemoveMessage(str(number)))
    talk.wait(5)
    assert len(talk.context()) == saved


def test_a_question_that_is_removed_before_its_transcript_is_not_saved() -> None:
    talk = Talk(Engines(transcription_s=1.0))
    talk.use(PUSH_TO_TALK)
    talk.speak(640)
    talk.give(CompleteBuffer(answer=False))
    talk.give(RemoveMessage(talk.told(BufferCompleted)[0].message_id))
    talk.wait(5)
    assert talk.all(Transcribe)
    assert talk.context() == []


def test_a_message_behind_an_answer_that_is_still_synthesised_finds_it_saved_whole() -> None:
    talk = Talk(Engines(synthesis_s=2.0))
    talk.use()
    talk.write("Hi")
    talk.wait(1)
    assert not talk.told(ChatCompleted)
    talk.add("I add this.")
    talk.wait(20)
    assert talk.told(ChatCompleted)
    assert talk.context() == [
        ("user", "Hi"),
        ("assistant", "Paris is the capital. It lies on the Seine."),
        ("user", "I add this."),
    ]
    assert [save.message.content for save in talk.all(SaveMessage) if save.message.type == "answer"] == [
        "Paris is the capital. It lies on the Seine."
    ]
