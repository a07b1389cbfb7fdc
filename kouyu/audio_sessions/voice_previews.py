"""Voice previews: a short audio file for each voice, synthesised at the first request."""

import asyncio
from collections import defaultdict

from kouyu.audio_sessions.reading_aloud import Reading, read_aloud
from kouyu.audio_sessions.services import SynthesisServices


class VoicePreviews:
    """Caches one MP3 for each voice, some 20 KB. Simultaneous requests wait for one synthesis."""

    def __init__(self, services: SynthesisServices) -> None:
        self._services = services
        self._made: dict[str, bytes] = {}
        self._making: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, voice_id: str, text: str) -> bytes:
        """Return an MP3 of ``text`` in this voice, which must exist. Raises EngineError."""
        async with self._making[voice_id]:
            if voice_id not in self._made:
                pieces = read_aloud(self._services, Reading(text=text, voice_id=voice_id))
                self._made[voice_id] = b"".join([piece async for piece in pieces])
            return self._made[voice_id]
