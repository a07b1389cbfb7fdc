"""The measured modes of talking: what the client sends, and waits for, in one turn of each."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
import numpy as np

from kouyu.bench.microphone import Microphone
from kouyu.bench.received import IS_AUDIO, Received, is_text, is_type
from kouyu.bench.spoken_question import SpokenQuestion, long_announcement
from kouyu.bench.turn import Turn
from kouyu.client.voice_client import Event, VoiceClient
from kouyu.domain.speech_rate import SPEECH_RATE

PATIENCE_S: Final = 20.0
"""A turn without audio this many seconds after its question counts as unanswered."""
HELD_S: Final = 0.6
"""How long a button is held after the last word, in the mode ``push-held``."""
_SETTLE_S: Final = 1.0
_LISTENING_S: Final = 1.0

_TRANSCRIPT: Final = is_type("conversation.audio_transcript.completed")
_STOPPED: Final = is_type("input_audio_buffer.speech_stopped")
_STARTED: Final = is_type("input_audio_buffer.speech_started")
_CANCELED: Final = is_type("conversation.chat.canceled")


class Live(msgspec.Struct, frozen=True):
    """A connection on which turns are measured."""

    client: VoiceClient
    received: Received
    microphone: Microphone


class Mode(msgspec.Struct, frozen=True):
    """A mode of talking."""

    title: str
    counted_from: str
    measure: Callable[[Live, SpokenQuestion], Awaitable[Turn]]
    open_microphone: bool = False
    configuration: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """What ``chat.update`` sets besides the formats."""


async def free(live: Live, question: SpokenQuestion) -> Turn:
    """Free talk: the server decides when the question has ended."""
    since = live.received.position
    began = await live.microphone.say(question.samples)
    ended = began + question.speech_end / SPEECH_RATE
    await live.received.wait(is_type("input_audio_buffer.speech_started"), since=since, seconds=PATIENCE_S)
    wanted = {"speech stopped": _STOPPED, "transcript": _TRANSCRIPT, "first text": is_text, "first audio": IS_AUDIO}
    return await _answered(live, question, since, ended, wanted)


async def push(live: Live, question: SpokenQuestion) -> Turn:
    """Push to talk, the button released with the last sample of speech."""
    return await _pushed(live, question, held_s=0.0)


async def push_held(live: Live, question: SpokenQuestion) -> Turn:
    """Push to talk, the button held for a moment after the last word."""
    return await _pushed(live, question, held_s=HELD_S)


async def text(live: Live, question: SpokenQuestion) -> Turn:
    """A typed message, answered with speech."""
    since, sent = live.received.position, _now()
    message = {"role": "user", "content_type": "text", "content": question.text}
    await live.client.send("conversation.message.create", message)
    return await _answered(live, question, since, sent, {"first text": is_text, "first audio": IS_AUDIO})


async def generate(live: Live, question: SpokenQuestion) -> Turn:
    """``input_text.generate_audio``: synthesis of a text, without an agent."""
    since, sent = live.received.position, _now()
    await live.client.send("input_text.generate_audio", {"mode": "text", "text": question.text})
    return await _answered(live, question, since, sent, {"first audio": IS_AUDIO})


async def barge(live: Live, question: SpokenQuestion) -> Turn:
    """Barge-in: the user speaks during a long announcement, which is sent at the speed of playout."""
    since = live.received.position
    announcement = long_announcement(question.language)
    await live.client.send("input_text.generate_audio", {"mode": "text", "text": announcement})
    if await live.received.wait(IS_AUDIO, since=since, seconds=PATIENCE_S) is None:
        return Turn(question=question.name, measures={}, outcome="unanswered")
    await asyncio.sleep(_LISTENING_S + random.random())
    began = await live.microphone.say(question.samples) + question.speech_start / SPEECH_RATE
    started = await live.received.wait(_STARTED, since=since, seconds=PATIENCE_S)
    canceled = await live.received.wait(_CANCELED, since=since, seconds=PATIENCE_S)
    if started is None or canceled is None:
        return Turn(question=question.name, measures={}, outcome="unanswered")
    await live.received.wait(is_type("conversation.chat.created"), since=since, seconds=PATIENCE_S)
    measures = {
        "last audio": max(0.0, _ms(began, _last_audio(live.received.events(since)))),
        "speech started": _ms(began, started.at),
        "canceled": _ms(began, canceled.at),
    }
    return Turn(question=question.name, measures=measures, outcome="counted")


async def settle(live: Live) -> None:
    """Stop the present answer, begin a new section, and wait for a moment of silence."""
    since = live.received.position
    await live.client.send("conversation.chat.cancel")
    await live.received.wait(_CANCELED, since=since, seconds=PATIENCE_S)
    await live.client.send("conversation.clear")
    await live.received.wait(is_type("conversation.cleared"), since=since, seconds=PATIENCE_S)
    # Random by some ms, so that questions do not always begin at the same position in a frame or chunk.
    await asyncio.sleep(_SETTLE_S + random.random() / 20)


async def _pushed(live: Live, question: SpokenQuestion, held_s: float) -> Turn:
    since = live.received.position
    speech = question.samples[: question.speech_end]
    released = await live.microphone.record(np.pad(speech, (0, int(held_s * SPEECH_RATE))))
    await live.client.send("input_audio_buffer.complete")
    wanted = {"transcript": _TRANSCRIPT, "first text": is_text, "first audio": IS_AUDIO}
    return await _answered(live, question, since, released, wanted)


async def _answered(
    live: Live, question: SpokenQuestion, since: int, counted_from: float, wanted: Mapping[str, Callable[[Event], bool]]
) -> Turn:
    """Wait for the first audio, and return the turn."""
    answered = await live.received.wait(_audio_or_failure, since=since, seconds=PATIENCE_S)
    events = live.received.events(since)
    came = {name: next((event for event in events if is_wanted(event)), None) for name, is_wanted in wanted.items()}
    transcript = next((event for event in events if _TRANSCRIPT(event)), None)
    heard = "" if transcript is None else str(transcript.data["content"])
    measures = {name: _ms(counted_from, event.at) for name, event in came.items() if event is not None}
    if answered is None or not IS_AUDIO(answered) or len(measures) < len(wanted):
        return Turn(question=question.name, measures=measures, outcome="unanswered", heard=heard)
    right = "transcript" not in wanted or question.understood(heard)
    return Turn(question=question.name, measures=measures, outcome="counted" if right else "misheard", heard=heard)


def _audio_or_failure(event: Event) -> bool:
    return IS_AUDIO(event) or event.type == "conversation.chat.failed"


def _last_audio(events: list[Event]) -> float:
    """Arrival of the announcement's last packet; the answer's packets come after its chat has been created."""
    at = 0.0
    for event in events:
        if event.type == "conversation.chat.created":
            break
        if IS_AUDIO(event):
            at = event.at
    return at


def _ms(start: float, end: float) -> float:
    return (end - start) * 1000


def _now() -> float:
    return asyncio.get_running_loop().time()


_FREE_TALK: Final = {"turn_detection": {"type": "server_vad"}}
_SEMANTIC: Final = {"turn_detection": {"type": "semantic_vad"}}
_PUSH_TO_TALK: Final = {"turn_detection": {"type": "client_interrupt"}}
_PLAYED_AS_SENT: Final = {
    "output_audio": {
        "codec": "pcm",
        "pcm_config": {"sample_rate": 24_000, "frame_size_ms": 20, "limit_config": {"period": 1, "max_frame_num": 50}},
    }
}

MODES: Final[Mapping[str, Mode]] = {
    "free": Mode("free talk", "the last sample of speech", free, True, _FREE_TALK),
    "semantic": Mode("free talk, semantic_vad", "the last sample of speech", free, True, _SEMANTIC),
    "push": Mode("push to talk", "the release, at the last sample of speech", push, False, _PUSH_TO_TALK),
    "push-held": Mode(
        "push to talk, held",
        f"the release, {HELD_S * 1000:.0f} ms after the last word",
        push_held,
        False,
        _PUSH_TO_TALK,
    ),
    "text": Mode("typed message", "sending the message", text),
    "generate": Mode("generate_audio", "sending the text", generate),
    "barge": Mode("barge-in", "the first sample of speech", barge, True, {**_FREE_TALK, **_PLAYED_AS_SENT}),
}
"""Modes by the name for ``--mode``."""
