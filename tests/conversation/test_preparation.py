"""What is prepared and does not work out is done anew when the turn is over, and is never seen."""

from collections.abc import Iterator

import pytest

from kouyu.conversation.effects import (
    CancelReply,
    CancelTranscribe,
    Effect,
    ReadAhead,
    SaveChat,
    SaveMessage,
    StartReply,
    Transcribe,
)
from kouyu.conversation.inputs import PressureChanged, ReplyDelta, ReplyFailed, TranscriptFailed
from kouyu.conversation.limits import Limits
from kouyu.domain.chats import Chat
from tests.conversation.simulation import Engines, Report, Simulation


class AtFirst(Engines):
    """The first order of a kind fails; the next works."""

    def __init__(self, kind: type[Effect], *reports: Report) -> None:
        super().__init__(transcription_s=0.01, first_delta_s=0.01, synthesis_s=0.01)
        self._kind = kind
        self._reports = reports
        self._is_first = True

    def reports(self, order: Effect) -> Iterator[Report]:
        is_final = not isinstance(order, Transcribe) or order.final
        if self._is_first and isinstance(order, self._kind) and is_final:
            self._is_first = False
            yield from self._reports
        else:
            yield from super().reports(order)


def held_button(engines: Engines) -> Simulation:
    """Something has been said, the button is still held, and a reply has been prepared for long."""
    talk = Simulation(engines)
    talk.configure(asr_config={"stream_mode": "output_no_stream"})
    talk.speak(960)
    talk.silence(1000)
    talk.wait(60)
    return talk


@pytest.mark.parametrize("reports", [[(0.05, TranscriptFailed(1, "broken"))], []])
def test_a_transcript_that_fails_ahead_of_time_is_ordered_again(reports: list[Report]) -> None:
    talk = held_button(AtFirst(Transcribe, *reports))
    assert len(talk.all(Transcribe)) == 1
    talk.complete()
    talk.wait(10)
    assert len(talk.all(Transcribe)) == 2
    assert "conversation.chat.failed" not in talk.event_types
    assert talk.event_types[-1] == "conversation.chat.completed"


@pytest.mark.parametrize("failing_after_s", [0.05, None])
def test_an_agent_that_fails_ahead_of_time_is_asked_once_more(failing_after_s: float | None) -> None:
    class FailsAtFirst(Engines):
        asked = 0

        def reports(self, order: Effect) -> Iterator[Report]:
            if not isinstance(order, StartReply):
                yield from super().reports(order)
                return
            self.asked += 1
            if self.asked > 1:
                yield from super().reports(order)
            elif failing_after_s is not None:
                yield failing_after_s, ReplyDelta(order.order, "A beginning that nobody ")
                yield failing_after_s, ReplyFailed(order.order, "broken")

    talk = held_button(FailsAtFirst())
    assert len(talk.all(StartReply)) == 1
    assert talk.conversation.deadline(talk.now) is None
    talk.complete()
    talk.wait(10)
    assert len(talk.all(StartReply)) == 2
    assert "conversation.chat.failed" not in talk.event_types
    (answer,) = [save.message.content for save in talk.all(SaveMessage) if save.message.type == "answer"]
    assert answer == "Paris is the capital. It lies on the Seine."


def test_a_chat_carries_the_time_at_which_it_was_announced() -> None:
    talk = held_button(Engines())
    talk.complete()
    released_at = talk.now
    talk.wait(10)
    created = next(event.data for event in talk.events if event.event_type == "conversation.chat.created")
    assert isinstance(created, Chat)
    assert created.created_at == 1_700_000_000 + int(released_at)
    assert all(save.created_at >= created.created_at for save in talk.all(SaveMessage))
    completed = talk.all(SaveChat)[-1].chat
    assert completed.completed_at >= created.created_at


def test_push_to_talk_over_the_agent_prepares_the_transcript_and_asks_only_after_the_interruption() -> None:
    talk = Simulation(Engines(packets_per_sentence=50))
    talk.write("hello")
    talk.wait(1)
    talk.speak(960)
    talk.silence(500)
    assert len(talk.all(StartReply)) == 1
    assert sum(order.final for order in talk.all(Transcribe)) == 1
    talk.complete()
    assert talk.event_types.count("conversation.chat.canceled") == 1
    assert len(talk.all(StartReply)) == 2
    assert sum(order.final for order in talk.all(Transcribe)) == 1


def test_a_question_behind_one_that_is_not_understood_yet_waits_for_it() -> None:
    talk = Simulation(Engines(transcription_s=3.0))
    talk.free_talk()
    talk.speak(960)
    talk.silence(544)
    talk.engines = Engines(transcription_s=0.01)
    talk.speak(960)
    talk.silence(5000)
    assert [save.message.type for save in talk.all(SaveMessage)] == ["question", "question", "answer", "verbose"]
    assert talk.all(CancelReply) == []
    # The one question that goes to the agent is asked when the one before it is in the context.
    effects = [effect for _, effect in talk.effects if isinstance(effect, SaveMessage | StartReply)]
    assert [type(effect) for effect in effects[:2]] == [SaveMessage, StartReply]
    assert len(talk.all(StartReply)) == 1


def test_speech_over_the_agent_without_a_keyword_costs_no_question_to_the_agent() -> None:
    talk = Simulation(Engines(packets_per_sentence=50))
    talk.free_talk(interrupt_config={"mode": "keyword_contains", "keywords": ["扣子"]})
    talk.write("hello")
    talk.silence(1000)
    talk.speak(960)
    talk.silence(1000)
    assert len(talk.all(StartReply)) == 1
    assert talk.all(CancelTranscribe) == []
    assert "input_audio_buffer.speech_started" not in talk.event_types


def test_speech_over_the_agent_that_is_not_recognised_does_not_interrupt_it_under_keywords() -> None:
    talk = Simulation(Engines(packets_per_sentence=50))
    talk.free_talk(interrupt_config={"mode": "keyword_contains", "keywords": ["扣子"]})
    talk.write("hello")
    talk.silence(1000)
    talk.engines = Engines(transcription_s=None)
    talk.speak(960)
    talk.silence(13_000)
    assert "conversation.chat.canceled" not in talk.event_types
    assert "conversation.chat.failed" not in talk.event_types


def test_two_buffers_that_end_at_once_leave_no_order_of_the_first_behind() -> None:
    talk = Simulation(Engines(transcription_s=0.0, first_delta_s=5.0))
    talk.upload(960, 0.95)
    talk.upload(480, 0.02)
    talk.wait(0.1)
    assert len(talk.all(StartReply)) == 1
    talk.upload(32, 0.02, chunk_s=1.0)
    talk.upload(64, 0.02, chunk_s=1.0)
    talk.complete()
    talk.upload(960, 0.95, chunk_s=0.01)
    talk.complete()
    talk.wait(60)
    assert talk.event_types.count("input_audio_buffer.completed") == 2
    assert talk.event_types.count("conversation.chat.completed") == 1
    assert talk.conversation.deadline(talk.now) is None


def read_ahead(talk: Simulation) -> list[tuple[str, bool]]:
    """What the agent was asked to read ahead, and whether to draft an answer."""
    return [(ahead.question.content, ahead.draft) for ahead in talk.all(ReadAhead)]


def test_the_agent_reads_a_long_question_while_it_is_spoken() -> None:
    long = "What is the capital of France, and how many people live there today?"
    talk = Simulation(Engines(transcript=long, transcription_s=0.05))
    talk.free_talk()
    talk.speak(1500)
    assert read_ahead(talk) == [(long, False)]
    assert talk.all(StartReply) == []
    assert talk.all(SaveMessage) == []


def test_the_agent_reads_a_short_question_at_the_pause_behind_it() -> None:
    talk = Simulation(Engines(transcription_s=0.05))
    talk.free_talk()
    talk.speak(1500)
    assert talk.all(ReadAhead) == []
    talk.silence(96)
    assert read_ahead(talk) == [(Engines().transcript, False)]
    talk.speak(300)
    talk.silence(960)
    assert len(talk.all(ReadAhead)) == 1  # the text was the same


def test_an_answer_is_drafted_where_no_long_silence_follows() -> None:
    talk = Simulation(Engines(transcription_s=0.05))
    talk.configure(turn_detection={"type": "semantic_vad"})
    talk.speak(1500)
    talk.silence(96)
    assert read_ahead(talk) == [(Engines().transcript, True)]


def test_in_push_to_talk_a_short_question_is_read_while_it_is_spoken_and_the_answer_drafted_at_the_pause() -> None:
    talk = Simulation(Engines(transcription_s=0.05))
    talk.speak(1500)
    assert read_ahead(talk) == [(Engines().transcript, False)]
    talk.silence(96)
    assert read_ahead(talk)[1:] == [(Engines().transcript, True)]
    talk.complete()
    talk.wait(2)
    assert len(talk.all(ReadAhead)) == 2  # the text was the same


def test_an_answer_is_drafted_when_the_button_is_released_at_the_last_word() -> None:
    talk = Simulation(Engines(transcription_s=0.05))
    talk.speak(1500)
    talk.complete()
    talk.wait(0.01)
    assert read_ahead(talk)[1:] == [(Engines().transcript, True)]
    assert talk.all(StartReply) == []
    talk.wait(2)
    assert len(talk.all(StartReply)) == 1


def test_no_answer_is_drafted_to_an_interim_transcript_that_has_not_heard_the_last_words() -> None:
    unheard = Limits(interim_interval_ms=2000)
    talk = Simulation(Engines(transcription_s=0.05), limits=unheard)
    talk.speak(2500)
    talk.complete()
    talk.wait(2)
    assert read_ahead(talk) == [(Engines().transcript, False)]


def test_without_speculation_nothing_is_read_ahead() -> None:
    talk = Simulation(Engines(transcription_s=0.05), limits=Limits(speculation=False))
    talk.free_talk()
    talk.speak(1500)
    talk.silence(96)
    assert "conversation.audio_transcript.update" in talk.event_types
    assert talk.all(ReadAhead) == []


def test_over_the_agent_s_own_words_nothing_is_read_ahead() -> None:
    talk = Simulation(Engines(transcription_s=0.05))
    talk.write("What is this?")
    talk.wait(1)
    assert "conversation.audio.delta" in talk.event_types
    talk.free_talk()
    talk.speak(128)
    assert talk.all(ReadAhead) == []


def test_under_pressure_nothing_is_prepared_until_the_turn_is_over() -> None:
    talk = Simulation()
    talk.free_talk()
    talk.give(PressureChanged(True))
    talk.speak(960)
    talk.silence(320)
    assert "conversation.audio_transcript.update" in talk.event_types
    assert [order for order in talk.all(Transcribe) if order.final] == []
    assert talk.all(ReadAhead) == []
    talk.silence(2000)
    assert len(talk.all(StartReply)) == 1
    assert "conversation.audio.delta" in talk.event_types


def test_what_was_prepared_before_the_pressure_is_used() -> None:
    talk = Simulation()
    talk.free_talk()
    talk.speak(960)
    talk.silence(128)
    talk.give(PressureChanged(True))
    talk.silence(2000)
    assert len([order for order in talk.all(Transcribe) if order.final]) == 1


def test_when_the_pressure_is_over_replies_are_prepared_again() -> None:
    talk = Simulation()
    talk.free_talk()
    talk.give(PressureChanged(True))
    talk.give(PressureChanged(False))
    talk.speak(960)
    talk.silence(320)
    assert [order for order in talk.all(Transcribe) if order.final] != []
