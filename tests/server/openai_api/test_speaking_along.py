"""An answer is spoken while it is written."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import numpy as np
import pytest

from kouyu.agents.agent import AgentError, AgentEvent, TextDelta, TextWithdrawn, ThoughtDelta, TokenUsage
from kouyu.audio_sessions.reading_aloud import Manner
from kouyu.audio_sessions.services import SynthesisServices
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from kouyu.engines.tts.engine import AudioPiece, SynthesisOptions, Voice
from kouyu.server.openai_api.speaking_along import spoken_along

PCM = Manner(voice_id="a", file_format="pcm")


class Speaker:
    """Speaks a hundred samples for each sentence."""

    def __init__(self, *, fails: bool = False) -> None:
        self.said: list[str] = []
        self._fails = fails

    def voices(self) -> Sequence[Voice]:
        return ()

    async def synthesize(
        self, text: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        if self._fails:
            raise EngineError("no voice")
        self.said.append(text)
        yield AudioPiece(np.zeros(100, np.float32), 24_000)

    async def close(self) -> None:
        pass


async def written(*events: AgentEvent, until: asyncio.Event | None = None) -> AsyncGenerator[AgentEvent, None]:
    for event in events:
        yield event
    if until is not None:
        await until.wait()


def services(speaker: Speaker) -> SynthesisServices:
    return SynthesisServices(synthesizer=speaker, patience_s=5)


async def test_a_sentence_is_spoken_before_the_answer_is_whole() -> None:
    speaker, whole = Speaker(), asyncio.Event()
    answer = written(ThoughtDelta("Hmm."), TextDelta("It is cold. Take a coat"), until=whole)
    told: list[AgentEvent | bytes] = []
    async with asyncio.timeout(10), aclosing(spoken_along(services(speaker), PCM, answer)) as events:
        async for event in events:
            told.append(event)
            if isinstance(event, bytes):
                assert speaker.said == ["It is cold."] or whole.is_set()
                whole.set()
    assert speaker.said == ["It is cold.", "Take a coat"]
    assert told[:2] == [ThoughtDelta("Hmm."), TextDelta("It is cold. Take a coat")]
    assert len(b"".join(event for event in told if isinstance(event, bytes))) == 400


async def test_what_turns_out_to_be_a_thought_is_not_spoken() -> None:
    speaker = Speaker()
    answer = written(TextDelta("Let me think"), TextWithdrawn(12), TextDelta("Yes."), TokenUsage(1, 1))
    told = [event async for event in spoken_along(services(speaker), PCM, answer)]
    assert speaker.said == ["Yes."]
    assert TokenUsage(1, 1) in told


@pytest.mark.parametrize("fault", [AgentError("no model"), EngineError("no voice")])
async def test_a_fault_of_either_is_raised(fault: Exception) -> None:
    async def failing() -> AsyncGenerator[AgentEvent, None]:
        yield TextDelta("It is cold.")
        if isinstance(fault, AgentError):
            raise fault

    speaker = Speaker(fails=isinstance(fault, EngineError))
    with pytest.raises(type(fault), match=str(fault)):
        [event async for event in spoken_along(services(speaker), PCM, failing())]


async def test_who_leaves_ends_both() -> None:
    ended = asyncio.Event()

    async def endless() -> AsyncGenerator[AgentEvent, None]:
        try:
            while True:
                yield TextDelta("It is cold. ")
                await asyncio.sleep(0)
        finally:
            ended.set()

    async with aclosing(spoken_along(services(Speaker()), PCM, endless())) as events:
        await anext(events)
    assert ended.is_set()
