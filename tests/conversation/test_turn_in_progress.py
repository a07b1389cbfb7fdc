"""When a connection has a turn in progress: a server that stops lets it end, and closes the others at once."""

from kouyu.conversation.limits import Limits
from tests.conversation.simulation import Engines, Simulation

SILENT = Engines(transcription_s=None)


def in_turn(talk: Simulation) -> bool:
    return talk.conversation.in_turn(talk.now)


def test_a_new_connection_has_none() -> None:
    talk = Simulation()
    assert not in_turn(talk)
    talk.silence(1000)
    talk.free_talk()
    talk.silence(1000)
    assert not in_turn(talk)


def test_it_begins_with_the_users_speech_and_ends_when_the_answer_has_been_played() -> None:
    talk = Simulation()
    talk.free_talk()
    talk.speak(800)
    assert in_turn(talk)
    while "conversation.chat.completed" not in talk.event_types:
        talk.silence(32)
        assert in_turn(talk)
    talk.silence(320)  # the client still plays what it has got
    assert in_turn(talk)
    talk.silence(20_000)
    assert not in_turn(talk)


def test_a_question_that_waits_for_its_transcript_is_one() -> None:
    talk = Simulation(SILENT, Limits(speculation=False))
    talk.speak(800)
    talk.complete()
    talk.silence(320)
    assert in_turn(talk)


def test_an_answer_that_is_cut_off_is_none() -> None:
    talk = Simulation()
    talk.write("Tell me a story.")
    talk.wait(0.5)
    assert in_turn(talk)
    talk.cancel()
    assert not in_turn(talk)
