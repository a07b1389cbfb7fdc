"""chat.update: what is sound of it holds; which conversation and section this is."""

from typing import Any

import msgspec
import pytest

from kouyu.conversation.effects import (
    CancelTranscribe,
    SaveChat,
    SaveMessage,
    SaveSection,
    Speak,
    StartReply,
    UseInputFormat,
)
from kouyu.conversation.inputs import NotOpened, OpenedConversation
from kouyu.conversation.limits import Limits
from kouyu.domain.chats import Chat
from kouyu.domain.configuration import Configuration
from kouyu.domain.messages import Message
from kouyu.domain.requests import StartSection, WriteMessage
from kouyu.protocol.coze.downlink import DownlinkEvent, ErrorData
from tests.conversation.simulation import CAPABILITIES, Engines, Simulation


def wanted(talk: Simulation, data: dict[str, Any]) -> Configuration:
    return talk.read(data).configuration


def updated(talk: Simulation) -> dict[str, object]:
    """What the last chat.updated shows."""
    event = [event for event in talk.events if event.event_type == "chat.updated"][-1]
    assert isinstance(event.data, msgspec.Raw)
    shown: dict[str, object] = msgspec.json.decode(event.data)
    return shown


# What holds of an update, and what is told of the rest


def test_a_bad_field_leaves_its_object_as_it_was_and_the_others_hold() -> None:
    talk = Simulation()
    before = talk.conversation.configuration
    talk.configure(
        turn_detection={"type": "server_vad"},
        input_audio={"format": "pcm", "sample_rate": 16000},
        output_audio={"codec": "opus", "speech_rate": 1000},
        need_play_prologue="yes",
    )
    after = talk.conversation.configuration
    assert (after.turn_detection.type, after.input_audio.format) == ("server_vad", "pcm")
    assert (after.output_audio, after.need_play_prologue) == (before.output_audio, False)


def test_one_error_names_every_bad_field_in_front_of_what_is_in_force() -> None:
    talk = Simulation()
    talk.configure(
        output_audio={"codec": "gsm", "speech_rate": 1000},
        asr_config={"sensitive_words_filter": {"filter_with_empty": "x"}},
        turn_detection={"type": "server_vad"},
    )
    assert talk.event_types == ["chat.created", "error", "chat.updated"]
    told = talk.events[1]
    assert isinstance(told.data, ErrorData)
    named = [fault.partition(":")[0] for fault in told.data.msg.split(" | ")]
    assert named == [
        "data.output_audio.codec",
        "data.output_audio.speech_rate",
        "data.asr_config.sensitive_words_filter.filter_with_empty",
    ]
    assert (told.data.code, told.origin_message) == (4000, "the update")
    assert updated(talk)["turn_detection"]["type"] == "server_vad"  # type: ignore[index]


def test_fields_that_do_not_go_together_are_refused_like_bad_ones() -> None:
    talk = Simulation()
    talk.configure(
        input_audio={"format": "wav", "codec": "g711a"},
        voice_processing_config={"enable_ans": True, "enable_pdns": True},
        output_audio={"codec": "opus"},
    )
    after = talk.conversation.configuration
    assert (after.input_audio.codec, after.voice_processing_config.enable_ans) == ("pcm", False)
    assert after.output_audio.codec == "opus"
    assert talk.event_types == ["chat.created", "error", "chat.updated"]


def test_a_voice_that_is_refused_leaves_the_output_as_it_was() -> None:
    talk = Simulation(capabilities=msgspec.structs.replace(CAPABILITIES, unknown_voice_is_error=True))
    talk.configure(output_audio={"codec": "opus", "voice_id": "nobody"}, turn_detection={"type": "server_vad"})
    after = talk.conversation.configuration
    assert (after.output_audio.codec, after.turn_detection.type) == ("pcm", "server_vad")


def test_an_update_that_changes_nothing_does_not_disturb_an_utterance() -> None:
    talk = Simulation(Engines(transcription_s=2.0))
    talk.free_talk()
    talk.speak(960)
    talk.silence(256)
    cancelled = talk.all(CancelTranscribe)
    talk.configure(turn_detection={"type": "client_interrupt", "silence_duration_ms": -1})
    talk.configure(turn_detection={"type": "server_vad"})
    talk.silence(6000)
    assert talk.all(CancelTranscribe) == cancelled
    assert talk.event_types[-1] == "conversation.chat.completed"


def test_updates_add_up() -> None:
    talk = Simulation()
    talk.configure(output_audio={"codec": "opus"})
    talk.configure(output_audio={"voice_id": "alpha"})
    output_audio = updated(talk)["output_audio"]
    assert isinstance(output_audio, dict)
    assert (output_audio["codec"], output_audio["voice_id"]) == ("opus", "alpha")


def test_an_update_holds_from_the_next_spoken_item() -> None:
    talk = Simulation(Engines(deltas=("One two three four. ", "Five six seven. ")))
    talk.write("hello")
    talk.wait(0.15)
    talk.configure(output_audio={"voice_id": "alpha"})
    talk.wait(10)
    talk.write("hello again")
    talk.wait(10)
    voices = [order.configuration.output_audio.voice_id for order in talk.all(Speak)]
    assert voices == ["joe", "joe", "alpha", "alpha"]


@pytest.mark.parametrize("data", [{"chat_config": {"auto_save_history": False}}, {"output_audio": {"codec": "opus"}}])
def test_a_reply_that_was_prepared_is_prepared_again_under_the_new_configuration(data: dict[str, object]) -> None:
    talk = Simulation(Engines(transcription_s=0.01, first_delta_s=0.01, delta_s=0.0))
    talk.free_talk(silence_duration_ms=1000)
    talk.speak(960)
    talk.silence(500)
    assert len(talk.all(StartReply)) == 1
    talk.configure(**data)
    talk.silence(4000)
    first, second = talk.all(StartReply)
    assert second.configuration == talk.conversation.configuration != first.configuration
    assert talk.event_types.count("conversation.chat.created") == 1


# Conversation and section


def _of_chats(talk: Simulation) -> list[tuple[str, str]]:
    created = [event.data for event in talk.events if event.event_type == "conversation.chat.created"]
    return [(chat.conversation_id, chat.section_id) for chat in created if isinstance(chat, Chat)]


def test_a_new_conversation_begins_with_a_section_of_the_same_id() -> None:
    talk = Simulation()
    talk.write("hello")
    ((conversation_id, section_id),) = _of_chats(talk)
    assert conversation_id == section_id == talk.conversation.conversation_id


def test_an_opened_conversation_is_gone_on_with_in_its_own_section() -> None:
    talk = Simulation()
    talk.give(talk.update({"chat_config": {"conversation_id": "77"}}, conversation=OpenedConversation("77", "78")))
    assert updated(talk)["chat_config"]["conversation_id"] == "77"  # type: ignore[index]
    talk.write("hello")
    assert _of_chats(talk) == [("77", "78")]


def test_a_conversation_that_cannot_be_opened_makes_place_for_a_new_one_without_an_error() -> None:
    talk = Simulation()
    talk.write("hello")
    talk.wait(10)
    unknown = {"chat_config": {"conversation_id": "77"}, "turn_detection": {"type": "server_vad"}}
    talk.give(talk.update(unknown, conversation=NotOpened("does not exist")))
    first = talk.events[-1]
    assert first.event_type == "chat.updated"
    assert "error" not in talk.event_types
    talk.write("hello again")
    (before, _), (after, section) = _of_chats(talk)
    assert len({before, after, "77"}) == 3
    assert section == after == updated(talk)["chat_config"]["conversation_id"]  # type: ignore[index]


def test_a_device_that_names_its_unknown_conversation_each_time_stays_in_the_new_one() -> None:
    talk = Simulation()
    unknown = {"chat_config": {"conversation_id": "77"}}
    assert talk.conversation.names_another_conversation(wanted(talk, unknown))
    talk.give(talk.update(unknown, conversation=NotOpened("does not exist")))
    assert not talk.conversation.names_another_conversation(wanted(talk, unknown))
    own = {"chat_config": {"conversation_id": talk.conversation.conversation_id}}
    assert not talk.conversation.names_another_conversation(wanted(talk, own))


def test_a_conversation_named_beside_a_bad_field_is_not_opened() -> None:
    talk = Simulation()
    bad = wanted(talk, {"chat_config": {"conversation_id": "77", "auto_save_history": "no"}})
    assert not talk.conversation.names_another_conversation(bad)


def test_conversation_clear_begins_a_new_section_of_the_same_conversation() -> None:
    talk = Simulation()
    talk.write("hello")
    talk.wait(10)
    talk.give(StartSection())
    (saved,) = talk.all(SaveSection)
    assert talk.events[-1] == DownlinkEvent("conversation.cleared")
    talk.write("hello again")
    (first, first_section), (second, second_section) = _of_chats(talk)
    assert first == second == saved.conversation_id
    assert second_section == saved.section_id != first_section


def test_a_chat_that_runs_while_the_context_is_cleared_stays_in_its_section() -> None:
    talk = Simulation()
    talk.write("hello")
    talk.give(StartSection())
    talk.wait(10)
    messages = [event.data for event in talk.events if isinstance(event.data, Message)]
    assert len({message.section_id for message in messages}) == 1
    assert talk.event_types[-1] == "conversation.chat.completed"


@pytest.mark.parametrize(
    "change",
    [
        StartSection(),
        WriteMessage(role="assistant", answer=False, content="I said this."),
        WriteMessage(role="user", content="I wrote this."),
    ],
)
def test_a_reply_that_was_prepared_is_asked_for_again_when_the_context_changes(change: StartSection) -> None:
    talk = Simulation(Engines(transcription_s=0.01, first_delta_s=0.01, delta_s=0.0))
    talk.free_talk(silence_duration_ms=1000)
    talk.speak(960)
    talk.silence(500)
    (prepared,) = talk.all(StartReply)
    talk.give(change)
    talk.silence(4000)
    spoken = [order for order in talk.all(StartReply) if order.question.content == prepared.question.content]
    assert len(spoken) == 2
    assert spoken[1].question.chat_id != prepared.question.chat_id
    traces = {event.data.chat_id for event in talk.events if isinstance(event.data, Message)}
    assert prepared.question.chat_id not in traces


# The input format


def test_in_free_talk_a_new_input_format_holds_at_once_in_silence() -> None:
    talk = Simulation()
    talk.free_talk()
    talk.silence(1000)
    talk.configure(input_audio={"format": "pcm"})
    assert len(talk.all(UseInputFormat)) == 1


def test_in_free_talk_a_new_input_format_waits_for_the_end_of_the_utterance() -> None:
    talk = Simulation(limits=Limits(speculation=False))
    talk.free_talk()
    talk.speak(1000)
    talk.configure(input_audio={"format": "pcm"})
    talk.speak(1000)
    assert talk.all(UseInputFormat) == []
    talk.silence(1000)
    assert len(talk.all(UseInputFormat)) == 1


def test_a_format_that_is_taken_back_in_time_never_changes() -> None:
    talk = Simulation()
    talk.speak(1000)
    talk.configure(input_audio={"format": "pcm"})
    talk.configure(input_audio={"format": "wav"})
    talk.complete()
    talk.wait(5)
    assert talk.all(UseInputFormat) == []


# Who talks


def users(talk: Simulation) -> list[tuple[str, str]]:
    """Of each chat that was kept: its conversation, and for whom it ended."""
    kept = {save.chat.id: (save.chat.conversation_id, save.user_id) for save in talk.all(SaveChat)}
    return list(kept.values())


def test_another_user_begins_a_conversation_of_their_own() -> None:
    talk = Simulation()
    talk.configure(chat_config={"user_id": "ada"})
    talk.write("hello")
    talk.wait(10)
    of_ada = talk.conversation.conversation_id
    talk.configure(chat_config={"user_id": "ben"})
    of_ben = updated(talk)["chat_config"]["conversation_id"]  # type: ignore[index]
    assert of_ben not in ("", of_ada)
    talk.configure(chat_config={"user_id": "ben"})
    talk.write("hello")
    talk.wait(10)
    assert users(talk) == [(of_ada, "ada"), (of_ben, "ben")]
    assert {(save.message.conversation_id, save.user_id) for save in talk.all(SaveMessage)} == set(users(talk))


def test_who_is_named_after_nobody_was_continues_in_the_same_conversation() -> None:
    talk = Simulation()
    before = talk.conversation.conversation_id
    talk.write("hello")
    talk.configure(chat_config={"user_id": "ada"})
    assert talk.conversation.conversation_id == before


def test_an_answer_that_runs_as_the_user_changes_is_finished_in_the_old_conversation() -> None:
    talk = Simulation()
    talk.configure(chat_config={"user_id": "ada"})
    of_ada = talk.conversation.conversation_id
    talk.write("hello")
    talk.wait(0.15)
    talk.configure(chat_config={"user_id": "ben"})
    talk.wait(10)
    assert talk.event_types[-1] == "conversation.chat.completed"
    assert users(talk) == [(of_ada, "ada")]
    assert {(save.message.conversation_id, save.user_id) for save in talk.all(SaveMessage)} == {(of_ada, "ada")}


def test_what_was_said_before_the_user_changed_is_answered_in_the_old_conversation() -> None:
    talk = Simulation(Engines(transcription_s=2.0), Limits(speculation=False))
    talk.configure(chat_config={"user_id": "ada"})
    of_ada = talk.conversation.conversation_id
    talk.speak(600)
    talk.complete()
    talk.configure(chat_config={"user_id": "ben"})
    talk.configure(chat_config={"user_id": "eve"})
    talk.wait(1.5)
    talk.speak(600)
    talk.complete()
    talk.wait(10)
    assert users(talk) == [(of_ada, "ada"), (talk.conversation.conversation_id, "eve")]
    assert [asked.configuration.chat_config.user_id for asked in talk.all(StartReply)] == ["ada", "eve"]


def test_a_conversation_is_looked_up_again_for_another_user() -> None:
    talk = Simulation()
    named = {"chat_config": {"user_id": "ada", "conversation_id": "77"}}
    talk.give(talk.update(named, conversation=OpenedConversation("77", "78")))
    assert not talk.conversation.names_another_conversation(wanted(talk, named))
    for_ben = {"chat_config": {"user_id": "ben"}}
    assert talk.conversation.names_another_conversation(wanted(talk, for_ben))
    talk.give(talk.update(for_ben, conversation=NotOpened("began under another user_id")))
    own = talk.conversation.conversation_id
    assert own != "77"
    assert not talk.conversation.names_another_conversation(wanted(talk, for_ben))
    assert talk.conversation.names_another_conversation(wanted(talk, named))
