"""What each voice sounds like: a short file, made when somebody first asks for it."""

import asyncio
from collections import defaultdict

from kouyu.audio_sessions.reading_aloud import Reading, read_aloud
from kouyu.serving.services import Services


class VoicePreviews:
    """Keeps one MP3 for each voice, some 20 KB. Several who ask at once wait for the one that is made."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._made: dict[str, bytes] = {}
        self._making: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, voice_id: str, text: str) -> bytes:
        """The MP3 of this voice, which must be one there is, saying ``text``. Raises EngineError."""
        async with self._making[voice_id]:
            if voice_id not in self._made:
                pieces = read_aloud(self._services, Reading(text=text, voice_id=voice_id))
                self._made[voice_id] = b"".join([piece async for piece in pieces])
            return self._made[voice_id]
