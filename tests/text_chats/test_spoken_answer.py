"""The speech of a text chat's answer."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

import numpy as np
import pytest

from kouyu.domain.events import Event
from kouyu.domain.messages import Message
from kouyu.engines.scheduler import Priority
from kouyu.engines.tts.engine import AudioPiece, SynthesisOptions, Voice
from kouyu.text_chats.spoken_answer import SpokenAnswer


class Synthesizer:
    """Gives 0.1 s of audio for each sentence, and after "Two." stalls or raises."""

    def __init__(self, fault: Exception | None) -> None:
        self._fault = fault

    def voices(self) -> Sequence[Voice]:
        return ()

    async def synthesize(
        self, text: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        yield AudioPiece(np.full(2400, 0.1, np.float32), 24_000)
        if "Two" in text:
            if self._fault is not None:
                raise self._fault
            await asyncio.Event().wait()

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("fault", "logged"),
    [
        (None, "a sentence was not spoken: speech synthesis produced no audio for 0.05 s"),
        (ZeroDivisionError(), "unexpected error in speech synthesis"),
    ],
)
async def test_an_answer_ends_where_synthesis_stalls_or_fails(
    fault: Exception | None, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[Event] = []

    async def put(event: Event) -> None:
        sent.append(event)

    envelope = Message(
        id="1",
        conversation_id="2",
        section_id="3",
        bot_id="4",
        chat_id="5",
        role="assistant",
        type="answer",
        content="",
        content_type="text",
    )
    answer = SpokenAnswer(Synthesizer(fault), "a", envelope, put, patience_s=0.05)
    answer.add("This is sentence number one. Two comes next. And three.")
    async with asyncio.timeout(10):
        await answer.finish()
    assert sent
    assert caplog.messages == [logged]
