"""Interrupting the agent: by voice, by cancel, by a typed message and by a text to be spoken (downlink.md 4)."""

from dataclasses import replace

import pytest

from kouyu.conversation.effects import CancelReply, CancelSpeech, SaveChat, SaveMessage, Speak, TrimMessage
from kouyu.conversation.inputs import ClientLeft, SpeechProbability
from kouyu.conversation.limits import Limits
from kouyu.domain.requests import Announce
from kouyu.protocol.coze.downlink import Cancellation
from tests.conversation.simulation import Engines, Simulation

LONG_ANSWER = Engines(deltas=tuple(f"This is sentence number {n} of it. " for n in range(8)), packets_per_sentence=10)


def talking(engines: Engines = LONG_ANSWER, limits: Limits | None = None) -> Simulation:
    """The agent is in the middle of a long answer."""
    talk = Simulation(engines, limits or Limits())
    talk.free_talk()
    talk.write("hello")
    talk.silence(1000)
    assert "conversation.audio.delta" in talk.event_types
    return talk


def cancellations(talk: Simulation) -> list[int]:
    return [event.data.code for event in talk.events if isinstance(event.data, Cancellation)]


def test_speech_interrupts_the_agent_with_code_1_after_speech_started() -> None:
    talk = talking()
    talk.speak(400)
    started = talk.event_types.index("input_audio_buffer.speech_started")
    assert talk.event_types[started + 1] == "conversation.chat.canceled"
    assert cancellations(talk) == [1]


def test_a_click_does_not_interrupt() -> None:
    talk = talking()
    talk.speak(96)
    talk.silence(500)
    assert cancellations(talk) == []
    assert "input_audio_buffer.speech_started" not in talk.event_types


@pytest.mark.parametrize(("echo", "interrupts"), [(False, True), (True, False)])
def test_where_the_agent_s_voice_comes_back_it_takes_more_speech_to_interrupt(echo: bool, interrupts: bool) -> None:
    talk = talking()
    talk.give(SpeechProbability(talk.received, 0.0, echo=echo))
    talk.speak(128)
    talk.silence(500)
    assert (cancellations(talk) == [1]) == interrupts
    talk.speak(192)
    assert cancellations(talk) == [1]


def test_a_cancel_interrupts_with_code_2() -> None:
    talk = talking()
    talk.cancel()
    assert cancellations(talk) == [2]


def test_a_typed_message_interrupts_with_code_3_and_is_answered() -> None:
    talk = talking()
    talk.write("another question")
    talk.wait(1)
    assert cancellations(talk) == [3]
    after = talk.event_types[talk.event_types.index("conversation.chat.canceled") + 1 :]
    assert after[:3] == [
        "conversation.message.completed",
        "conversation.chat.created",
        "conversation.chat.in_progress",
    ]


def test_a_text_to_be_spoken_interrupts_with_code_3() -> None:
    talk = talking()
    talk.give(Announce("Attention please."))
    talk.wait(1)
    assert cancellations(talk) == [3]
    assert talk.event_types[-1] == "conversation.audio.completed"


def test_an_idle_cancel_is_answered_all_the_same() -> None:
    talk = Simulation()
    talk.cancel()
    assert cancellations(talk) == [2]


def test_speech_in_silence_cancels_nothing() -> None:
    talk = Simulation()
    talk.free_talk()
    talk.speak(600)
    assert cancellations(talk) == []


def test_audio_that_still_sounds_after_the_chat_has_completed_can_be_interrupted() -> None:
    talk = Simulation()
    talk.free_talk()
    talk.write("hello")
    talk.silence(900)
    assert talk.event_types[-1] == "conversation.chat.completed"
    talk.speak(400)
    assert cancellations(talk) == [1]


def test_once_everything_has_sounded_speech_interrupts_nothing() -> None:
    talk = Simulation()
    talk.free_talk()
    talk.write("hello")
    talk.silence(5000)
    talk.speak(400)
    assert cancellations(talk) == []


def test_after_canceled_nothing_more_of_the_old_chat_is_sent() -> None:
    talk = talking()
    talk.cancel()
    talk.wait(20)
    assert talk.event_types[-1] == "conversation.chat.canceled"


def test_an_interruption_stops_the_agent_and_the_synthesizer() -> None:
    talk = Simulation(Engines(deltas=("One two three four five. ",) * 20, delta_s=0.3, synthesis_s=0.5))
    talk.write("hello")
    talk.wait(1.2)
    talk.cancel()
    stopped = {effect.order for effect in (*talk.all(CancelReply), *talk.all(CancelSpeech))}
    assert len(stopped) == 2
    assert talk.all(Speak)[-1].order in stopped


def test_the_interrupted_chat_is_saved_as_canceled_with_what_was_said_and_what_was_heard() -> None:
    talk = talking()
    talk.cancel()
    assert talk.all(SaveChat)[-1].chat.status == "canceled"
    answer = [save.message for save in talk.all(SaveMessage) if save.message.type == "answer"][-1]
    (trim,) = talk.all(TrimMessage)
    assert trim.message_id == answer.id
    assert answer.content.startswith(trim.heard)
    assert 0 < len(trim.heard) < len(answer.content)


def test_the_heard_text_grows_with_the_time_listened_and_ends_at_a_word() -> None:
    lengths = []
    for seconds in (1, 3, 5, 9):
        talk = Simulation(LONG_ANSWER)
        talk.write("hello")
        talk.wait(seconds)
        talk.cancel()
        heard = talk.all(TrimMessage)[-1].heard
        assert heard == "" or heard[-1].isalnum() or heard[-1] in ". "
        lengths.append(len(heard))
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[1] < lengths[2] < lengths[3]


def test_a_reply_heard_to_its_end_is_not_trimmed() -> None:
    talk = Simulation()
    talk.write("hello")
    talk.wait(10)
    talk.cancel()
    assert talk.all(TrimMessage) == []


def test_a_client_that_leaves_cuts_off_what_runs_and_not_what_it_has_already() -> None:
    running = talking()
    running.give(ClientLeft())
    assert running.all(SaveChat)[-1].chat.status == "canceled"
    assert len(running.all(TrimMessage)) == 1
    sent = Simulation()
    sent.write("hello")
    sent.wait(0.9)
    assert sent.event_types[-1] == "conversation.chat.completed"
    sent.give(ClientLeft())
    assert sent.all(TrimMessage) == []


def test_an_answer_interrupted_before_its_first_sound_was_not_heard_at_all() -> None:
    talk = Simulation(Engines(synthesis_s=5))
    talk.write("hello")
    talk.wait(1)
    talk.cancel()
    (trim,) = talk.all(TrimMessage)
    assert trim.heard == ""


@pytest.mark.parametrize(
    ("mode", "transcript", "interrupts"),
    [
        ("keyword_contains", "你好呀扣子", True),
        ("keyword_contains", "扣子你好呀", True),
        ("keyword_prefix", "扣子，你好呀", True),
        ("keyword_prefix", "你好呀扣子", False),
        ("keyword_contains", "你好呀", False),
    ],
)
def test_with_keywords_only_speech_that_has_one_interrupts(mode: str, transcript: str, interrupts: bool) -> None:
    talk = Simulation(Engines(deltas=LONG_ANSWER.deltas, packets_per_sentence=40, transcript=transcript))
    talk.free_talk(interrupt_config={"mode": mode, "keywords": ["扣子"]})
    talk.write("hello")
    talk.silence(600)
    talk.speak(900)
    talk.silence(1000)
    assert (1 in cancellations(talk)) is interrupts
    assert ("input_audio_buffer.speech_started" in talk.event_types) is interrupts


def test_a_short_keyword_without_an_interim_transcript_interrupts_when_its_transcript_is_there() -> None:
    talk = Simulation(
        Engines(deltas=LONG_ANSWER.deltas, packets_per_sentence=40, transcript="扣子", transcription_s=0.8)
    )
    talk.free_talk(interrupt_config={"mode": "keyword_contains", "keywords": ["扣子"]})
    talk.write("hello")
    talk.silence(600)
    talk.speak(224)
    talk.silence(1500)
    assert cancellations(talk) == [1]
    started = talk.event_types.index("input_audio_buffer.speech_started")
    assert talk.event_types[started + 1] == "input_audio_buffer.speech_stopped"


PATIENT = Limits(ignore_backchannels=True)


def answering(transcript: str) -> Simulation:
    """The agent, which ignores backchannels, talks to a user who will say this."""
    return talking(replace(LONG_ANSWER, transcript=transcript), PATIENT)


def test_a_backchannel_does_not_interrupt_where_those_are_ignored() -> None:
    talk = answering("Mm-hm.")
    chats = talk.event_types.count("conversation.chat.created")
    talk.speak(400)
    talk.silence(1500)
    assert cancellations(talk) == []
    assert "input_audio_buffer.speech_started" not in talk.event_types
    assert "conversation.audio_transcript.completed" not in talk.event_types
    assert talk.event_types.count("conversation.chat.created") == chats


def test_the_same_words_interrupt_where_they_are_not_ignored() -> None:
    talk = talking(replace(LONG_ANSWER, transcript="Mm-hm."))
    talk.speak(400)
    assert cancellations(talk) == [1]


def test_words_that_say_something_interrupt_as_soon_as_they_are_understood() -> None:
    talk = answering("Wait, stop.")
    began = talk.now
    talk.speak(700)
    assert cancellations(talk) == [1]
    assert talk.time_of("input_audio_buffer.speech_started") - began < 0.4


def test_long_speech_interrupts_before_it_is_understood() -> None:
    talk = talking(replace(LONG_ANSWER, transcription_s=None), PATIENT)
    talk.speak(700)
    assert cancellations(talk) == []
    talk.speak(200)
    assert cancellations(talk) == [1]
