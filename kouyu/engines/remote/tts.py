"""Speech synthesis by processes of `kouyu engines`."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

import msgspec

from kouyu.engines.declaration import Engine, EngineContext
from kouyu.engines.remote.client import RemoteClient
from kouyu.engines.remote.opened import opened
from kouyu.engines.remote.options import NAME, RemoteOptions, check, embedded
from kouyu.engines.remote.processes import NoEngineAnswers
from kouyu.engines.remote.wire import SynthesisWork
from kouyu.engines.tts.engine import AudioPiece, SpeechSynthesizer, SynthesisOptions, Voice
from kouyu.engines.work import Priority


class RemoteSynthesizer:
    """A SpeechSynthesizer in other processes. Make it with ``load``."""

    def __init__(
        self, client: RemoteClient, voices: Sequence[Voice], fallback: Sequence[SpeechSynthesizer] = ()
    ) -> None:
        """``voices`` are those of the processes."""
        self._client = client
        self._voices = {voice.voice_id: voice for voice in voices}
        self._fallback = {voice.voice_id: engine for engine in fallback for voice in engine.voices()}
        self._engines = tuple(fallback)
        self._of_language = {
            language: voice.voice_id
            for engine in reversed(fallback)
            for voice in reversed(engine.voices())
            for language in reversed(voice.languages)
        }

    def voices(self) -> Sequence[Voice]:
        """The voices of the processes."""
        return tuple(self._voices.values())

    async def synthesize(
        self, text: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        """Speak a text, with 16 bit samples. Raises EngineError.

        Where no process does it, the same voice speaks here, or another one of its first language.
        """
        begun = False
        try:
            async with aclosing(self._client.spoken(SynthesisWork(text=text, options=options), priority)) as pieces:
                async for piece in pieces:
                    begun = True
                    yield piece
            return
        except NoEngineAnswers:
            voice_id = self._voice_here(options.voice_id)
            if begun or voice_id is None:
                raise
        here = self._fallback[voice_id].synthesize(text, msgspec.structs.replace(options, voice_id=voice_id), priority)
        async with aclosing(here) as pieces:
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        for engine in self._engines:
            await engine.close()

    def _voice_here(self, voice_id: str) -> str | None:
        if voice_id in self._fallback:
            return voice_id
        languages = self._voices[voice_id].languages if voice_id in self._voices else ()
        return next((self._of_language[each] for each in languages if each in self._of_language), None)


async def _load(context: EngineContext, options: RemoteOptions) -> RemoteSynthesizer:
    client, description, loaded = await opened("tts", context, options)
    if description is None:
        voices = tuple(voice for engine in loaded for voice in engine.voices())
    else:
        voices = description.voices
    return RemoteSynthesizer(client, voices, loaded)


ENGINE: Final = Engine(
    name=NAME,
    kind="tts",
    load=_load,
    options=RemoteOptions,
    check=check,
    loads_too=lambda options: embedded("tts", options),
)
