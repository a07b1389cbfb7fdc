"""The opening line: when it is spoken, and in place of what."""

import msgspec
import pytest

from kouyu.conversation.effects import SaveMessage, StartReply
from kouyu.domain.requests import StartSection
from kouyu.protocol.coze.downlink import Sentence
from tests.conversation.simulation import CAPABILITIES, Engines, Simulation

ANNOUNCEMENT = [
    "conversation.audio.sentence_start",
    "conversation.audio.delta",
    "conversation.audio.completed",
]


def sentences(talk: Simulation) -> list[str]:
    return [event.data.text for event in talk.events if isinstance(event.data, Sentence)]


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


@pytest.mark.parametrize("after_s", [0.05, 0.3, 20])
def test_another_opening_line_is_spoken_too_in_place_of_one_that_still_sounds(after_s: float) -> None:
    talk = Simulation(Engines(packets_per_sentence=30))
    talk.configure(need_play_prologue=True)
    talk.wait(after_s)
    talk.configure(prologue_content="Good morning.")
    talk.wait(20)
    assert sentences(talk)[-1] == "Good morning."
    assert ("conversation.chat.canceled" in talk.event_types) is (after_s < 20)
    talk.configure(prologue_content="Good morning.")
    talk.wait(20)
    assert sentences(talk).count("Good morning.") == 1


@pytest.mark.parametrize("nothing", ["", " "])
def test_an_opening_line_that_is_removed_or_blank_is_not_spoken(nothing: str) -> None:
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


def told(talk: Simulation) -> list[str]:
    """The opening lines that the agent is given with the latest question."""
    return [line.text for line in talk.all(StartReply)[-1].opening_lines]


def test_the_agent_is_told_of_the_opening_line_until_the_section_ends() -> None:
    talk = Simulation()
    talk.configure(need_play_prologue=True)
    talk.wait(5)
    for _ in range(2):
        talk.write("hello")
        assert told(talk) == [CAPABILITIES.prologue]
    talk.give(StartSection())
    talk.write("hello")
    assert told(talk) == []


def test_the_agent_is_told_what_was_heard_of_an_opening_line_that_speech_cut_off() -> None:
    talk = Simulation(Engines(packets_per_sentence=30))
    line = "Hello, I am here. " + "This sentence is never heard. " * 9
    talk.configure(need_play_prologue=True, prologue_content=line, turn_detection={"type": "server_vad"})
    talk.silence(6500)
    talk.speak(600)
    talk.silence(2000)
    (heard,) = told(talk)
    assert line.startswith(heard)
    assert heard.startswith("Hello, I am here.")
    assert len(heard) < len(line) // 2


def test_a_client_that_is_sent_no_audio_has_read_the_opening_line() -> None:
    talk = Simulation(capabilities=msgspec.structs.replace(CAPABILITIES, notice="This is recorded."))
    talk.configure(need_play_prologue=True, event_subscriptions=["conversation.message.delta"])
    talk.write("hello")
    assert told(talk) == [CAPABILITIES.prologue]


def test_the_opening_line_is_not_saved_and_speech_interrupts_it() -> None:
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


def test_another_opening_line_does_not_cut_off_the_answer_behind_the_first() -> None:
    talk = Simulation()
    talk.configure(need_play_prologue=True)
    talk.wait(5)
    talk.write("hello")
    talk.wait(1)
    talk.configure(prologue_content="Good morning.")
    talk.wait(20)
    assert "Good morning." not in sentences(talk)
