"""Buffers that the client ends: which stretch of them is recognised, and what happens while voice activity lags."""

import pytest

from kouyu.conversation.effects import StartReply, Transcribe, UseInputFormat
from kouyu.conversation.inputs import AudioReceived
from kouyu.conversation.limits import Limits
from kouyu.conversation.speech_detector import samples_in
from kouyu.conversation.utterance import TAIL_MS
from kouyu.domain.messages import Message
from kouyu.domain.requests import ClearBuffer
from kouyu.domain.transcripts import Transcript
from kouyu.protocol.coze.downlink import DownlinkEvent
from tests.conversation.simulation import Engines, Simulation

PLAIN = Limits(speculation=False)


def spans(talk: Simulation) -> list[tuple[int, int]]:
    return [(order.start, order.end) for order in talk.all(Transcribe) if order.final]


def test_silence_around_the_speech_is_left_out_but_for_a_lead_and_a_tail() -> None:
    talk = Simulation(limits=PLAIN)
    talk.silence(3200)
    first_speech = talk.received
    talk.speak(640)
    last_speech = talk.received
    talk.silence(3200)
    talk.complete()
    assert spans(talk) == [(first_speech - samples_in(600), last_speech + samples_in(TAIL_MS))]


def test_a_buffer_that_is_let_go_in_the_middle_of_a_word_ends_there() -> None:
    talk = Simulation(limits=PLAIN)
    talk.speak(640)
    talk.complete()
    assert spans(talk) == [(0, talk.received)]


def test_audio_that_comes_after_complete_while_voice_activity_lags_is_the_next_buffer() -> None:
    talk = Simulation(limits=PLAIN)
    talk.upload(960, 0.95, chunk_s=0.02)
    first_end = talk.received
    talk.complete()
    talk.upload(640, 0.02, chunk_s=0.02)
    talk.upload(960, 0.95, chunk_s=0.02)
    assert spans(talk) == []
    talk.wait(5)
    assert spans(talk) == [(0, first_end)]
    talk.complete()
    talk.wait(5)
    assert spans(talk) == [(0, first_end), (first_end + samples_in(40), talk.received)]


def test_two_buffers_completed_while_voice_activity_lags_are_two_questions() -> None:
    talk = Simulation(Engines(transcription_s=0.01), PLAIN)
    ends = []
    for _ in range(2):
        talk.upload(1920, 0.95, chunk_s=0.02)
        talk.complete()
        ends.append(talk.received)
    talk.wait(30)
    assert spans(talk) == [(0, ends[0]), (ends[0], ends[1])]
    assert talk.event_types.count("input_audio_buffer.completed") == 2
    assert talk.event_types.count("conversation.audio_transcript.completed") == 2


def test_completing_twice_asks_once() -> None:
    talk = Simulation()
    talk.upload(1920, 0.95, chunk_s=0.01)
    talk.complete()
    talk.complete()
    talk.wait(30)
    assert talk.event_types.count("input_audio_buffer.completed") == 2
    assert talk.event_types.count("conversation.chat.completed") == 1


def test_clear_throws_away_what_came_after_complete_and_not_what_was_completed() -> None:
    talk = Simulation(limits=PLAIN)
    talk.upload(960, 0.95, chunk_s=0.02)
    first_end = talk.received
    talk.complete()
    talk.upload(960, 0.95, chunk_s=0.02)
    talk.give(ClearBuffer())
    talk.wait(10)
    assert spans(talk) == [(0, first_end)]
    cleared_at = talk.received
    talk.speak(640)
    talk.complete()
    assert spans(talk)[1:] == [(cleared_at, talk.received)]


def test_a_buffer_whose_voice_activity_never_comes_is_recognised_whole() -> None:
    talk = Simulation(limits=PLAIN)
    talk.give(AudioReceived(100_000))
    talk.complete()
    talk.wait(Limits().judged_within_s(100_000 / 16_000) - 0.1)
    assert spans(talk) == []
    talk.wait(0.2)
    assert spans(talk) == [(0, 100_000)]


def test_a_buffer_whose_voice_activity_stops_half_way_is_recognised_to_its_end() -> None:
    talk = Simulation(limits=PLAIN)
    talk.speak(640)
    talk.give(AudioReceived(100_000))
    talk.complete()
    talk.wait(10)
    assert spans(talk) == [(0, 100_000)]


def test_what_was_prepared_at_a_pause_does_not_hide_what_may_have_been_said_after_it() -> None:
    talk = Simulation()
    talk.speak(640)
    talk.silence(640)
    assert len(spans(talk)) == 1
    talk.give(AudioReceived(100_000))
    talk.complete()
    talk.wait(10)
    assert spans(talk)[1:] == [(0, 100_000)]
    assert talk.event_types.count("conversation.chat.completed") == 1


def test_a_completed_buffer_survives_a_change_to_free_talk() -> None:
    talk = Simulation()
    talk.upload(960, 0.95, chunk_s=0.02)
    talk.complete()
    talk.free_talk()
    talk.wait(10)
    assert talk.event_types.count("conversation.chat.completed") == 1


def test_a_buffer_that_was_not_completed_continues_in_free_talk() -> None:
    talk = Simulation(limits=PLAIN)
    talk.silence(320)
    talk.speak(960)
    talk.free_talk()
    talk.speak(640)
    talk.silence(1000)
    talk.wait(10)
    assert spans(talk) == [(0, samples_in(320 + 960 + 640 + 64))]
    kinds = talk.kinds()
    assert kinds.index("chat.updated") < kinds.index("input_audio_buffer.speech_started")
    assert talk.event_types.count("conversation.chat.completed") == 1


def test_a_buffer_that_was_not_completed_is_answered_though_nothing_follows_in_free_talk() -> None:
    talk = Simulation()
    talk.speak(960)
    talk.free_talk()
    talk.wait(10)
    assert talk.event_types.count("conversation.chat.completed") == 1


def test_a_buffer_that_is_not_judged_yet_continues_in_free_talk() -> None:
    talk = Simulation(limits=PLAIN)
    talk.upload(960, 0.95, chunk_s=0.02)
    talk.free_talk()
    talk.upload(1000, 0.02, chunk_s=0.02)
    talk.wait(10)
    assert spans(talk) == [(0, samples_in(960 + 64))]


def test_an_utterance_continues_in_push_to_talk_after_speech_stopped() -> None:
    talk = Simulation(limits=PLAIN)
    talk.free_talk(prefix_padding_ms=0)
    talk.speak(960)
    talk.configure(turn_detection={"type": "client_interrupt"})
    assert talk.event_types[-2:] == ["input_audio_buffer.speech_stopped", "chat.updated"]
    talk.speak(640)
    talk.wait(5)
    assert spans(talk) == []
    talk.complete()
    talk.wait(10)
    assert spans(talk) == [(0, samples_in(1600))]
    assert talk.event_types.count("conversation.chat.completed") == 1


@pytest.mark.parametrize("lag_s", [0.0, 0.02])
def test_speech_that_has_only_just_begun_continues_in_push_to_talk(lag_s: float) -> None:
    talk = Simulation(limits=PLAIN)
    talk.free_talk()
    talk.upload(64 if lag_s == 0 else 640, 0.95, chunk_s=lag_s)
    talk.configure(turn_detection={"type": "client_interrupt"})
    talk.speak(320)
    talk.complete()
    talk.wait(10)
    ((start, _),) = spans(talk)
    assert start == 0


@pytest.mark.parametrize("free", [True, False])
def test_what_is_said_ends_in_the_old_mode_where_the_format_changes_too(free: bool) -> None:
    talk = Simulation(limits=PLAIN)
    talk.configure(turn_detection={"type": "server_vad" if free else "client_interrupt"})
    talk.speak(960)
    turn_detection = {"type": "client_interrupt" if free else "server_vad"}
    talk.configure(turn_detection=turn_detection, input_audio={"format": "pcm", "sample_rate": 8000})
    assert len(talk.all(UseInputFormat)) == 1
    talk.wait(10)
    assert spans(talk) == [(0, samples_in(960))]
    assert talk.event_types.count("conversation.chat.completed") == 1


def test_silence_in_the_buffer_leads_nowhere_in_free_talk() -> None:
    talk = Simulation()
    talk.silence(3000)
    talk.free_talk()
    talk.silence(3000)
    talk.wait(10)
    assert talk.kinds() == ["chat.created", "chat.updated"]


def test_push_to_talk_with_another_format_after_silence_ends_nothing_and_uses_the_format_at_once() -> None:
    talk = Simulation()
    talk.free_talk()
    talk.silence(3000)
    talk.configure(turn_detection={"type": "client_interrupt"}, input_audio={"format": "pcm", "sample_rate": 8000})
    assert talk.kinds() == ["chat.created", "chat.updated"]
    assert [change.input_audio.sample_rate for change in talk.all(UseInputFormat)] == [8000]
    talk.complete()
    talk.wait(5)
    assert talk.kinds() == ["chat.created", "chat.updated", "input_audio_buffer.completed"]


# A buffer in which nothing was understood


NOTHING = DownlinkEvent("conversation.audio_transcript.completed", Transcript(""))


def test_a_buffer_of_silence_is_answered_with_an_empty_transcript_and_no_chat() -> None:
    talk = Simulation()
    talk.silence(1000)
    talk.complete()
    talk.wait(10)
    assert talk.event_types == ["chat.created", "input_audio_buffer.completed", NOTHING.event_type]
    assert talk.events[-1] == NOTHING
    assert talk.all(Transcribe) == []


def test_noise_that_is_no_words_is_answered_with_an_empty_transcript_and_no_chat() -> None:
    talk = Simulation(Engines(transcript=" "), limits=PLAIN)
    talk.configure(asr_config={"stream_mode": "output_no_stream"})
    talk.speak(1000)
    talk.complete()
    talk.wait(10)
    assert talk.event_types[2:] == ["input_audio_buffer.completed", NOTHING.event_type]
    assert talk.events[-1] == NOTHING


def test_an_empty_buffer_and_one_that_was_cleared_have_no_transcript() -> None:
    talk = Simulation()
    talk.complete()
    talk.silence(1000)
    talk.give(ClearBuffer())
    talk.complete()
    talk.wait(10)
    assert NOTHING.event_type not in talk.event_types


def test_the_empty_transcript_comes_behind_that_of_the_buffer_before() -> None:
    talk = Simulation(Engines(transcription_s=1.0), limits=PLAIN)
    talk.upload(960, 0.95)
    talk.complete()
    talk.upload(960, 0.02)
    talk.complete()
    talk.wait(20)
    transcripts = [event.data.content for event in talk.events if isinstance(event.data, Transcript)]
    assert transcripts == ["What is the capital of France?", ""]
    assert talk.event_types.count("conversation.chat.created") == 1


def test_a_new_input_format_holds_from_the_next_buffer() -> None:
    talk = Simulation()
    talk.speak(640)
    talk.configure(input_audio={"format": "pcm", "sample_rate": 8000})
    talk.speak(640)
    assert talk.all(UseInputFormat) == []
    talk.complete()
    (change,) = talk.all(UseInputFormat)
    assert (change.input_audio.format, change.input_audio.sample_rate) == ("pcm", 8000)


def test_a_new_input_format_does_not_wait_for_voice_activity() -> None:
    talk = Simulation()
    talk.upload(960, 0.95, chunk_s=0.5)
    talk.complete()
    talk.configure(input_audio={"format": "pcm"})
    assert len(talk.all(UseInputFormat)) == 1


@pytest.mark.parametrize("speculation", [True, False])
def test_a_question_asked_over_one_that_is_not_understood_yet_is_the_one_that_is_answered(speculation: bool) -> None:
    talk = Simulation(Engines(transcription_s=1.5), Limits(speculation=speculation))
    for _ in range(2):
        talk.speak(960)
        talk.complete()
        talk.wait(0.2)
    talk.wait(30)
    assert talk.event_types.count("conversation.audio_transcript.completed") == 2
    assert talk.event_types.count("conversation.chat.created") == 1
    assert len(talk.all(StartReply)) == 1


@pytest.mark.parametrize("go_on", ["cancel", "write"])
def test_what_was_completed_before_the_client_went_on_is_not_answered_though_voice_activity_lags(go_on: str) -> None:
    talk = Simulation()
    talk.upload(1920, 0.95, chunk_s=0.01)
    talk.complete()
    if go_on == "cancel":
        talk.cancel()
    else:
        talk.write("What color is the sky?")
    talk.wait(10)
    assert "conversation.audio_transcript.completed" in talk.event_types
    shown = [event.data for event in talk.events if isinstance(event.data, Message)]
    answered = [] if go_on == "cancel" else ["What color is the sky?"]
    assert [message.content for message in shown if message.type == "question"] == answered
    assert talk.event_types.count("conversation.chat.completed") == len(answered)


def test_a_cancel_leaves_the_buffer_alone_that_is_still_open() -> None:
    talk = Simulation()
    talk.upload(1920, 0.95, chunk_s=0.01)
    talk.cancel()
    talk.complete()
    talk.wait(10)
    assert talk.event_types.count("conversation.chat.completed") == 1
