"""chat.update: all of it or nothing; the opening line; which conversation and section this is."""

import msgspec
import pytest

from kouyu.conversation.effects import CancelTranscribe, SaveMessage, SaveSection, Speak, StartReply, UseInputFormat
from kouyu.conversation.inputs import ConfigurationUpdate
from kouyu.conversation.limits import Limits
from kouyu.protocol.downlink import Chat, DownlinkEvent, Message, Sentence
from kouyu.protocol.uplink import ConversationClear, ConversationMessageCreate
from tests.conversation.simulation import CAPABILITIES, Engines, Simulation

ANNOUNCEMENT = [
    "conversation.audio.sentence_start",
    "conversation.audio.delta",
    "conversation.audio.completed",
]


def updated(talk: Simulation) -> dict[str, object]:
    """What the last chat.updated shows."""
    event = [event for event in talk.events if event.event_type == "chat.updated"][-1]
    assert isinstance(event.data, msgspec.Raw)
    shown: dict[str, object] = msgspec.json.decode(event.data)
    return shown


def sentences(talk: Simulation) -> list[str]:
    return [event.data.text for event in talk.events if isinstance(event.data, Sentence)]


# All or nothing


def test_one_bad_field_and_nothing_is_applied() -> None:
    talk = Simulation()
    before = talk.conversation.configuration
    talk.give(
        ConfigurationUpdate(
            data={
                "turn_detection": {"type": "server_vad"},
                "chat_config": {"conversation_id": "77"},
                "output_audio": {"speech_rate": 1000},
            },
            opened=("77", "78"),
            origin_message="the update",
        )
    )
    assert talk.conversation.configuration == before
    assert talk.conversation.conversation_id == before.chat_config.conversation_id
    assert talk.event_types == ["chat.created", "error"]
    assert talk.events[-1].origin_message == "the update"


def test_a_bad_update_in_the_middle_of_an_utterance_does_not_disturb_it() -> None:
    talk = Simulation(Engines(transcription_s=2.0))
    talk.free_talk()
    talk.speak(960)
    talk.silence(256)
    cancelled = talk.all(CancelTranscribe)
    talk.configure(turn_detection={"type": "client_interrupt"}, output_audio={"speech_rate": 1000})
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
def test_a_reply_that_was_prepared_is_prepared_anew_under_the_new_configuration(data: dict[str, object]) -> None:
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


# The opening line


def test_the_bots_own_opening_line_is_spoken_with_audio_events_alone() -> None:
    talk = Simulation()
    talk.configure(need_play_prologue=True)
    talk.wait(5)
    assert talk.kinds() == ["chat.created", "chat.updated", *ANNOUNCEMENT]
    assert sentences(talk) == [CAPABILITIES.prologue]


def test_the_clients_opening_line_comes_before_the_bots() -> None:
    talk = Simulation()
    talk.configure(need_play_prologue=True, prologue_content="Good morning.")
    talk.wait(5)
    assert sentences(talk) == ["Good morning."]


def test_an_opening_line_is_spoken_once_however_many_updates_come() -> None:
    talk = Simulation()
    for _ in range(3):
        talk.configure(need_play_prologue=True)
        talk.wait(5)
    assert talk.event_types.count("conversation.audio.completed") == 1


@pytest.mark.parametrize("nothing", ["", " "])
def test_an_opening_line_that_is_taken_back_or_blank_is_nothing(nothing: str) -> None:
    talk = Simulation(capabilities=msgspec.structs.replace(CAPABILITIES, prologue=""))
    talk.configure(need_play_prologue=True, prologue_content="Good morning.")
    talk.wait(5)
    talk.configure(prologue_content=nothing)
    talk.wait(5)
    assert talk.kinds() == ["chat.created", "chat.updated", *ANNOUNCEMENT, "chat.updated"]


def test_no_opening_line_is_spoken_unasked() -> None:
    talk = Simulation()
    talk.configure(prologue_content="Good morning.")
    talk.wait(5)
    assert sentences(talk) == []


def test_the_opening_line_joins_no_context_and_speech_interrupts_it() -> None:
    talk = Simulation(Engines(packets_per_sentence=30))
    talk.configure(need_play_prologue=True, turn_detection={"type": "server_vad"})
    talk.silence(500)
    talk.speak(400)
    started = talk.event_types.index("input_audio_buffer.speech_started")
    assert talk.event_types[started + 1] == "conversation.chat.canceled"
    assert talk.all(SaveMessage) == []


def test_an_opening_line_does_not_cut_off_what_is_being_said() -> None:
    talk = Simulation()
    talk.write("hello")
    talk.wait(1)
    talk.configure(need_play_prologue=True)
    talk.wait(20)
    assert "conversation.chat.canceled" not in talk.event_types
    assert CAPABILITIES.prologue not in sentences(talk)


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
    talk.give(ConfigurationUpdate(data={"chat_config": {"conversation_id": "77"}}, opened=("77", "78")))
    assert updated(talk)["chat_config"]["conversation_id"] == "77"  # type: ignore[index]
    talk.write("hello")
    assert _of_chats(talk) == [("77", "78")]


def test_conversation_clear_begins_a_new_section_of_the_same_conversation() -> None:
    talk = Simulation()
    talk.write("hello")
    talk.wait(10)
    talk.give(ConversationClear())
    (saved,) = talk.all(SaveSection)
    assert talk.events[-1] == DownlinkEvent("conversation.cleared")
    talk.write("hello again")
    (first, first_section), (second, second_section) = _of_chats(talk)
    assert first == second == saved.conversation_id
    assert second_section == saved.section_id != first_section


def test_a_chat_that_runs_while_the_context_is_cleared_stays_in_its_section() -> None:
    talk = Simulation()
    talk.write("hello")
    talk.give(ConversationClear())
    talk.wait(10)
    messages = [event.data for event in talk.events if isinstance(event.data, Message)]
    assert len({message.section_id for message in messages}) == 1
    assert talk.event_types[-1] == "conversation.chat.completed"


@pytest.mark.parametrize(
    "change",
    [
        ConversationClear(),
        ConversationMessageCreate(role="assistant", content_type="text", content="I said this."),
        ConversationMessageCreate(role="user", content_type="text", content="I wrote this."),
    ],
)
def test_a_reply_that_was_prepared_is_asked_for_anew_when_the_context_changes(change: ConversationClear) -> None:
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
