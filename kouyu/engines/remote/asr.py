"""Speech recognition by processes of `kouyu engines`."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.asr.engine import Recognition, RecognitionOptions, SpeechRecognizer
from kouyu.engines.declaration import Engine, EngineContext
from kouyu.engines.errors import EngineError
from kouyu.engines.remote.client import RemoteClient
from kouyu.engines.remote.opened import opened
from kouyu.engines.remote.options import NAME, RemoteOptions, check, embedded
from kouyu.engines.remote.processes import NoEngineAnswers
from kouyu.engines.remote.wire import RecognitionWork
from kouyu.engines.work import Priority

LEFT_OUT_FROM_S: Final = 0.5
"""Where work waits so long in the processes, interim transcripts are not asked for. Speculation stops before
(``pressure.WAIT_S``)."""


class RemoteRecognizer:
    """A SpeechRecognizer in other processes. Make it with ``load``."""

    def __init__(self, client: RemoteClient, fallback: SpeechRecognizer | None) -> None:
        self._client = client
        self._fallback = fallback

    async def recognize(
        self, audio: NDArray[np.float32], options: RecognitionOptions, priority: Priority
    ) -> Recognition:
        """Recognise ``audio``: mono float32, -1 to 1, at SPEECH_RATE. Sends what has not been sent of it.

        Raises EngineError; for an interim transcript also where the processes have too much to do.
        """
        if priority == Priority.INTERIM and self._client.oldest_wait_s >= LEFT_OUT_FROM_S:
            raise EngineError("interim transcripts are left out: the remote engines are overloaded", retryable=True)
        try:
            return await self._client.ask_about(
                audio,
                lambda sent: RecognitionWork(audio=sent, options=options),
                priority,
                Recognition,
            )
        except NoEngineAnswers as error:
            if self._fallback is None or (error.is_full and priority > Priority.SENTENCE):
                raise
            return await self._fallback.recognize(audio, options, priority)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        if self._fallback is not None:
            await self._fallback.close()


async def _load(context: EngineContext, options: RemoteOptions) -> RemoteRecognizer:
    client, _, loaded = await opened("asr", context, options)
    return RemoteRecognizer(client, loaded[0] if loaded else None)


ENGINE: Final = Engine(
    name=NAME,
    kind="asr",
    load=_load,
    options=RemoteOptions,
    check=check,
    loads_too=lambda options: embedded("asr", options),
)
