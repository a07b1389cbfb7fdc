"""The reply is prepared at the first pause: unseen until the turn is certain, and gone without a trace if it is not."""

import pytest

from kouyu.conversation.effects import CancelReply, CommitReply, SaveChat, SaveMessage, StartReply, Transcribe
from kouyu.conversation.limits import Limits
from tests.conversation.simulation import Engines, Simulation

WITHOUT = Limits(speculation=False)


def spoken_turn(limits: Limits) -> Simulation:
    talk = Simulation(limits=limits)
    talk.free_talk()
    talk.speak(1500)
    talk.silence(4000)
    return talk


def test_the_agent_is_asked_before_the_end_of_the_turn() -> None:
    talk = spoken_turn(Limits())
    asked = next(at for at, effect in talk.effects if isinstance(effect, StartReply))
    assert asked < talk.time_of("input_audio_buffer.speech_stopped")
    assert len(talk.all(StartReply)) == 1
    assert sum(order.final for order in talk.all(Transcribe)) == 1


def test_without_speculation_it_is_asked_only_afterwards() -> None:
    talk = spoken_turn(WITHOUT)
    asked = next(at for at, effect in talk.effects if isinstance(effect, StartReply))
    assert asked > talk.time_of("input_audio_buffer.speech_stopped")


def test_speculation_brings_the_answer_forward() -> None:
    gained = spoken_turn(WITHOUT).time_of("conversation.audio.delta") - spoken_turn(Limits()).time_of(
        "conversation.audio.delta"
    )
    assert gained > 0.25


@pytest.mark.parametrize("limits", [Limits(), WITHOUT])
def test_a_client_sees_the_same_kinds_of_events_with_and_without(limits: Limits) -> None:
    assert set(spoken_turn(limits).kinds()) == set(spoken_turn(Limits()).kinds())
    seen = [kind for kind in spoken_turn(limits).kinds() if not kind.startswith("conversation.audio.")]
    assert seen[:8] == [
        "chat.created",
        "chat.updated",
        "input_audio_buffer.speech_started",
        "conversation.audio_transcript.update",
        "input_audio_buffer.speech_stopped",
        "conversation.audio_transcript.completed",
        "conversation.message.completed",
        "conversation.chat.created",
    ]


def test_a_user_who_speaks_on_leaves_no_trace_of_what_was_prepared() -> None:
    talk = Simulation(Engines(transcription_s=0.02, first_delta_s=0.02, delta_s=0.01, synthesis_s=0.02))
    talk.free_talk()
    talk.speak(1000)
    talk.silence(400)
    asked = talk.all(StartReply)
    assert len(asked) == 1
    before = [kind for kind in talk.event_types if "transcript" not in kind]
    talk.speak(500)
    assert [kind for kind in talk.event_types if "transcript" not in kind] == before
    assert talk.all(SaveMessage) == []
    assert talk.all(SaveChat) == []
    talk.silence(4000)
    assert talk.event_types.count("conversation.chat.created") == 1
    assert len(talk.all(StartReply)) == 2
    assert talk.all(StartReply)[1].question.chat_id != asked[0].question.chat_id


def test_a_prepared_agent_that_still_answers_is_stopped_by_more_speech() -> None:
    talk = Simulation(Engines(transcription_s=0.02, first_delta_s=1.0))
    talk.free_talk()
    talk.speak(1000)
    talk.silence(400)
    talk.speak(500)
    assert [effect.order for effect in talk.all(CancelReply)] == [talk.all(StartReply)[0].order]


def test_push_to_talk_prepares_at_a_pause_while_the_button_is_held() -> None:
    talk = Simulation()
    talk.speak(1500)
    talk.silence(1200)
    assert len(talk.all(StartReply)) == 1
    assert "conversation.chat.created" not in talk.event_types
    released = talk.now
    talk.complete()
    talk.wait(2)
    assert talk.time_of("conversation.audio.delta") == pytest.approx(released)
    assert len(talk.all(StartReply)) == 1


def test_a_cleared_buffer_rolls_back_what_was_prepared() -> None:
    from kouyu.domain.requests import ClearBuffer

    talk = Simulation(Engines(first_delta_s=1.0))
    talk.speak(1500)
    talk.silence(600)
    talk.give(ClearBuffer())
    talk.complete()
    talk.wait(3)
    assert talk.all(CancelReply)
    assert talk.event_types[-2:] == ["input_audio_buffer.cleared", "input_audio_buffer.completed"]


def test_a_question_spoken_over_is_kept_but_not_answered() -> None:
    talk = Simulation(Engines(transcription_s=1.5))
    talk.free_talk()
    talk.speak(1000)
    talk.silence(600)
    talk.speak(1000)
    talk.silence(8000)
    assert talk.event_types.count("conversation.audio_transcript.completed") == 2
    assert talk.event_types.count("conversation.chat.created") == 1
    assert [save.message.type for save in talk.all(SaveMessage)] == ["question", "question", "answer", "verbose"]


@pytest.mark.parametrize("limits", [Limits(), WITHOUT])
def test_the_agent_hears_that_the_turn_is_certain_once_it_is(limits: Limits) -> None:
    talk = Simulation(Engines(first_delta_s=None), limits=limits)
    talk.free_talk()
    talk.speak(1500)
    talk.silence(2000)
    (asked,) = talk.all(StartReply)
    committed = [(at, effect.order) for at, effect in talk.effects if isinstance(effect, CommitReply)]
    assert committed == [(talk.time_of("conversation.chat.created"), asked.order)]


def test_an_agent_that_is_rolled_back_never_hears_it() -> None:
    talk = Simulation(Engines(transcription_s=0.02, first_delta_s=None))
    talk.free_talk()
    talk.speak(1000)
    talk.silence(400)
    talk.speak(1000)
    assert talk.all(CancelReply)
    assert not talk.all(CommitReply)
