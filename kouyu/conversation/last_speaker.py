"""The last recognised speaker, for turns without a voiceprint match (``voice_print_config.reuse_voice_info``)."""

import msgspec

from kouyu.conversation.turn import Turn
from kouyu.domain.configuration import VoicePrintConfig
from kouyu.domain.voice_print import VoicePrint


class LastSpeaker:
    """The last voiceprint match of the session, and its group."""

    def __init__(self) -> None:
        self._last: VoicePrint | None = None

    def stand_in(self, turn: Turn, config: VoicePrintConfig) -> None:
        """Give a turn without a match the last match, if ``reuse_voice_info`` is on and the group is the same."""
        last = self._last
        reusable = last is not None and config.reuse_voice_info and last.group_id == config.group_id
        if turn.voice.voice_print is None and reusable:
            turn.voice = msgspec.structs.replace(turn.voice, voice_print=last)

    def remember(self, turn: Turn) -> None:
        """Store the match of a published turn."""
        self._last = turn.voice.voice_print or self._last
