"""The notice that a conversation is recorded: spoken once in each new one, before the prologue."""

import msgspec

from kouyu.conversation.inputs import OpenedConversation
from tests.conversation.simulation import CAPABILITIES, Simulation
from tests.conversation.test_announcer import sentences

NOTICE = "This conversation is recorded."


def noticing() -> Simulation:
    return Simulation(capabilities=msgspec.structs.replace(CAPABILITIES, notice=NOTICE))


def test_it_is_spoken_once_before_the_prologue() -> None:
    talk = noticing()
    talk.configure(need_play_prologue=True)
    talk.wait(8)
    talk.configure(output_audio={"speech_rate": 10})
    talk.wait(8)
    assert " ".join(sentences(talk)) == f"{NOTICE} {CAPABILITIES.prologue}"


def test_a_client_that_configures_nothing_hears_it_with_its_first_audio() -> None:
    talk = noticing()
    assert sentences(talk) == []
    talk.silence(500)
    talk.silence(5000)
    assert sentences(talk) == [NOTICE]


def test_without_a_notice_nothing_is_said() -> None:
    talk = Simulation()
    talk.configure()
    talk.silence(1000)
    assert sentences(talk) == []


def test_another_user_hears_it_again() -> None:
    talk = noticing()
    talk.configure(chat_config={"user_id": "ada"})
    talk.wait(8)
    talk.configure(chat_config={"user_id": "bob"})
    talk.wait(8)
    assert sentences(talk) == [NOTICE, NOTICE]


def test_a_conversation_that_is_continued_began_with_it() -> None:
    talk = noticing()
    talk.give(talk.update({"chat_config": {"conversation_id": "7"}}, OpenedConversation("7", "7")))
    talk.silence(1000)
    assert sentences(talk) == []
