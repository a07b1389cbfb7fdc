"""End-of-turn detection by processes of `kouyu engines`."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.declaration import Engine, EngineContext
from kouyu.engines.remote.client import RemoteClient
from kouyu.engines.remote.opened import opened
from kouyu.engines.remote.options import NAME, RemoteOptions, check, embedded
from kouyu.engines.remote.processes import NoEngineAnswers
from kouyu.engines.remote.wire import Judgement, JudgementWork
from kouyu.engines.turn.engine import TURN_SECONDS, TurnJudge
from kouyu.engines.work import Priority


class RemoteTurnJudge:
    """A TurnJudge in other processes. Make it with ``load``."""

    def __init__(self, client: RemoteClient, fallback: TurnJudge | None) -> None:
        self._client = client
        self._fallback = fallback

    async def completeness(self, audio: NDArray[np.float32], transcript: str, language: str) -> float:
        """As TurnJudge. Sends what has not been sent of the last TURN_SECONDS."""
        heard = audio[-int(TURN_SECONDS * SPEECH_RATE) :]
        try:
            judged = await self._client.ask_about(
                heard,
                lambda sent: JudgementWork(audio=sent, transcript=transcript, language=language),
                Priority.FINAL,
                Judgement,
            )
        except NoEngineAnswers:
            if self._fallback is None:
                raise
            return await self._fallback.completeness(audio, transcript, language)
        return judged.completeness

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        if self._fallback is not None:
            await self._fallback.close()


async def _load(context: EngineContext, options: RemoteOptions) -> RemoteTurnJudge:
    client, _, loaded = await opened("turn", context, options)
    return RemoteTurnJudge(client, loaded[0] if loaded else None)


ENGINE: Final = Engine(
    name=NAME,
    kind="turn",
    load=_load,
    options=RemoteOptions,
    check=check,
    loads_too=lambda options: embedded("turn", options),
)
