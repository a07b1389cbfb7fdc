"""Who spoke last, for turns in which nobody is recognised (``voice_print_config.reuse_voice_info``)."""

import msgspec

from kouyu.conversation.turn import Turn
from kouyu.protocol.configuration import VoicePrintConfig
from kouyu.protocol.voice_print import VoicePrint


class LastSpeaker:
    """The last match of the call, of one voiceprint group."""

    def __init__(self) -> None:
        self._last: VoicePrint | None = None

    def stand_in(self, turn: Turn, config: VoicePrintConfig) -> None:
        """Give a turn without a match the last one, if that is wanted and of the group that is searched now."""
        last = self._last
        reusable = last is not None and config.reuse_voice_info and last.group_id == config.group_id
        if turn.voice.voice_print is None and reusable:
            turn.voice = msgspec.structs.replace(turn.voice, voice_print=last)

    def remember(self, turn: Turn) -> None:
        """The turn has come about."""
        self._last = turn.voice.voice_print or self._last
