"""Voiceprints by processes of `kouyu engines`."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.declaration import Engine, EngineContext
from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.remote.client import RemoteClient
from kouyu.engines.remote.opened import opened
from kouyu.engines.remote.options import NAME, RemoteOptions, check, embedded
from kouyu.engines.remote.processes import NoEngineAnswers
from kouyu.engines.remote.wire import AudioWork, Encoder, MadeVoiceprint
from kouyu.engines.voiceprint.engine import SpeakerEncoder, Voiceprint
from kouyu.engines.work import Priority


class RemoteSpeakerEncoder:
    """A SpeakerEncoder in other processes. Make it with ``load``."""

    def __init__(self, client: RemoteClient, encoder: Encoder, fallback: SpeakerEncoder | None) -> None:
        """``encoder`` is that of the processes; a ``fallback`` with another model is not used."""
        self.model = encoder.model
        self.calibration = encoder.calibration
        self._client = client
        self._fallback = fallback

    async def encode(self, speech: NDArray[np.float32], priority: Priority = Priority.FINAL) -> Voiceprint:
        """As SpeakerEncoder. Raises EngineError, also for a voiceprint of another encoder."""
        try:
            made = await self._client.ask_about(speech, lambda sent: AudioWork(audio=sent), priority, MadeVoiceprint)
        except NoEngineAnswers:
            if self._fallback is None or self._fallback.model != self.model:
                raise
            return await self._fallback.encode(speech, priority)
        if made.model != self.model:
            raise EngineError(f"the engine process makes voiceprints of {made.model}, not of {self.model}")
        return np.frombuffer(made.vector, "<f4").astype(np.float32)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        if self._fallback is not None:
            await self._fallback.close()


async def _load(context: EngineContext, options: RemoteOptions) -> RemoteSpeakerEncoder:
    client, description, loaded = await opened("voiceprint", context, options)
    fallback: SpeakerEncoder | None = loaded[0] if loaded else None
    encoder = description.encoder if description is not None else None
    if encoder is None and fallback is not None:
        encoder = Encoder(fallback.model, fallback.calibration)
    if encoder is None:
        await client.close()
        raise EngineUnavailable("engines.remote: the process does not say which voiceprints it makes")
    return RemoteSpeakerEncoder(client, encoder, fallback)


ENGINE: Final = Engine(
    name=NAME,
    kind="voiceprint",
    load=_load,
    options=RemoteOptions,
    check=check,
    loads_too=lambda options: embedded("voiceprint", options),
)
