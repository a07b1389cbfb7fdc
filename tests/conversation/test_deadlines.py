"""Whatever never comes, the turn ends and the next one works."""

from kouyu.conversation.effects import CancelReply, CancelSpeech, CancelTranscribe, Speak
from kouyu.domain.chats import Chat
from tests.conversation.simulation import Engines, Simulation


def failure(talk: Simulation) -> str:
    chat = next(e.data for e in talk.events if e.event_type == "conversation.chat.failed")
    assert isinstance(chat, Chat)
    assert chat.last_error
    return chat.last_error.msg


def ask_again(talk: Simulation) -> None:
    """The next turn works with engines that are well again."""
    talk.engines = Engines()
    before = len(talk.event_types)
    talk.write("and now?")
    talk.wait(4)
    assert talk.event_types[before:].count("conversation.chat.completed") == 1


def test_a_transcript_that_never_comes_fails_the_turn() -> None:
    talk = Simulation(Engines(transcription_s=None))
    talk.speak(1000)
    talk.complete()
    talk.wait(60)
    assert "not recognised within 11 s" in failure(talk)
    assert talk.kinds()[-2:] == ["conversation.chat.created", "conversation.chat.failed"]
    assert talk.all(CancelTranscribe)
    ask_again(talk)


def test_the_transcript_of_long_speech_may_take_longer_in_proportion() -> None:
    """22 s that are pushed at once on a busy machine are not lost."""
    talk = Simulation(Engines(transcription_s=30))
    talk.upload(22_000, 0.95)
    talk.complete()
    talk.wait(40)
    assert talk.event_types[-1] == "conversation.chat.completed"
    talk.engines = Engines(transcription_s=None)
    talk.upload(60_000, 0.95)
    talk.complete()
    talk.wait(80)
    assert "not recognised within 70 s" in failure(talk)


def test_an_agent_that_never_answers_fails_the_chat() -> None:
    talk = Simulation(Engines(first_delta_s=None))
    talk.write("hello")
    talk.wait(60)
    assert "did not answer within 20 s" in failure(talk)
    assert talk.all(CancelReply)
    ask_again(talk)


def test_an_agent_that_stalls_in_the_middle_fails_the_chat() -> None:
    talk = Simulation(Engines(deltas=("One. ", "Two. "), delta_s=100))
    talk.write("hello")
    talk.wait(90)
    assert "stopped in the middle of its answer: nothing more for" in failure(talk)
    ask_again(talk)


def test_a_synthesis_that_never_comes_leaves_the_sentence_out() -> None:
    talk = Simulation(Engines(synthesis_s=None))
    talk.write("hello")
    talk.wait(120)
    assert talk.event_types[-1] == "conversation.chat.completed"
    assert len(talk.all(CancelSpeech)) == len(talk.all(Speak)) == 2
    ask_again(talk)


def test_a_client_that_stops_sending_in_the_middle_of_an_utterance_is_answered() -> None:
    talk = Simulation()
    talk.free_talk()
    talk.speak(1000)
    talk.wait(0.9)
    assert "input_audio_buffer.speech_stopped" not in talk.event_types
    talk.wait(5)
    assert talk.event_types[-1] == "conversation.chat.completed"


def test_voice_activity_that_is_late_does_not_lose_a_pushed_utterance() -> None:
    from kouyu.conversation.inputs import AudioReceived

    talk = Simulation()
    talk.give(AudioReceived(32_000))
    talk.complete()
    talk.wait(1)
    assert talk.event_types == ["chat.created", "input_audio_buffer.completed"]
    talk.wait(6)
    assert talk.event_types[-1] == "conversation.chat.completed"


def test_an_utterance_without_end_is_ended_by_force() -> None:
    talk = Simulation()
    talk.free_talk()
    talk.speak(125_000)
    assert "input_audio_buffer.speech_stopped" in talk.event_types


def test_an_idle_conversation_has_no_deadline() -> None:
    talk = Simulation()
    talk.write("hello")
    talk.wait(30)
    assert talk.conversation.deadline(talk.now) is None
