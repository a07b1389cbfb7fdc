"""The settings of `kouyu engines`, a process that runs speech engines for servers elsewhere."""

import os
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from kouyu.settings.errors import SettingsError
from kouyu.settings.kinds import Count, Name, Port, SecondsOrZero

ServedKind: TypeAlias = Literal["asr", "tts", "turn", "voiceprint", "emotion"]
_THIS_MACHINE: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class EngineServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[engine_server]: what `kouyu engines` serves of the engines in [engines], and where."""

    host: Name = "127.0.0.1"
    port: Port = 8090
    """0 takes any free port."""
    unix: str = ""
    """The path of a socket to listen on instead, for servers on this machine."""
    token: str = ""
    """What servers have to know (``engines.remote.token``); empty: nothing, on this machine alone."""
    token_env: str = ""
    """The environment variable that holds the token, so that it need not be in a file."""
    serves: Annotated[tuple[ServedKind, ...], Meta(min_length=1)] = ("asr", "tts", "turn", "voiceprint", "emotion")
    """The kinds of engines, of those that [engines] chooses."""
    max_waiting: Count = 64
    """Most work that waits for a thread (``engines.workers``); beyond it work is refused, and interim transcripts and
    other work that can be left out at half of it."""
    drain_s: SecondsOrZero = 10.0
    """After SIGTERM, time for work in progress to end."""

    def secret(self) -> str:
        """The token; "" if none is needed. Raises SettingsError if there is none where there has to be one."""
        token = os.environ.get(self.token_env, "") if self.token_env else self.token
        if self.token_env and not token:
            raise SettingsError(f"engine_server.token_env: the environment variable {self.token_env} is not set")
        if not token and not self.unix and self.host not in _THIS_MACHINE:
            raise SettingsError(
                f"engine_server: other machines can reach {self.host}: set token or token_env, or the host 127.0.0.1"
            )
        return token
