"""A client that reconnected after it lost its connection continues where it was."""

import msgspec
import pytest

from kouyu.conversation.effects import Hint, SaveMessage, StartReply
from kouyu.conversation.inputs import ConnectionResumed, OpenedConversation
from kouyu.domain.configuration import Configuration
from tests.conversation.simulation import CAPABILITIES, Simulation

PLACE = OpenedConversation("77", "78")


def requested(**data: object) -> Configuration:
    """What the lost connection had requested."""
    lost = Simulation()
    lost.configure(**data)
    return lost.conversation.requested


def resumed(**data: object) -> Simulation:
    talk = Simulation()
    talk.give(ConnectionResumed(requested(**data), PLACE))
    return talk


def test_the_client_is_sent_nothing_and_the_developer_gets_a_hint() -> None:
    talk = resumed(turn_detection={"type": "server_vad"})
    assert talk.event_types == ["chat.created"]
    (hint,) = talk.all(Hint)
    assert "no chat.update came" in hint.message
    assert "conversation 77" in hint.message


def test_configuration_conversation_and_section_are_those_of_the_lost_connection() -> None:
    talk = resumed(turn_detection={"type": "server_vad"})
    core = talk.conversation
    assert (core.conversation_id, core.section_id) == ("77", "78")
    assert core.requested == requested(turn_detection={"type": "server_vad"})
    talk.speak(960)
    talk.silence(2000)
    talk.wait(10)
    assert talk.event_types[-1] == "conversation.chat.completed"
    places = {(saved.message.conversation_id, saved.message.section_id) for saved in talk.all(SaveMessage)}
    assert places == {("77", "78")}


def test_the_agent_is_told_of_the_opening_line_that_was_spoken_on_the_lost_connection() -> None:
    talk = resumed(need_play_prologue=True)
    talk.write("hello")
    assert [line.text for line in talk.all(StartReply)[-1].opening_lines] == [CAPABILITIES.prologue]


def test_the_opening_line_is_not_spoken_again_but_another_one_is() -> None:
    talk = resumed(need_play_prologue=True)
    talk.configure(need_play_prologue=True)
    talk.wait(5)
    assert "conversation.audio.delta" not in talk.event_types
    talk.configure(prologue_content="Good morning.")
    talk.wait(5)
    assert "conversation.audio.delta" in talk.event_types


@pytest.mark.parametrize(
    ("voice_id", "is_refused", "wanted", "speaks"),
    [
        ("nobody", True, None, "joe"),
        ("nobody", False, "nobody", "joe"),
        ("alpha", True, "alpha", "alpha"),
        (None, True, None, "joe"),
    ],
)
def test_a_voice_that_is_refused_meanwhile_gives_way_to_the_default_one(
    voice_id: str | None, is_refused: bool, wanted: str | None, speaks: str
) -> None:
    talk = Simulation(capabilities=msgspec.structs.replace(CAPABILITIES, unknown_voice_is_error=is_refused))
    talk.give(ConnectionResumed(requested(output_audio={"voice_id": voice_id, "codec": "opus"}), PLACE))
    output = talk.conversation.configuration.output_audio
    assert (output.codec, output.voice_id) == ("opus", speaks)
    assert talk.conversation.requested.output_audio.voice_id == wanted
