"""The agent's voice that comes back is no speech; the user's is, over it too. In virtual time, with real speech."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import kouyu.bench.questions
from kouyu.audio.pcm import Samples
from kouyu.audio.timeline import AudioTimeline
from kouyu.audio.wav import decode_listening_audio
from kouyu.conversation.barge_in import OVER_ECHO_MS
from kouyu.conversation.effects import Sounding
from kouyu.conversation.inputs import SpeechProbability
from kouyu.conversation.limits import Limits
from kouyu.conversation.speech_detector import SpeechDetector
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.session.echo_guard import EchoGuard

CHUNK = 512
PACKET_MS = 100
ITEM = 7


def spoken(name: str) -> Samples:
    """A spoken question."""
    return decode_listening_audio((Path(kouyu.bench.questions.__file__).parent / f"{name}.wav").read_bytes(), 30)


def delayed(samples: Samples, delay_ms: float, decibels: float = 0.0) -> Samples:
    """The samples after so long, so loud."""
    silence = np.zeros(round(SPEECH_RATE * delay_ms / 1000), np.float32)
    return np.concatenate((silence, samples)) * np.float32(10 ** (decibels / 20))


def mixed(*sounds: Samples) -> Samples:
    """All of them at once, in a quiet room."""
    noise = np.random.default_rng(0).normal(0, 10 ** (-65 / 20), max(map(len, sounds))).astype(np.float32)
    for sound in sounds:
        noise[: len(sound)] += sound
    return noise


def speech_over_two(heard: Samples, *played: Samples) -> int:
    """The longest run of speech that is left where the client plays several items at once, whose packets come in
    turn."""
    timeline = AudioTimeline(60)
    guard = EchoGuard(timeline)
    for item, samples in enumerate(played):
        guard.made(item, samples, SPEECH_RATE)
    for number in range(min(map(len, played)) * 1000 // SPEECH_RATE // PACKET_MS):
        for item in range(len(played)):
            guard.sounding(Sounding(item, PACKET_MS, number * PACKET_MS / 1000), now=0.0)
    return max(detector.speech_ms for detector in _judged(guard, timeline, heard))


def speech_in(heard: Samples, played: Samples) -> Iterator[SpeechDetector]:
    """The detector after each chunk of what is heard, while the client plays what the agent said.

    Whatever is loud counts as speech: the guard alone is to tell.
    """
    timeline = AudioTimeline(60)
    guard = EchoGuard(timeline)
    guard.made(ITEM, played, SPEECH_RATE)
    for number in range(len(played) * 1000 // SPEECH_RATE // PACKET_MS):
        guard.sounding(Sounding(ITEM, PACKET_MS, number * PACKET_MS / 1000), now=0.0)
    yield from _judged(guard, timeline, heard)


def _judged(guard: EchoGuard, timeline: AudioTimeline, heard: Samples) -> Iterator[SpeechDetector]:
    detector = SpeechDetector()
    for end in range(CHUNK, len(heard), CHUNK):
        chunk = heard[end - CHUNK : end]
        timeline.append(chunk)
        guard.received(end / SPEECH_RATE)
        loud = float(np.sqrt(np.mean(chunk**2)) > 0.002)
        judged = guard.without_echo(SpeechProbability(end, loud))
        detector.feed(judged.end, judged.probability)
        yield detector


def longest_speech_ms(heard: Samples, played: Samples) -> int:
    """The longest run of speech that is left."""
    return max(detector.speech_ms for detector in speech_in(heard, played))


def speech_begins_after(heard: Samples, played: Samples) -> int:
    """The ms of audio after which there is enough speech to interrupt."""
    needed = Limits().barge_in_ms
    return next(
        detector.position * 1000 // SPEECH_RATE for detector in speech_in(heard, played) if detector.speech_ms >= needed
    )


@pytest.mark.parametrize("decibels", [-6, -12, -20])
@pytest.mark.parametrize("delay_ms", [50, 230, 500])
def test_the_agent_s_own_voice_does_not_interrupt_it(decibels: float, delay_ms: float) -> None:
    reply = np.concatenate((spoken("en-story"), spoken("en-help")))
    echo = mixed(delayed(reply, delay_ms, decibels))
    assert longest_speech_ms(echo, reply) < Limits().barge_in_ms
    assert longest_speech_ms(echo, np.zeros(CHUNK, np.float32)) > 500, "without the guard it would"


@pytest.mark.parametrize("decibels", [-6, -12, -20])
@pytest.mark.parametrize("delay_ms", [50, 500])
def test_a_user_interrupts_over_the_echo(decibels: float, delay_ms: float) -> None:
    reply = np.concatenate((spoken("en-story"), spoken("en-help")))
    user = delayed(spoken("en-capital"), 1000)
    heard = mixed(delayed(reply, delay_ms, decibels), user)
    assert longest_speech_ms(heard, reply) >= Limits().barge_in_ms


def test_two_voices_of_the_agent_at_once_do_not_interrupt_it() -> None:
    first, second = spoken("en-story"), spoken("en-help")
    length = min(len(first), len(second))
    both = first[:length] + second[:length]
    heard = mixed(delayed(both, 150, -12))
    assert speech_over_two(heard, first[:length], second[:length]) < Limits().barge_in_ms
    assert longest_speech_ms(heard, first[:length]) >= Limits().barge_in_ms, "one of them alone explains less"


def test_what_was_thrown_away_at_an_interruption_is_no_echo() -> None:
    reply = spoken("en-story")
    timeline = AudioTimeline(60)
    guard = EchoGuard(timeline)
    guard.made(ITEM, reply, SPEECH_RATE)
    guard.sounding(Sounding(ITEM, 2000, 0.0), now=0.0)
    guard.flushed(0.0)
    timeline.append(reply[:SPEECH_RATE])
    guard.received(1.0)
    assert guard.without_echo(SpeechProbability(SPEECH_RATE, 0.9)).probability == 0.9


def test_an_echo_long_into_a_session_is_known_too() -> None:
    reply = spoken("en-story")
    hour = 3600.0
    timeline = AudioTimeline(60)
    guard = EchoGuard(timeline)
    for item in range(20):
        guard.made(item, reply, SPEECH_RATE)
        guard.sounding(Sounding(item, 1000, hour + item), now=hour + item)
    echo = delayed(reply[:SPEECH_RATE], 0, -10)
    timeline.append(echo)
    guard.received(hour + 20.1)
    judged = guard.without_echo(SpeechProbability(SPEECH_RATE, 0.9))
    assert (judged.probability, judged.echo) == (0.0, True)


def probability_after_a_flush(heard: Samples, played: Samples, *, flushed_at_s: float) -> float:
    """What is made of speech that ends 0.3 s after the client was told to be silent, of the same guard."""
    timeline = AudioTimeline(60)
    guard = EchoGuard(timeline)
    guard.made(ITEM, played, SPEECH_RATE)
    guard.sounding(Sounding(ITEM, len(played) * 1000 / SPEECH_RATE, 0.0), now=0.0)
    flushed, judged = False, SpeechProbability(0, 0.0)
    for end in range(CHUNK, round((flushed_at_s + 0.3) * SPEECH_RATE), CHUNK):
        if not flushed and end > flushed_at_s * SPEECH_RATE:
            guard.flushed(end / SPEECH_RATE)
            flushed = True
        timeline.append(heard[end - CHUNK : end])
        guard.received(end / SPEECH_RATE)
        judged = guard.without_echo(SpeechProbability(end, 0.9))
    return judged.probability


def test_what_was_played_before_an_interruption_still_comes_back_after_it() -> None:
    reply = spoken("en-story")
    assert probability_after_a_flush(mixed(delayed(reply, 300, -10)), reply, flushed_at_s=2.0) == 0.0


def test_what_never_came_back_is_not_looked_for_after_an_interruption() -> None:
    reply = spoken("en-story")
    for quiet_s, expected in ((2.0, 0.9), (1.0, 0.0)):  # longer than any echo takes, and not
        silence = np.zeros(round(SPEECH_RATE * quiet_s), np.float32)
        heard = np.concatenate((mixed(silence), reply[round(SPEECH_RATE * (quiet_s - 0.3)) :]))
        assert probability_after_a_flush(heard, reply, flushed_at_s=quiet_s) == expected


@pytest.mark.parametrize("begins_ms", [0, 700, 1000, 2100])
@pytest.mark.parametrize("user", ["en-capital", "en-sky", "en-how-are-you", "zh-weather", "zh-name"])
def test_without_echo_a_user_is_heard_as_soon_as_without_the_guard(user: str, begins_ms: int) -> None:
    reply = np.concatenate((spoken("en-story"), spoken("en-help")))
    for offset in range(0, CHUNK, CHUNK // 4):
        heard = mixed(delayed(spoken(user), begins_ms + offset * 1000 / SPEECH_RATE))
        with_guard = speech_begins_after(heard, reply)
        assert with_guard <= speech_begins_after(heard, np.zeros(CHUNK, np.float32)) + 32


def test_a_device_whose_echo_is_known_sends_it_in_a_reverberant_room_too() -> None:
    reply = np.concatenate((spoken("en-story"), spoken("en-help")))
    room = np.random.default_rng(3).normal(0, 1, SPEECH_RATE * 4 // 10)
    room *= 10 ** (-3 * np.arange(len(room)) / len(room))
    response = np.concatenate(([1.0], 0.5 * room / np.sqrt((room**2).sum())))
    echo = np.convolve(reply, response)[: len(reply)].astype(np.float32)
    assert longest_speech_ms(mixed(delayed(echo, 180, -10)), reply) < OVER_ECHO_MS


def test_what_can_no_longer_come_back_takes_no_memory() -> None:
    timeline = AudioTimeline(1)
    guard = EchoGuard(timeline)
    minute = np.zeros(60 * SPEECH_RATE, np.float32)
    tracemalloc.start()
    guard.made(ITEM, minute, SPEECH_RATE)
    guard.sounding(Sounding(ITEM, 60_000, 0.0), now=0.0)
    while_it_sounds = tracemalloc.get_traced_memory()[0]
    guard.received(62.0)
    after_it = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert while_it_sounds > 60 * SPEECH_RATE
    assert after_it < while_it_sounds / 20
