"""What was said in the spoken answers of the last hour, by their ids: clients send the id back in place of the text."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from kouyu.server.openai_api.chat_answers import AUDIO_KEPT_S

_MOST_KEPT: Final = 1_000


class SpokenAnswers:
    """Transcripts in memory: another server, and this one after a restart, does not know them."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[str, str, int]] = OrderedDict()
        """Owner, transcript and end, oldest first."""

    def new_id(self) -> str:
        """The id of a new answer."""
        return f"audio_{secrets.token_hex(16)}"

    def keep(self, audio_id: str, owner: str, transcript: str) -> int:
        """Keep what was said; return until when, in Unix seconds."""
        expires_at = int(self._clock()) + AUDIO_KEPT_S
        self._kept[audio_id] = owner, transcript, expires_at
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return expires_at

    def transcript(self, audio_id: str, owner: str) -> str | None:
        """What was said in an owner's answer; None if that is not known."""
        of_owner, transcript, expires_at = self._kept.get(audio_id, ("", "", 0))
        return transcript if of_owner == owner and self._clock() < expires_at else None
