"""[engines.remote]: where the processes of `kouyu engines` are, which serve engines of any kind."""

import os
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from kouyu.engines.declaration import Kind
from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.remote.wire import RemoteKind

NAME: Final = "remote"
"""The name of the engines, and of their common table in the settings."""
UNIX: Final = "unix:"

EMBEDDED: Final[dict[RemoteKind, tuple[str, ...]]] = {
    "asr": ("whisper",),
    "tts": ("hibari", "kokoro"),
    "turn": ("smart-turn",),
    "voiceprint": ("campplus",),
    "emotion": (),
}
"""The engines that take over with ``fallback``: those of a server with default settings."""


class RemoteOptions(msgspec.Struct, frozen=True, kw_only=True):
    """[engines.remote]: the processes that do the work, for engines of all kinds that are called "remote"."""

    urls: tuple[str, ...] = ()
    """``http://HOST:PORT``, ``https://…``, or ``unix:/PATH`` of a socket on this machine."""
    token: str = ""
    token_env: str = ""
    """The environment variable that holds the token, so that it need not be in a file."""
    fallback: bool = False
    """Load the embedded engines as well: they work where no address answers."""
    connect_s: Annotated[float, Meta(gt=0)] = 1.0
    answer_s: Annotated[float, Meta(gt=0)] = 8.0
    """Most time in seconds for an answer, on top of the length of the audio; of speech, for each next piece."""
    start_s: Annotated[float, Meta(ge=0)] = 30.0
    """How long a server that starts waits for the first address to answer."""

    def __post_init__(self) -> None:
        for url in self.urls:
            path = url.removeprefix(UNIX)
            if not (path.startswith("/") if path != url else url.startswith(("http://", "https://"))):
                raise ValueError(f"urls: {url!r} is not allowed; allowed: http://, https://, or unix:/ and a path")


def check(options: RemoteOptions) -> None:
    """Raise ValueError if no address is given."""
    if not options.urls:
        raise ValueError("needs urls, the addresses of processes of: kouyu engines")


def token_of(options: RemoteOptions) -> str:
    """The token; "" if none is given. Raises EngineUnavailable if its environment variable is not set."""
    if not options.token_env:
        return options.token
    token = os.environ.get(options.token_env)
    if not token:
        raise EngineUnavailable(f"engines.remote: the environment variable {options.token_env} (token_env) is not set")
    return token


def embedded(kind: RemoteKind, options: RemoteOptions) -> tuple[tuple[Kind, str], ...]:
    """Kind and name of the engines that take over where no address answers."""
    return tuple((kind, name) for name in EMBEDDED[kind]) if options.fallback else ()
