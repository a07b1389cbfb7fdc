"""The interface of everything that the comparison talks with: a server that is started, and conversations with it."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final, Protocol

import msgspec

from kouyu.client.voice_client import Event

AUDIO: Final = "audio"
"""Speech for the client; ``data`` is its length in ms."""
STOP: Final = "stop"
"""The client is told to stop playing."""
TRANSCRIPT: Final = "transcript"
"""A final transcript of what the client said; ``data`` is the text."""
FORGOTTEN: Final = "forgotten"
"""The conversation begins anew."""

SILENCE_MS: Final = 500
"""Of silence that end a turn: kouyu's default."""
VOICE: Final = "piper-joe"
"""The name of a weight set."""


class PeerNotInstalled(Exception):
    """The environment of a peer has not been made. The text says how to make it."""


class PeerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for all."""

    whisper: str = "whisper-base"
    """The name of a weight set."""


class Talk(Protocol):
    """A conversation."""

    async def send_audio(self, pcm: bytes) -> None:
        """Send a frame of the microphone: 16 bit at SPEECH_RATE."""
        ...

    async def announce(self, text: str) -> None:
        """Have the server speak a text."""
        ...

    async def forget(self) -> None:
        """End what is being said, and begin a new conversation; FORGOTTEN comes when that is done."""
        ...

    def events(self) -> AsyncGenerator[Event, None]:
        """What the server sends, by the names above, until the connection ends."""
        ...


class Server(Protocol):
    """A server that runs."""

    def talk(self, *, announcing: bool = False) -> AbstractAsyncContextManager[Talk]:
        """A new conversation in free talk. ``announcing``: it is opened for ``announce``, not for questions."""
        ...


class Peer(Protocol):
    """A server that can be started."""

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        ...

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages whose versions the report states."""
        ...

    @property
    def end_of_turn(self) -> str:
        """How it decides that the user has finished, for the report."""
        ...

    def running(self, options: PeerOptions) -> AbstractAsyncContextManager[Server]:
        """Run it. Raises PeerNotInstalled, ServerDidNotStart, OSError."""
        ...
