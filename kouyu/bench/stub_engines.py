"""Stub engines: they take as long as real ones without using CPU time.

With them a load test measures the server itself: sockets, decoding, VAD (which stays real), the conversation, encoding
and saving.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.agents.agent import AgentEvent, AgentRequest, TextDelta, TokenUsage
from kouyu.agents.bot_definition import BotDefinition
from kouyu.assembly.engine_loading import load_voice_activity
from kouyu.bench.scripted_model import FIRST_TOKEN_S, TOKEN_S, tokens
from kouyu.engines.asr.engine import Recognition, RecognitionOptions
from kouyu.engines.pressure import Pressure
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.tts.engine import AudioPiece, SynthesisOptions, Voice
from kouyu.serving.overload import Overload
from kouyu.serving.services import Services
from kouyu.settings import Settings
from kouyu.store.store import Store

RECOGNITION_S: Final = 0.1
SYNTHESIS_S: Final = 0.05
SPOKEN_CHARACTERS_PER_S: Final = 15
_SPEECH_RATE: Final = 22_050
"""The English voice's rate, so that resampling costs are included."""
_HUM: Final = (0.1 * np.sin(np.arange(_SPEECH_RATE) * (2 * np.pi * 200 / _SPEECH_RATE))).astype(np.float32)
_VOICE: Final = Voice(voice_id="stub", name="Stub", engine="stub", languages=("en", "zh"))


class StubRecognizer:
    """Always returns the same transcript."""

    async def recognize(
        self, audio: NDArray[np.float32], options: RecognitionOptions, priority: Priority
    ) -> Recognition:
        """A transcript, after RECOGNITION_S."""
        await asyncio.sleep(RECOGNITION_S)
        return Recognition(text="What is the capital of France?", language="en")

    async def close(self) -> None:
        """Nothing to free."""


class StubSynthesizer:
    """Synthesises a tone."""

    def voices(self) -> Sequence[Voice]:
        """One for everything."""
        return (_VOICE,)

    async def synthesize(
        self, text: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        """A tone as long as the text takes to speak, after SYNTHESIS_S."""
        await asyncio.sleep(SYNTHESIS_S)
        seconds = len(text) / SPOKEN_CHARACTERS_PER_S
        yield AudioPiece(np.resize(_HUM, int(seconds * _SPEECH_RATE)), _SPEECH_RATE)

    async def close(self) -> None:
        """Nothing to free."""


class StubAgent:
    """Always gives the same answer, at the scripted model's speed."""

    async def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        """The answer, token by token."""
        await asyncio.sleep(FIRST_TOKEN_S)
        pieces = tokens("en")
        for piece in pieces:
            yield TextDelta(piece)
            await asyncio.sleep(TOKEN_S)
        yield TokenUsage(0, len(pieces))

    async def close(self) -> None:
        """Nothing to free."""


@asynccontextmanager
async def open_stub_services(settings: Settings, store: Store) -> AsyncIterator[Services]:
    """As ``open_services``, with the stubs and real voice activity. Raises MissingWeights, EngineUnavailable."""
    async with AsyncExitStack() as stack:
        scheduler = Scheduler(settings.engines.workers)
        stack.push_async_callback(scheduler.close)
        voice_activity = await load_voice_activity(settings.engines, scheduler)
        stack.push_async_callback(voice_activity.close)
        yield Services(
            store=store,
            scheduler=scheduler,
            pressure=Pressure(lambda: scheduler.load),
            voice_activity=voice_activity,
            recognizer=StubRecognizer(),
            synthesizer=StubSynthesizer(),
            bots={bot.id: BotDefinition(id=bot.id, name="stub") for bot in settings.bots},
            agents={bot.id: StubAgent() for bot in settings.bots},
            limits=settings.limits,
            ids=store.ids,
            default_voice_id=_VOICE.voice_id,
            overload=Overload(settings.overload),
        )
