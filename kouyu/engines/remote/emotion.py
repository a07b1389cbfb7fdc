"""Emotion recognition by processes of `kouyu engines`. It has no fallback: a server comes with no engine for it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.domain.user_voice import UserEmotion
from kouyu.engines.declaration import Engine, EngineContext
from kouyu.engines.remote.client import RemoteClient
from kouyu.engines.remote.opened import opened
from kouyu.engines.remote.options import NAME, RemoteOptions, check
from kouyu.engines.remote.wire import AudioWork, FoundEmotion
from kouyu.engines.work import Priority


class RemoteEmotionRecognizer:
    """An EmotionRecognizer in other processes. Make it with ``load``."""

    def __init__(self, client: RemoteClient) -> None:
        self._client = client

    async def emotion(self, speech: NDArray[np.float32], priority: Priority = Priority.FINAL) -> UserEmotion | None:
        """As EmotionRecognizer."""
        found = await self._client.ask_about(speech, lambda sent: AudioWork(audio=sent), priority, FoundEmotion)
        return found.emotion

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


async def _load(context: EngineContext, options: RemoteOptions) -> RemoteEmotionRecognizer:
    client, _, _ = await opened("emotion", context, options)
    return RemoteEmotionRecognizer(client)


ENGINE: Final = Engine(name=NAME, kind="emotion", load=_load, options=RemoteOptions, check=check)
