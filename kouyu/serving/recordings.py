"""Transcribes recordings in messages, and replaces them by their transcripts for the agent."""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from kouyu.agents.agent import ContextMessage
from kouyu.agents.attachments import Attachments
from kouyu.agents.fetching import FetchError
from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.pcm import Samples
from kouyu.audio.uploads import listening_audio
from kouyu.domain.client_json import decode_json
from kouyu.domain.content import AudioPart, parse_parts
from kouyu.domain.errors import InvalidField
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from kouyu.serving.caller import Caller
from kouyu.serving.transcribing import TranscriptionRequest
from kouyu.workers.limited import LimitedWorkers

log = logging.getLogger(__name__)

_LONGEST_S: Final = 1800.0
_MOST_HEARD: Final = 8
"""Most recordings transcribed for one request."""
_KEPT: Final = 1000
"""Most transcripts cached: the agent gets the section at every turn."""


class Transcribe(Protocol):
    """Transcribes a recording at SPEECH_RATE. Raises EngineError."""

    def __call__(
        self, audio: Samples, how: TranscriptionRequest = ..., priority: Priority = ..., /
    ) -> Awaitable[str]: ...


@dataclass(slots=True)
class _Room:
    left: int


class Recordings:
    """Transcribes the recordings in messages, each once."""

    def __init__(self, attachments: Attachments, transcribe: Transcribe, workers: LimitedWorkers) -> None:
        """``workers`` decode the files."""
        self._attachments = attachments
        self._transcribe = transcribe
        self._workers = workers
        self._known: OrderedDict[tuple[str, str], str] = OrderedDict()
        """Transcripts by the owner and the recording's id or URL."""

    async def words(self, audio: Samples, how: TranscriptionRequest) -> str:
        """What is said in a recording that a client waits for; "" if nothing is. Raises EngineError."""
        return await self._transcribe(audio, how, Priority.FINAL)

    async def heard(self, messages: Sequence[ContextMessage], caller: Caller) -> tuple[ContextMessage, ...]:
        """Return the messages with transcripts in place of recordings. A recording that cannot be transcribed becomes
        a note that says why, and so does one beyond the latest _MOST_HEARD of those not transcribed before. ``caller``
        is whose messages they are."""
        room = _Room(_MOST_HEARD)
        return tuple(reversed([await self._heard(message, room, caller) for message in reversed(messages)]))

    async def _heard(self, message: ContextMessage, room: "_Room", caller: Caller) -> ContextMessage:
        if message.content_type != "object_string":
            return message
        try:
            parts = parse_parts(message.content)
        except InvalidField:
            return message
        if not any(isinstance(part, AudioPart) for part in parts):
            return message
        shown: list[dict[str, Any]] = decode_json(message.content)
        for place, part in reversed([*enumerate(parts)]):
            if isinstance(part, AudioPart):
                shown[place] = {"type": "text", "text": await self._words(part, room, caller)}
        return msgspec.structs.replace(message, content=msgspec.json.encode(shown).decode())

    async def _words(self, part: AudioPart, room: "_Room", caller: Caller) -> str:
        key = (caller.owner, part.file_id or part.file_url or "")
        if key not in self._known:
            if not room.left:
                return "[an earlier recording, left out]"
            room.left -= 1
            try:
                self._known[key] = await self._listen(part, caller)
            except (FetchError, UndecodableAudio, EngineError) as fault:
                log.info("a recording could not be transcribed: %s", fault)
                return f"[a recording that could not be transcribed: {fault}]"
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return self._known[key]

    async def _listen(self, part: AudioPart, caller: Caller) -> str:
        file = await self._attachments.read(part, caller.owner)
        samples = await listening_audio(file.content, _LONGEST_S, self._workers)
        caller.use.count_audio(len(samples) / SPEECH_RATE)
        return await self._transcribe(samples)
