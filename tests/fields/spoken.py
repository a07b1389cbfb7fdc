"""Having a text said, and saying a question, in a few words."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np

import kouyu.bench.questions
from kouyu.audio.pcm import Samples
from kouyu.audio.wav import read_listening_audio
from kouyu.client.voice_client import Event
from kouyu.domain.speech_rate import SPEECH_RATE
from tests.end_to_end.conversing import Talk
from tests.fields import measuring

QUESTION: Final = Path(kouyu.bench.questions.__file__).parent / "en-capital.wav"
AUDIO = "conversation.audio.delta"
AUDIO_ENDS = "conversation.audio.completed"
SENTENCE_START = "conversation.audio.sentence_start"
MESSAGE = "conversation.message.completed"
TRANSCRIPT = "conversation.audio_transcript.completed"


def question() -> Samples:
    """What is the capital of France? Mono, 16 kHz, with a little silence at both ends."""
    return read_listening_audio(QUESTION)


def recording(name: str) -> Samples:
    """Another of the questions that come with kouyu, such as "en-sky"."""
    return read_listening_audio(QUESTION.with_name(f"{name}.wav"))


def silence(seconds: float) -> Samples:
    """At 16 kHz."""
    return np.zeros(round(seconds * SPEECH_RATE), np.float32)


async def say(talk: Talk, text: str) -> None:
    """Order a text to be spoken."""
    await talk.client.send("input_text.generate_audio", {"mode": "text", "text": text})


async def said(talk: Talk, text: str) -> list[Event]:
    """Have a text spoken by itself; its audio deltas."""
    before, ends = len(talk.events), talk.types.count(AUDIO_ENDS)
    await say(talk, text)
    await talk.until(AUDIO_ENDS, count=ends + 1)
    return [event for event in talk.events[before:] if event.type == AUDIO]


async def nothing_is_said(talk: Talk) -> None:
    """Nothing is being spoken or will be: the later of two texts cuts the other off, and this one cuts nothing off."""
    before = len(talk.events)
    await said(talk, "Ready.")
    after = talk.events[before:]
    assert [event.data["text"] for event in after if event.type == SENTENCE_START] == ["Ready."]
    assert {event.type for event in after} == {SENTENCE_START, AUDIO, AUDIO_ENDS}


async def spoken(talk: Talk, text: str, **output_audio: Any) -> list[bytes]:
    """Have a text spoken in this output configuration; the packets."""
    await talk.configure(output_audio=output_audio)
    return [event.audio for event in await said(talk, text)]


async def read_aloud(talk: Talk, text: str, **output_audio: Any) -> Samples:
    """A text in one of the server's own voices, as a user would say it."""
    packets = await spoken(talk, text, pcm_config={"sample_rate": SPEECH_RATE}, **output_audio)
    return np.concatenate((silence(0.3), measuring.pcm(b"".join(packets)), silence(0.8)))


async def push(talk: Talk, pieces: Iterable[bytes]) -> str:
    """Push to talk, as fast as it goes; the transcript. The answer is cut off."""
    count = talk.types.count(TRANSCRIPT) + 1
    for piece in pieces:
        await talk.client.send_audio(piece)
    await talk.client.send("input_audio_buffer.complete")
    transcript = await talk.until(TRANSCRIPT, count=count)
    await talk.client.send("conversation.chat.cancel")
    return str(transcript.data["content"])


async def written(talk: Talk, text: str) -> str:
    """Ask a typed question; the written answer, whose speech is cut off."""
    count = len(talk.answers())
    done = talk.types.count(MESSAGE)
    await talk.write(text)
    # The question's echo, then the answer.
    await talk.until(MESSAGE, count=done + 2)
    await talk.client.send("conversation.chat.cancel")
    return talk.answers()[count]


async def refusal(talk: Talk, **data: Any) -> str:
    """Send a chat.update with a bad field; what the error says, which is followed by what is in force."""
    errors, updates = talk.types.count("error"), talk.types.count("chat.updated")
    await talk.client.send("chat.update", data)
    updated = await talk.until("chat.updated", count=updates + 1)
    error = await talk.until("error", count=errors + 1)
    assert talk.types.count("error") == errors + 1
    assert talk.events.index(error) < talk.events.index(updated)
    return str(error.data["msg"])
