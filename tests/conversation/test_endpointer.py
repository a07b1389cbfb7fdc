"""Which stretch of the user's audio is an utterance: free talk, to the sample."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kouyu.conversation.effects import ForgetAudio, Transcribe
from kouyu.conversation.inputs import AudioReceived
from kouyu.conversation.limits import Limits
from kouyu.conversation.speech_detector import samples_in
from kouyu.conversation.utterance import TAIL_MS
from tests.conversation.random_users import tries
from tests.conversation.simulation import CHUNK, Engines, Simulation

CHUNK_MS = 32
NOTHING_UNDERSTOOD = Engines(transcript="")
PLAIN = Limits(speculation=False)


def talking_freely(limits: Limits = PLAIN, **turn_detection: Any) -> Simulation:
    talk = Simulation(NOTHING_UNDERSTOOD, limits)
    talk.free_talk(**turn_detection)
    return talk


def spans(talk: Simulation) -> list[tuple[int, int]]:
    """What was to be recognised as a whole utterance, in samples."""
    return [(order.start, order.end) for order in talk.all(Transcribe) if order.final]


@pytest.mark.parametrize("padding_ms", [0, 100, 600, 1500])
def test_an_utterance_begins_prefix_padding_ms_before_its_first_speech(padding_ms: int) -> None:
    talk = talking_freely(prefix_padding_ms=padding_ms)
    talk.silence(2016)
    first_speech = talk.received
    talk.speak(640)
    talk.silence(700)
    ((start, _),) = spans(talk)
    assert start == first_speech - samples_in(padding_ms)


def test_padding_does_not_reach_behind_the_beginning_of_the_audio() -> None:
    talk = talking_freely(prefix_padding_ms=600)
    talk.silence(320)
    talk.speak(640)
    talk.silence(700)
    ((start, _),) = spans(talk)
    assert start == 0


def test_padding_does_not_reach_into_the_utterance_before() -> None:
    talk = talking_freely(prefix_padding_ms=3000)
    for _ in range(2):
        talk.speak(640)
        talk.silence(640)
    (_, first_end), (second_start, _) = spans(talk)
    assert second_start == first_end


def test_an_utterance_ends_a_short_tail_after_its_last_speech() -> None:
    talk = talking_freely()
    talk.speak(640)
    last_speech = talk.received
    talk.silence(700)
    ((_, end),) = spans(talk)
    assert end == last_speech + samples_in(TAIL_MS)


@pytest.mark.parametrize("silence_ms", [0, 100, 500, 1000, 2000])
def test_silence_duration_ms_of_silence_ends_the_turn(silence_ms: int) -> None:
    talk = talking_freely(silence_duration_ms=silence_ms)
    talk.speak(640)
    spoken_until = talk.now
    talk.silence(3000)
    chunks_of_silence = max(1, -(-(silence_ms - CHUNK_MS // 2) // CHUNK_MS))  # to the nearest chunk
    ended_after = talk.time_of("input_audio_buffer.speech_stopped") - spoken_until
    assert ended_after == pytest.approx(chunks_of_silence * CHUNK_MS / 1000)


def test_a_pause_shorter_than_silence_duration_ms_does_not_end_the_turn() -> None:
    talk = talking_freely(silence_duration_ms=500)
    talk.speak(640)
    talk.silence(480)
    talk.speak(320)
    last_speech = talk.received
    talk.silence(700)
    assert spans(talk) == [(0, last_speech + samples_in(TAIL_MS))]


def test_an_end_after_less_silence_than_the_tail_keeps_what_there_is() -> None:
    talk = talking_freely(silence_duration_ms=50)
    talk.speak(640)
    last_speech = talk.received
    talk.silence(700)
    assert spans(talk) == [(0, last_speech + 2 * CHUNK)]


def test_speech_that_continues_after_a_forced_end_is_the_next_utterance_without_a_gap() -> None:
    talk = talking_freely(Limits(speculation=False, longest_utterance_ms=5000))
    talk.speak(8000)
    talk.silence(1000)
    (_, first_end), (second_start, _) = spans(talk)
    assert second_start == first_end


def test_speech_shorter_than_the_onset_is_no_utterance() -> None:
    talk = talking_freely()
    talk.speak(64)
    talk.silence(2000)
    assert spans(talk) == []


def test_audio_that_no_utterance_can_reach_is_forgotten() -> None:
    talk = talking_freely(prefix_padding_ms=600)
    talk.silence(10_000)
    forgotten = talk.all(ForgetAudio)[-1].before
    assert talk.received - samples_in(600 + 1000) <= forgotten <= talk.received - samples_in(600)


def test_a_client_that_stops_sending_is_silent_after_the_silence_limit_and_a_grace() -> None:
    talk = talking_freely(silence_duration_ms=500)
    talk.speak(640)
    stopped_at = talk.now
    talk.wait(10)
    grace_ms = Limits().stopped_sending_grace_ms
    ended_after = talk.time_of("input_audio_buffer.speech_stopped") - stopped_at
    assert ended_after == pytest.approx((500 + grace_ms) / 1000)


def test_the_last_samples_of_a_client_that_stops_sending_are_heard_though_no_whole_chunk_is_there() -> None:
    talk = talking_freely()
    talk.speak(640)
    talk.give(AudioReceived(talk.received + 100))
    talk.wait(10)
    ((_, end),) = spans(talk)
    assert end == talk.received + 100


def test_through_two_changes_of_mode_speech_is_kept() -> None:
    talk = talking_freely()
    talk.upload(1000, 0.95, chunk_s=0.01)
    talk.configure(turn_detection={"type": "client_interrupt"})
    talk.free_talk()
    talk.silence(1000)
    talk.wait(2)
    ((start, end),) = spans(talk)
    assert start == 0
    assert end >= talk.received - samples_in(1000)


@tries
@given(
    st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=12),
    st.sampled_from(["server_vad", "client_interrupt"]),
    st.booleans(),
)
def test_audio_in_one_burst_gives_the_same_utterances_as_in_real_time(
    stretches: list[tuple[int, bool]], mode: str, speculation: bool
) -> None:
    heard = []
    for in_real_time in (True, False):
        talk = Simulation(NOTHING_UNDERSTOOD, Limits(speculation=speculation))
        talk.configure(turn_detection={"type": mode})
        for chunks, is_speech in [*stretches, (40, False)]:
            probability = 0.9 if is_speech else 0.1
            for _ in range(chunks):
                talk.upload(CHUNK_MS, probability, chunk_s=0.002)
                talk.wait(CHUNK_MS / 1000 if in_real_time else 0.0)
        talk.wait(1.0)
        talk.complete()
        talk.wait(30)
        heard.append(spans(talk))
    assert heard[0] == heard[1]
