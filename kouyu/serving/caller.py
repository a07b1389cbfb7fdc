"""The access token that a connection or a request came with, as sessions and chats know it."""

from typing import Final

import msgspec

from kouyu.domain.errors import RATE_LIMITED, TryLater

TRY_AGAIN_S: Final = 5
"""``Retry-After`` where as many conversations run as may, in seconds."""


class TokenUse:
    """What the clients of one token use: conversations that run, and audio of this process that is not saved yet."""

    def __init__(self) -> None:
        self.most_conversations: int | None = None
        """Conversations that may run at once; None: any number."""
        self.elsewhere = 0
        """Conversations that run on other servers, as they told last."""
        self._conversations = 0
        self._audio_s = 0.0

    @property
    def conversations(self) -> int:
        """Conversations that run on this server."""
        return self._conversations

    @property
    def has_audio(self) -> bool:
        """Whether audio was counted since ``take_audio_ms``."""
        return self._audio_s > 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is lost when this is forgotten."""
        return not self._conversations and not self.has_audio

    @property
    def refusal(self) -> str:
        """Why no further conversation may begin, in words for the client; "" if one may."""
        if self.most_conversations is None or self._conversations + self.elsewhere < self.most_conversations:
            return ""
        return (
            f"the access token's limit of conversations at once, {self.most_conversations}, is reached; try again later"
        )

    def begin_conversation(self) -> None:
        """Count a conversation that begins. Raises TryLater if as many run as may."""
        if refusal := self.refusal:
            raise TryLater(RATE_LIMITED, refusal, TRY_AGAIN_S)
        self._conversations += 1

    def end_conversation(self) -> None:
        """Count a conversation that has ended."""
        self._conversations -= 1

    def count_audio(self, seconds: float) -> None:
        """Count audio received from or sent to a client."""
        self._audio_s += seconds

    def take_audio_ms(self) -> int:
        """Return the audio counted since the last call, in ms, and begin anew."""
        taken, self._audio_s = round(self._audio_s * 1000), 0.0
        return taken


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A token and what its clients use; the empty one is of the default owner and has no limits."""

    token_id: str = ""
    owner: str = ""
    """Whose data it reads and writes."""
    token_name: str = ""
    software: str = ""
    """What the client calls itself: its ``User-Agent``, cut at 200 characters; "" if it says nothing."""
    use: TokenUse = msgspec.field(default_factory=TokenUse)
    wants_record: bool | None = None
    """Whether the client of this connection wants a record of its session; None: it says nothing."""


UNLIMITED: Final = Caller()
"""For sessions and chats that no token began: the default owner, without limits."""
